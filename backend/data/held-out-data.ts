// The held-out data of a run file, looked into for their prompts alone: they should not be trained on.
import { resolve } from 'node:path';
import type { RunConfig } from '../protocol/run-config';
import { type DatasetRequest, openDataset } from './dataset';
import { HeldOutPrompts } from './shared-prompts';

/** How the held-out file of a run file's `data` is opened; undefined when there is none. */
export function heldOutRequest({ eval: file, map }: RunConfig['data'], baseFolder: string): DatasetRequest | undefined {
  return file === undefined ? undefined : { file: resolve(baseFolder, file), map };
}

/** @throws SuperRlError as openDataset does. */
export async function readHeldOutPrompts(request: DatasetRequest): Promise<HeldOutPrompts> {
  const dataset = await openDataset(request);
  try {
    return await HeldOutPrompts.of(dataset, request.signal);
  } finally {
    await dataset.close();
  }
}
