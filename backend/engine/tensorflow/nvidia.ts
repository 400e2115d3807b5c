// The NVIDIA driver's own account of the GPUs.
import { execFileSync } from 'node:child_process';

/** Names as nvidia-smi prints them, "NVIDIA H100 80GB HBM3"; empty without a driver or a GPU. */
export function nvidiaGpus(command = 'nvidia-smi'): string[] {
  try {
    const query = ['--query-gpu=name', '--format=csv,noheader'];
    const printed = execFileSync(command, query, {
      encoding: 'utf8',
      timeout: 20_000,
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    return printed.split('\n').flatMap((line) => line.trim() || []);
  } catch {
    return []; // no driver, or one that finds no device
  }
}
