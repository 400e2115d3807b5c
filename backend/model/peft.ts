// LoRA adapters in the layout of Hugging Face PEFT: a folder with adapter_config.json and adapter_model.safetensors.
// PeftModel.from_pretrained(base, folder) opens what is saved here as it is.
import { mkdir, open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { errorText, SuperRlError } from '../protocol/errors';
import type { NamedTensor, NamedTensors } from './named-tensors';
import { openSafetensors, writeSafetensors } from './safetensors';

export interface PeftSettings {
  readonly rank: number;
  /** The scale of the adapters is alpha / rank. */
  readonly alpha: number;
  /** Names of projections, such as "q_proj". */
  readonly targets: readonly string[];
}

export interface PeftAdapters {
  readonly settings: PeftSettings;
  /** By PEFT's names (adapterTensorName). */
  readonly tensors: NamedTensors;
}

const configFile = 'adapter_config.json';
const tensorsFile = 'adapter_model.safetensors';
const configSchema = z.object({
  peft_type: z.literal('LORA'),
  r: z.int().positive(),
  lora_alpha: z.number().positive(),
  target_modules: z.array(z.string()),
});

/** PEFT's name of one of an adapter's matrices; `module` as in "model.layers.0.self_attn.q_proj". */
export function adapterTensorName(module: string, matrix: 'A' | 'B'): string {
  return `base_model.model.${module}.lora_${matrix}.weight`;
}

/**
 * Writes the two files into `folder`, which is made when missing.
 * @param baseModel what the adapters belong to, as PEFT names it: a folder or a name; null where there is none
 */
export async function savePeft(folder: string, adapters: PeftAdapters, baseModel: string | null): Promise<void> {
  const { rank, alpha, targets } = adapters.settings;
  const config = {
    peft_type: 'LORA',
    task_type: 'CAUSAL_LM',
    base_model_name_or_path: baseModel,
    r: rank,
    lora_alpha: alpha,
    lora_dropout: 0,
    target_modules: [...targets],
    bias: 'none',
    fan_in_fan_out: false,
    inference_mode: true,
    init_lora_weights: true,
    modules_to_save: null,
    use_rslora: false,
    use_dora: false,
  };
  await mkdir(folder, { recursive: true });
  const handle = await open(join(folder, configFile), 'w');
  try {
    await handle.writeFile(`${JSON.stringify(config, null, 2)}\n`);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await writeSafetensors(join(folder, tensorsFile), adapters.tensors, {
    dtype: 'float32',
    metadata: { format: 'pt' },
  });
}

/** @throws SuperRlError `checkpoint` when the folder holds no LoRA adapters that we can read */
export async function loadPeft(folder: string): Promise<PeftAdapters> {
  const file = join(folder, configFile);
  let config: z.output<typeof configSchema>;
  try {
    config = configSchema.parse(JSON.parse(await readFile(file, 'utf8')));
  } catch (cause) {
    const reason = cause instanceof z.ZodError ? z.prettifyError(cause) : errorText(cause);
    throw new SuperRlError('checkpoint', `is no LoRA adapter as PEFT writes it (${reason}).`, {
      place: { file },
      cause,
    });
  }
  const source = await openSafetensors(join(folder, tensorsFile));
  try {
    const tensors = new Map<string, NamedTensor>();
    for (const name of source.entries.keys()) tensors.set(name, await source.read(name));
    const settings = { rank: config.r, alpha: config.lora_alpha, targets: config.target_modules };
    return { settings, tensors };
  } finally {
    await source.close();
  }
}
