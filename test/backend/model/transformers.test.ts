// What we write opens in transformers as it is: golden models saved again, exported in every type, and a model from
// scratch with its trained tokenizers. Runs in the venv of the peers (scripts/peers.mjs installs it once).
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { z } from 'zod';
import { type ExportDtype, exportModel } from '../../../backend/model/export-model';
import { type LoadedModel, loadModel } from '../../../backend/model/load-model';
import { initializeWeights, scratchConfig } from '../../../backend/model/scratch';
import { trainTokenizer } from '../../../backend/model/train-tokenizer';
import { preparePeers } from '../../../scripts/peers.mjs';

const models = join(import.meta.dirname, '../../golden/models');
const texts = ['Numbers: 63, 95, 96.\n', '  two  spaces'];
const resultSchema = z.object({
  dtype: z.string(),
  missing: z.array(z.string()),
  unexpected: z.array(z.string()),
  eos: z.int(),
  ids: z.array(z.array(z.int())),
  originalIds: z.array(z.array(z.int())).optional(),
  decoded: z.array(z.string()),
  largestLogitDifference: z.number().optional(),
});

interface Job {
  readonly title: string;
  readonly model: LoadedModel;
  readonly original: string | null;
  readonly dtype: ExportDtype;
  /** Largest difference of a logit that the type explains. */
  readonly tolerance: number;
}

const golden = async (name: string, dtype: ExportDtype, tolerance: number): Promise<Job> => {
  const original = join(models, name);
  return { title: `${name} as ${dtype}`, model: await loadModel(original), original, dtype, tolerance };
};

function scratch(kind: 'characters' | 'bpe'): Job {
  const tokenizer = trainTokenizer(texts, { kind, vocabulary: 300 });
  const sizes = { hidden: 32, layers: 2, heads: 2, kvHeads: undefined, intermediate: undefined, context: 64 };
  const config = scratchConfig({ ...sizes, tokenizer: { kind, vocabulary: 300 } }, tokenizer.vocabularySize);
  const model = { config, weights: initializeWeights(config, Math.sin), tokenizer };
  return { title: `from scratch, ${kind}`, model, original: null, dtype: 'float32', tolerance: 0 };
}

const jobs: Job[] = [
  await golden('llama-tied', 'float32', 0),
  await golden('llama-untied-rope-llama3', 'float32', 0),
  await golden('qwen2-tied', 'float32', 0),
  await golden('qwen3-headdim32', 'float32', 0),
  await golden('qwen2-tied', 'bfloat16', 0.02),
  await golden('llama-tied', 'float16', 0.002),
  await golden('qwen2-tied', 'q8_0', 0.06),
  scratch('characters'),
  scratch('bpe'),
];
let results: z.output<typeof resultSchema>[] = [];
const folder = await mkdtemp(join(tmpdir(), 'superrl-transformers-'));
afterAll(() => rm(folder, { recursive: true, force: true }));

beforeAll(async () => {
  const list = [];
  for (const [i, { model, original, dtype }] of jobs.entries()) {
    const gguf = dtype === 'float16' || dtype === 'q8_0' ? `${i}.gguf` : null;
    const to = join(folder, gguf ?? String(i));
    await exportModel({ ...model, dtype, to });
    list.push({ original, exported: gguf === null ? to : folder, gguf, texts });
  }
  const script = join(import.meta.dirname, 'transformers_opens.py');
  const { stdout } = await promisify(execFile)(preparePeers(), [script, JSON.stringify(list)], { maxBuffer: 1 << 26 });
  const line = stdout.split('\n').find((text) => text.startsWith('RESULT ')) ?? '';
  results = z.array(resultSchema).parse(JSON.parse(line.slice('RESULT '.length)));
}, 1_200_000);

it.each(jobs.map((job, i) => [job.title, job, i] as const))('%s', (_, job, i) => {
  const result = results[i]!;
  expect([result.missing, result.unexpected]).toEqual([[], []]);
  expect(result.dtype).toBe(job.dtype === 'bfloat16' ? 'torch.bfloat16' : 'torch.float32');
  expect(result.eos).toBe(job.model.tokenizer.eosIds[0]);
  // transformers puts Qwen2's own pre-tokenizer in place of a qwen2 folder's; so it is compared with itself there.
  expect(result.ids).toEqual(
    job.model.config.architecture === 'qwen2' && job.dtype !== 'q8_0'
      ? result.originalIds
      : texts.map((text) => [...job.model.tokenizer.encode(text)]),
  );
  expect(result.decoded).toEqual(texts);
  if (job.original !== null) {
    expect(result.largestLogitDifference).toBeLessThanOrEqual(job.tolerance);
    // A tolerance that hides nothing: another type's rounding shows.
    if (job.tolerance > 0) expect(result.largestLogitDifference).toBeGreaterThan(0);
  }
});
