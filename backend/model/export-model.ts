// Export for other programs: a Hugging Face folder (transformers, vLLM) in float32 or bfloat16, or a GGUF file
// (llama.cpp) in float16 or q8_0. The target appears whole or not at all.
import { rename, rm, stat } from 'node:fs/promises';
import { SuperRlError } from '../protocol/errors';
import { saveCheckpoint } from './checkpoint';
import type { ModelConfig } from './model-config';
import type { NamedTensors } from './named-tensors';
import { saveGguf } from './save-gguf';
import type { Tokenizer } from './tokenizer';

export const exportDtypes = ['float32', 'bfloat16', 'float16', 'q8_0'] as const;
export type ExportDtype = (typeof exportDtypes)[number];

export interface ModelExport {
  readonly config: ModelConfig;
  /** Adapters already merged. */
  readonly weights: NamedTensors;
  readonly tokenizer: Tokenizer;
  readonly dtype: ExportDtype;
  /** A new folder, or a new file ending in `.gguf`. */
  readonly to: string;
}

/**
 * @throws SuperRlError `usage` when the target exists or the type does not fit its kind; `unsupported` when llama.cpp
 *   has no such tokenizer; `storage` when it cannot be written
 */
export async function exportModel({ dtype, to, ...model }: ModelExport): Promise<void> {
  const gguf = to.toLowerCase().endsWith('.gguf');
  if (gguf && dtype !== 'float16' && dtype !== 'q8_0') {
    throw new SuperRlError('usage', `a GGUF file is written as float16 or q8_0, not ${dtype}.`, {
      place: { file: to },
    });
  }
  if (!gguf && dtype !== 'float32' && dtype !== 'bfloat16') {
    throw new SuperRlError(
      'usage',
      `a folder is written as float32 or bfloat16, not ${dtype}; for llama.cpp give a name ending in .gguf.`,
      { place: { file: to } },
    );
  }
  if (await stat(to).catch(() => undefined)) {
    throw new SuperRlError('usage', 'this exists already; choose another name or remove it first.', {
      place: { file: to },
    });
  }
  const partial = `${to}.partial-${process.pid}`;
  try {
    if (dtype === 'float16' || dtype === 'q8_0') await saveGguf(partial, model, dtype);
    else await saveCheckpoint(partial, model, { dtype });
    await rename(partial, to);
  } finally {
    // What failed before is what counts; nothing is left there after a success.
    await rm(partial, { recursive: true, force: true }).catch(() => undefined);
  }
}
