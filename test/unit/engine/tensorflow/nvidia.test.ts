// What the driver's own program tells.
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { nvidiaFreeBytes, nvidiaGpus } from '../../../../backend/engine/tensorflow/nvidia';

/** A program that prints one of two texts, by the property asked for. */
function driver(name: string, free: string): string {
  const file = join(mkdtempSync(join(tmpdir(), 'superrl-nvidia-')), 'nvidia-smi');
  writeFileSync(file, `#!/bin/sh\ncase "$1" in *=name) printf "${name}";; *=memory.free) printf "${free}";; esac\n`, {
    mode: 0o755,
  });
  return file;
}

describe.skipIf(process.platform === 'win32')('the NVIDIA driver', () => {
  it('names its GPUs and the free memory of the first', () => {
    const command = driver('NVIDIA RTX A5000\\nNVIDIA T4\\n', '23028 MiB\\n15000 MiB\\n');
    expect(nvidiaGpus(command)).toEqual(['NVIDIA RTX A5000', 'NVIDIA T4']);
    expect(nvidiaFreeBytes(command)).toBe(23_028 * 2 ** 20);
  });

  it('tells of the GPU that CUDA shows first', () => {
    const free = driver('', '$(case "$3" in --id=1) echo 7 MiB;; *) echo 9 MiB;; esac)');
    expect(nvidiaFreeBytes(free, '1,0')).toBe(7 * 2 ** 20);
    expect(nvidiaFreeBytes(free, '')).toBe(9 * 2 ** 20);
    expect(nvidiaFreeBytes(free, undefined)).toBe(9 * 2 ** 20);
  });

  it('may not say, or not be there', () => {
    expect(nvidiaFreeBytes(driver('NVIDIA GB10\\n', '[N/A]\\n'))).toBeUndefined();
    expect(nvidiaGpus('/nowhere/nvidia-smi')).toEqual([]);
    expect(nvidiaFreeBytes('/nowhere/nvidia-smi')).toBeUndefined();
  });
});
