// Damages a safetensors file in a way that leaves it whole: every number of it becomes another one.
import { readFileSync, writeFileSync } from 'node:fs';

/** Sets all values of a file of float32 tensors. */
export function writeCheckpointTensors(file: string, value: number): void {
  const bytes = readFileSync(file);
  const start = 8 + Number(bytes.readBigUInt64LE(0));
  for (let at = start; at < bytes.length; at += 4) bytes.writeFloatLE(value, at);
  writeFileSync(file, bytes);
}
