// A real checkpoint through the whole house, judged by transformers: SmolLM2-135M-Instruct from GGUF decodes greedily and
// scores as there; after an update on it, every export opens there and in ours with the same logits. Prints the figures of
// docs/engines.md. Runs in the venv of the peers (scripts/peers.mjs installs it once); one torch process for everything.
import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { createEngine } from '../../../backend/engine/create-engine';
import type { Engine, GeneratedCompletion } from '../../../backend/engine/engine';
import { exportModel } from '../../../backend/model/export-model';
import { loadModel } from '../../../backend/model/load-model';
import type { NamedTensors } from '../../../backend/model/named-tensors';
import type { Tokenizer } from '../../../backend/model/tokenizer';
import { preparePeers } from '../../../scripts/peers.mjs';
import { fetchSmolLm2 } from '../../../scripts/smollm2.mjs';
import { createTracedLogits } from './traced-logits';

const newTokens = 32;
const texts = [
  'Numbers: 63, 95, 96. Target: 64. Expression:',
  'The capital of France is',
  'def fibonacci(n):\n',
  '1 + 1 = 2\n2 + 2 = 4\n3 + 3 =',
  'Once upon a time, in a village by the sea,',
];
const questions = [
  'What is 17 + 25?',
  'Name three colours of the rainbow.',
  'Warum ist der Himmel blau?',
  'Write a haiku about the sea.',
  'A farmer has 12 cows and sells 5. How many are left?',
];
/** Which prompts the exports are compared on: two of each kind. */
const exportRows = [0, 2, 5, 7];
const exports = [
  ['float32', 'run-float32'],
  ['bfloat16', 'run-bfloat16'],
  ['float16', 'run.f16.gguf'],
  ['q8_0', 'run.q8_0.gguf'],
] as const;

const resultSchema = z.array(
  z.object({
    rows: z.array(z.object({ greedy: z.array(z.int()), margins: z.array(z.number()), logProbs: z.array(z.number()) })),
    logitDifference: z.number(),
  }),
);
let results: z.output<typeof resultSchema> = [];
let completions: GeneratedCompletion[] = [];
let scored: readonly Float32Array[] = [];
/** By export: the largest difference of a logit to the run's, and the share of positions with the same most likely word. */
const toRun = new Map<string, { logit: number; sameChoice: number }>();
const folder = await mkdtemp(join(tmpdir(), 'superrl-smollm2-'));
afterAll(() => rm(folder, { recursive: true, force: true }));

beforeAll(async () => {
  const gguf = fetchSmolLm2();
  const { config, weights, tokenizer } = await loadModel(gguf);
  const engine = await createEngine({
    kind: 'onnx',
    config,
    weights,
    options: { keepReference: false, lora: 'off', seed: 1 },
  });
  const prompts = promptsOf(tokenizer);
  completions = await decodeGreedily(engine, prompts);
  const rows = prompts.map((prompt, row) => ({
    ids: [...prompt, ...(completions[row]?.tokenIds ?? [])],
    prompt: prompt.length,
  }));
  const scoredRows = rows.map(({ ids, prompt }) => ({
    tokenIds: Int32Array.from(ids),
    promptLength: prompt,
    temperature: 1,
  }));
  scored = (await engine.logProbs(scoredRows, 'policy')).map(({ logProbs }) => logProbs);

  const rowLogits = await createTracedLogits(config, Math.max(...rows.map(({ ids }) => ids.length)));
  const logitsOf = async (tensors: NamedTensors, of: readonly number[]) => {
    const all: Float32Array[] = [];
    for (const row of of) all.push(await rowLogits(tensors, rows[row]?.ids ?? []));
    return all;
  };
  const models: { folder: string; gguf: string | null; logits: string; rows: readonly number[] }[] = [];
  const addModel = (path: string, logits: readonly Float32Array[], of: readonly number[]) => {
    const isFile = path.endsWith('.gguf');
    const file = join(folder, `${models.length}.logits`);
    writeFileSync(file, Buffer.concat(logits.map((row) => new Uint8Array(row.buffer))));
    models.push({
      folder: isFile ? dirname(path) : path,
      gguf: isFile ? basename(path) : null,
      logits: file,
      rows: of,
    });
  };
  addModel(gguf, await logitsOf(weights, [...rows.keys()]), [...rows.keys()]);

  await updateOnce(engine, scoredRows);
  const trained = await engine.readMergedWeights();
  await engine.dispose();
  const run = await logitsOf(trained, exportRows);
  const wanted = choices(run, config.vocabularySize);
  for (const [dtype, name] of exports) {
    const to = join(folder, name);
    await exportModel({ config, weights: trained, tokenizer, dtype, to });
    const reloaded = await logitsOf((await loadModel(to)).weights, exportRows);
    const found = choices(reloaded, config.vocabularySize);
    const sameChoice = found.filter((word, at) => word === wanted[at]).length / wanted.length;
    toRun.set(dtype, { logit: largestDifference(reloaded, run), sameChoice });
    // What transformers computes of the float32 export is held against the run itself.
    addModel(to, dtype === 'float32' ? run : reloaded, exportRows);
  }

  const jobFile = join(folder, 'job.json');
  writeFileSync(jobFile, JSON.stringify({ rows, models }));
  const script = join(import.meta.dirname, 'smollm2_in_transformers.py');
  const { stdout } = await promisify(execFile)(preparePeers(), [script, jobFile], { maxBuffer: 1 << 26 });
  const line = stdout.split('\n').find((text) => text.startsWith('RESULT ')) ?? '';
  results = resultSchema.parse(JSON.parse(line.slice('RESULT '.length)));
}, 1_200_000);

/** Five texts to go on with, and five questions in the model's chat template. */
function promptsOf(tokenizer: Tokenizer): Int32Array[] {
  const chats = questions.map((content) =>
    tokenizer.renderChat([{ role: 'user', content }], { addGenerationPrompt: true }),
  );
  return [...texts, ...chats].map((text) => tokenizer.encode(text));
}

/** Without an end: 32 tokens of each prompt. */
async function decodeGreedily(engine: Engine, prompts: readonly Int32Array[]): Promise<GeneratedCompletion[]> {
  const { completions: groups } = await engine.generate({
    groups: prompts.map((promptIds) => ({ promptIds, completions: 1 })),
    maxNewTokens: newTokens,
    temperature: 1,
    topP: 1,
    greedy: true,
    eosIds: [],
    stopMatcher: undefined,
    uniform: () => 0,
  });
  return groups.flat();
}

/** A step of SFT, large enough that the run is another model than the checkpoint. */
async function updateOnce(
  engine: Engine,
  rows: readonly { tokenIds: Int32Array; promptLength: number; temperature: number }[],
): Promise<void> {
  const form = { type: 'grpo', ratio: 'token', clipLow: 0.2, clipHigh: 0.2, ratioMax: 5, klCoefficient: 0 } as const;
  const weighted = { pgWeight: 0, sftWeight: 0.01, entropyWeight: 0, advantage: 0 };
  await engine.accumulate(
    { ...form, klBiasCorrection: true },
    rows.slice(0, 4).map((row) => ({ ...row, ...weighted })),
  );
  const adam = { beta1: 0.9, beta2: 0.95, epsilon: 1e-8, weightDecay: 0, clipNorm: 1 };
  const { applied } = await engine.update({ ...adam, learningRate: 5e-5 });
  expect(applied).toBe(true);
}

function largestDifference(found: readonly Float32Array[], expected: readonly Float32Array[]): number {
  let largest = 0;
  for (const [row, values] of found.entries()) {
    const other = expected[row];
    if (other?.length !== values.length) return Number.POSITIVE_INFINITY;
    for (let i = 0; i < values.length; i++) {
      // Not Math.max: NaN must not be lost.
      const difference = Math.abs((values[i] ?? Number.NaN) - (other[i] ?? Number.NaN));
      if (!(difference <= largest)) largest = difference;
    }
  }
  return largest;
}

/** The most likely word at every position of rows of logits, [tokens, vocabulary] each. */
function choices(rows: readonly Float32Array[], words: number): number[] {
  return rows.flatMap((row) =>
    Array.from({ length: row.length / words }, (_, at) => {
      const logits = row.subarray(at * words, (at + 1) * words);
      let best = 0;
      for (let word = 1; word < words; word++) if ((logits[word] ?? 0) > (logits[best] ?? 0)) best = word;
      return best;
    }),
  );
}

describe('the checkpoint', () => {
  it('is decoded greedily as transformers does', () => {
    const found = results[0]?.rows.map(({ greedy }) => greedy);
    const margins = results[0]?.rows.flatMap((row) => row.margins) ?? [];
    console.info(`greedy: ${margins.length} tokens, smallest margin ${Math.min(...margins).toExponential(1)}`);
    expect(margins.length).toBe(10 * newTokens);
    expect(completions.map(({ tokenIds }) => [...tokenIds])).toEqual(found);
  });

  it.each(['training graph', 'decoder'] as const)('has its log-probabilities in the %s', (by) => {
    const found = by === 'decoder' ? completions.map(({ logProbs }) => logProbs) : scored;
    const expected = results[0]?.rows.map(({ logProbs }) => Float32Array.from(logProbs)) ?? [];
    const difference = largestDifference(found, expected);
    console.info(`log-probabilities, ${by}: ${difference.toExponential(1)}`);
    expect(expected.length).toBe(10);
    expect(difference).toBeLessThan(1e-3);
  });

  it('has its logits', () => {
    expect(results[0]?.logitDifference).toBeLessThan(2e-3);
  });
});

describe('the run after an update', () => {
  it.each(exports.map(([dtype], index) => [dtype, index] as const))('is exported as %s', (dtype, index) => {
    const toTransformers = results[index + 1]?.logitDifference ?? Number.NaN;
    const { logit, sameChoice } = toRun.get(dtype) ?? { logit: Number.NaN, sameChoice: Number.NaN };
    console.info(
      `${dtype}: ours to transformers ${toTransformers.toExponential(1)}; export to run ${logit.toExponential(1)}, ` +
        `same most likely word at ${(100 * sameChoice).toFixed(1)} % of positions`,
    );
    expect(toTransformers).toBeLessThan(2e-3);
    if (dtype === 'float32') {
      expect([logit, sameChoice]).toEqual([0, 1]);
      return;
    }
    // That it rounds shows; what it does to logits is the type's.
    expect(logit).toBeGreaterThan(1e-3);
    expect(sameChoice).toBeGreaterThan(0.95);
  });
});
