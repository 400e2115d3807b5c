// The NVIDIA driver's own account of the GPUs.
import { execFileSync } from 'node:child_process';

/** Names as nvidia-smi prints them, "NVIDIA H100 80GB HBM3"; empty without a driver or a GPU. */
export function nvidiaGpus(command = 'nvidia-smi'): string[] {
  return query('name', command);
}

/** Free memory of the first GPU, in bytes; undefined where the driver does not say. */
export function nvidiaFreeBytes(command = 'nvidia-smi'): number | undefined {
  const mebibytes = Number.parseInt(query('memory.free', command)[0] ?? '', 10); // "23028 MiB"
  return Number.isNaN(mebibytes) ? undefined : mebibytes * 2 ** 20;
}

function query(property: string, command: string): string[] {
  try {
    const printed = execFileSync(command, [`--query-gpu=${property}`, '--format=csv,noheader'], {
      encoding: 'utf8',
      timeout: 20_000,
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    return printed.split('\n').flatMap((line) => line.trim() || []);
  } catch {
    return []; // no driver, or one that finds no device
  }
}
