// The NVIDIA driver's own account of the GPUs.
import { execFileSync } from 'node:child_process';

/** Names as nvidia-smi prints them, "NVIDIA H100 80GB HBM3"; empty without a driver or a GPU. */
export function nvidiaGpus(command = 'nvidia-smi'): string[] {
  return query('name', command);
}

/** Free memory in bytes of the first GPU that CUDA shows here; undefined where the driver does not say. */
export function nvidiaFreeBytes(
  command = 'nvidia-smi',
  visible = process.env.CUDA_VISIBLE_DEVICES,
): number | undefined {
  const [first] = visible?.split(',') ?? []; // an index or a UUID, as --id takes them
  const mebibytes = Number.parseInt(query('memory.free', command, first ? [`--id=${first}`] : [])[0] ?? '', 10); // "23028 MiB"
  return Number.isNaN(mebibytes) ? undefined : mebibytes * 2 ** 20;
}

function query(property: string, command: string, only: readonly string[] = []): string[] {
  try {
    const printed = execFileSync(command, [`--query-gpu=${property}`, '--format=csv,noheader', ...only], {
      encoding: 'utf8',
      timeout: 20_000,
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    return printed.split('\n').flatMap((line) => line.trim() || []);
  } catch {
    return []; // no driver, or one that finds no device
  }
}
