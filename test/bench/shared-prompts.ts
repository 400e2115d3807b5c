// npm run bench -- shared-prompts [ROUNDS]: forward and backward pass of groups of 8 completions on `onnx`, with the prompt
// of a group computed once and with each row computing its own, in turn, same rows; medians and the ratio pair by pair.
import { cpus, loadavg } from 'node:os';
import { createEngine } from '../../backend/engine/create-engine';
import type { Engine, LossRow } from '../../backend/engine/engine';
import { pack } from '../../backend/engine/packing';
import { type ModelConfig, weightShapes } from '../../backend/model/model-config';
import { grpo } from './bench-model';
import { engineShapes } from './engine-shapes';

interface Rollout {
  readonly size: string;
  readonly groups: number;
  readonly promptTokens: number;
  /** Of the longest completion. */
  readonly completionTokens: number;
  /** The shortest is so much shorter, as a share. */
  readonly spread: number;
}

const rollouts: readonly Rollout[] = [
  { size: '1m', groups: 16, promptTokens: 16, completionTokens: 64, spread: 0 },
  { size: '1m', groups: 8, promptTokens: 64, completionTokens: 64, spread: 0 },
  { size: '1m', groups: 16, promptTokens: 16, completionTokens: 64, spread: 0.9 },
  { size: '25m', groups: 4, promptTokens: 64, completionTokens: 64, spread: 0 },
  { size: '25m', groups: 8, promptTokens: 24, completionTokens: 24, spread: 0.9 },
  { size: '25m', groups: 4, promptTokens: 200, completionTokens: 24, spread: 0.9 },
];
const k = 8;

function rowsOf({ groups, promptTokens, completionTokens, spread }: Rollout, config: ModelConfig): LossRow[] {
  return Array.from({ length: groups * k }, (_, row) => {
    const completion = completionTokens - Math.round(spread * (((row * 7) % 11) / 10) * completionTokens);
    const start = (token: number) => (token < promptTokens ? Math.floor(row / k) : row);
    return {
      tokenIds: Int32Array.from(
        { length: promptTokens + completion },
        (_unused, token) => (start(token) * 31 + token * 7) % config.vocabularySize,
      ),
      promptLength: promptTokens,
      temperature: 1,
      pgWeight: 1 / (groups * k),
      sftWeight: 0,
      entropyWeight: 0,
      advantage: (row % k) / 4 - 1,
    };
  });
}

function engineOf(config: ModelConfig, sharePrompts: boolean): Promise<Engine> {
  const weights = new Map(
    [...weightShapes(config)].map(([name, shape]) => {
      const length = shape.reduce((product, size) => product * size, 1);
      const data = Float32Array.from({ length }, () => (shape.length === 1 ? 1 : (Math.random() - 0.5) * 0.14));
      return [name, { shape, data }] as const;
    }),
  );
  const options = { plan: { sharePrompts }, keepReference: false, lora: 'off', seed: 0 } as const;
  return createEngine({ kind: 'onnx', config, weights, options });
}

async function passMs(engine: Engine, rows: readonly LossRow[]): Promise<number> {
  const start = performance.now();
  await engine.accumulate(grpo, rows);
  engine.clearGradients();
  return performance.now() - start;
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

const rounds = Number(process.argv[2] ?? 7);
console.log(`${cpus()[0]?.model.trim()}, ${cpus().length} cores, Node ${process.versions.node}`);
for (const rollout of rollouts) {
  const config = engineShapes[rollout.size]?.config;
  if (config === undefined) throw new Error(`There is no size ${rollout.size}.`);
  const rows = rowsOf(rollout, config);
  const engines = [await engineOf(config, false), await engineOf(config, true)] as const;
  for (const engine of engines) await passMs(engine, rows); // traces the graphs
  const pairs: (readonly [number, number])[] = [];
  for (let round = 0; round < rounds; round++) {
    pairs.push([await passMs(engines[0], rows), await passMs(engines[1], rows)]);
  }
  const computed = engines.map(({ plan }) => pack(rows, plan).reduce((sum, { shape }) => sum + shape.tokens, 0));
  const ratios = pairs.map(([apart, together]) => apart / together);
  const { size, groups, promptTokens, completionTokens, spread } = rollout;
  const shortest = completionTokens - Math.round(spread * completionTokens);
  console.log(
    `${size}, ${groups} × ${k} completions of ${spread > 0 ? `${shortest} to ` : ''}${completionTokens} tokens after ${promptTokens}: ` +
      `${computed.join(' → ')} tokens computed, ${pairs.length} pairs: median ${[0, 1].map((side) => median(pairs.map((pair) => pair[side] ?? Number.NaN)).toFixed(0)).join(' → ')} ms, ` +
      `${median(ratios).toFixed(2)} × (${Math.min(...ratios).toFixed(2)}–${Math.max(...ratios).toFixed(2)}), load ${loadavg()[0]?.toFixed(1)}`,
  );
  for (const engine of engines) await engine.dispose();
}
