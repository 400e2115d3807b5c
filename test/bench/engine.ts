// One engine at one size, alone in its process: start-up, generation, update, memory, and how far its numbers are from
// the CPU's. Prints one JSON line. scripts/bench-gpu.mjs runs it for every engine that finds a GPU:
//   npm run bench -- engine onnx|onnx-webgpu|tensorflow 1m|25m|135m [--checkpointing] [--lora] [--no-generate] [--no-agreement] [--once]
// or all of them in turn beside PyTorch and transformers: npm run bench -- engine compare 1m,25m,135m [ROUNDS]
import { createEngine } from '../../backend/engine/create-engine';
import type { Engine, EngineOptions, EnginePlan, GenerateRequest, LossRow } from '../../backend/engine/engine';
import { probeEager } from '../../backend/engine/probe/probe-eager';
import { probeOnnx } from '../../backend/engine/probe/probe-onnx';
import { weightShapes } from '../../backend/model/model-config';
import type { NamedTensor, NamedTensors } from '../../backend/model/named-tensors';
import { chooseEngine } from '../../backend/trainer/choose-engine';
import { grpo } from './bench-model';
import { compareEngines } from './engine-compare';
import { engineShapes } from './engine-shapes';

const settings = { learningRate: 1e-4, beta1: 0.9, beta2: 0.95, epsilon: 1e-8, weightDecay: 0, clipNorm: 1 };
const [kind = 'onnx', shape = '1m', ...flags] = process.argv.slice(2);
if (kind === 'compare') {
  await compareEngines(shape, Number(flags[0] ?? 1));
  process.exit(0);
}
const bench = engineShapes[shape];
if (bench === undefined || (kind !== 'onnx' && kind !== 'onnx-webgpu' && kind !== 'tensorflow')) {
  throw new Error(
    `usage: engine onnx|onnx-webgpu|tensorflow ${Object.keys(engineShapes).join('|')} [FLAGS], or engine compare SIZE[,SIZE…] [ROUNDS]`,
  );
}
const { config, promptTokens, completionTokens, newTokens } = bench;

function weightsOf(seed: number): NamedTensors {
  const weights = new Map<string, NamedTensor>();
  let state = seed;
  for (const [name, size] of weightShapes(config)) {
    const length = size.reduce((product, dimension) => product * dimension, 1);
    const data = Float32Array.from({ length }, () => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      return size.length === 1 ? 1 : (state / 2 ** 32 - 0.5) * 0.14;
    });
    weights.set(name, { shape: size, data });
  }
  return weights;
}

function start(asked: 'onnx' | 'onnx-webgpu' | 'tensorflow', more: Partial<EnginePlan> = {}): Promise<Engine> {
  const choice = chooseEngine(asked);
  const lora = flags.includes('--lora')
    ? { rank: 16, alpha: 32, targets: ['q_proj', 'k_proj', 'v_proj', 'o_proj', 'gate_proj', 'up_proj', 'down_proj'] }
    : 'off';
  const options: EngineOptions = { plan: { ...choice.plan, ...more }, keepReference: false, lora, seed: 0 };
  return createEngine({ kind: choice.kind, config, weights: weightsOf(7), options });
}

/** @param group so many rows in turn go on from one prompt */
function lossRows(count: number, group = 1): LossRow[] {
  const length = promptTokens + completionTokens;
  const start = (row: number, token: number) => (token < promptTokens ? Math.floor(row / group) : row);
  return Array.from({ length: count }, (_, row) => ({
    tokenIds: Int32Array.from(
      { length },
      (_unused, token) => (start(row, token) * 31 + token * 7) % config.vocabularySize,
    ),
    promptLength: promptTokens,
    temperature: 1,
    pgWeight: 1 / (count * completionTokens),
    sftWeight: 0,
    entropyWeight: 0,
    advantage: (row % 8) / 4 - 1,
  }));
}

function request(rows: number, more: Partial<GenerateRequest> = {}): GenerateRequest {
  const k = Math.min(rows, 8);
  return {
    groups: Array.from({ length: rows / k }, (_, group) => ({
      promptIds: Int32Array.from(
        { length: promptTokens },
        (_unused, t) => (group * 31 + t * 7) % config.vocabularySize,
      ),
      completions: k,
    })),
    maxNewTokens: newTokens,
    temperature: 1,
    topP: 1,
    greedy: false,
    eosIds: [],
    stopMatcher: undefined,
    uniform: (group, completion, token) => (group * 0.31 + completion * 0.17 + token * 0.618) % 1,
    ...more,
  };
}

async function best(rounds: number, run: () => Promise<unknown>): Promise<number> {
  let least = Number.POSITIVE_INFINITY;
  for (let round = 0; round < rounds; round++) {
    const begin = performance.now();
    await run();
    least = Math.min(least, performance.now() - begin);
  }
  return least;
}

/** ‖a − b‖ / ‖b‖ over all tensors. */
function relative(a: NamedTensors, b: NamedTensors): number {
  let difference = 0;
  let size = 0;
  for (const [name, { data }] of b) {
    const other = a.get(name)?.data;
    data.forEach((value, index) => {
      difference += ((other?.[index] ?? Number.NaN) - value) ** 2;
      size += value ** 2;
    });
  }
  return Math.sqrt(difference / size);
}

const begin = performance.now();
const checkpointing = flags.includes('--checkpointing');
const engine = await start(kind, checkpointing ? { gradientCheckpointing: true } : {});
const startUpMs = performance.now() - begin;
const rows = lossRows(bench.rows);
const accumulated = await engine.accumulate(grpo, rows);
const gradients = await engine.readGradients();
await engine.update(settings);
const firstStepMs = performance.now() - begin - startUpMs;
const updateMs = await best(flags.includes('--once') ? 1 : bench.updateRounds, async () => {
  await engine.accumulate(grpo, rows);
  await engine.update(settings);
});
const groups = lossRows(bench.rows, 8);
await engine.accumulate(grpo, groups); // warms up
engine.clearGradients();
const groupsUpdateMs = await best(flags.includes('--once') ? 1 : bench.updateRounds, async () => {
  await engine.accumulate(grpo, groups);
  await engine.update(settings);
});
const generation: Record<string, number> = {};
if (!flags.includes('--no-generate')) {
  for (const count of bench.generateRows) {
    await engine.generate(request(count, { maxNewTokens: 4 })); // warms up
    const ms = await best(bench.generateRounds, () => engine.generate(request(count)));
    generation[count] = (count * newTokens * 1000) / ms;
  }
}
const peakRssMb = process.resourceUsage().maxRSS / 1024;
const probe = await (kind === 'tensorflow' ? probeEager(kind) : probeOnnx(kind === 'onnx' ? 'cpu' : 'webgpu'));
const matmulGflops = probe.state === 'works' ? probe.matmulGflops : undefined;

// The same stored batch and prompts on the CPU's engine.
let agreement: { lossDifference: number; gradientDifference: number; greedyTokensEqual: boolean } | undefined;
if (kind !== 'onnx' && !flags.includes('--no-agreement')) {
  const cpu = await start('onnx');
  const expected = await cpu.accumulate(grpo, rows);
  const gradientDifference = relative(gradients, await cpu.readGradients());
  cpu.clearGradients();
  const fresh = await start(kind);
  const greedy = request(8, { greedy: true, maxNewTokens: 16 });
  const [a, b] = [await fresh.generate(greedy), await cpu.generate(greedy)];
  const ids = (generated: typeof a) => generated.completions.flat().map(({ tokenIds }) => tokenIds.join());
  agreement = {
    lossDifference: Math.abs(accumulated.loss - expected.loss),
    gradientDifference,
    greedyTokensEqual: ids(a).join('|') === ids(b).join('|'),
  };
}
const parameters = [...weightShapes(config).values()].reduce((sum, size) => sum + size.reduce((p, d) => p * d, 1), 0);
const tokens = bench.rows * (promptTokens + completionTokens);
console.log(
  `BENCH ${JSON.stringify({
    engine: kind,
    shape,
    flags,
    parameters,
    device: engine.description.device,
    versions: engine.description.versions,
    startUpMs,
    firstStepMs,
    updateMs,
    updateTokensPerSecond: (tokens * 1000) / updateMs,
    groupsUpdateTokensPerSecond: (tokens * 1000) / groupsUpdateMs,
    updateGflops: (6 * parameters * tokens) / updateMs / 1e6,
    generateTokensPerSecond: generation,
    peakRssMb,
    matmulGflops,
    agreement,
  })}`,
);
process.exit(0);
