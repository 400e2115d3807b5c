// The model that a run file or a command names: a folder in Hugging Face layout or a GGUF file, with its tokenizer.
import { loadCheckpoint, loadConfig } from './checkpoint';
import { loadGguf } from './gguf';
import { loadTokenizer } from './huggingface-tokenizer';
import type { ModelConfig } from './model-config';
import type { NamedTensors } from './named-tensors';
import type { Tokenizer } from './tokenizer';

export interface LoadedModel {
  readonly config: ModelConfig;
  /** float32, by Hugging Face name. */
  readonly weights: NamedTensors;
  readonly tokenizer: Tokenizer;
}

/**
 * Loads by kind: a path ending in `.gguf` is a GGUF file, anything else a folder.
 * @throws SuperRlError `model`, `tokenizer` or `unsupported`, naming the file
 */
export async function loadModel(path: string): Promise<LoadedModel> {
  if (path.toLowerCase().endsWith('.gguf')) {
    const { config, weights, tokenizer } = await loadGguf(path);
    return { config, weights, tokenizer };
  }
  await loadConfig(path); // first the plainest mistakes: no folder, another architecture
  const tokenizer = await loadTokenizer(path);
  const { config, weights } = await loadCheckpoint(path);
  return { config, weights, tokenizer };
}
