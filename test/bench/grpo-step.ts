// Our half of `npm run bench -- trl`: one SuperRL step on the ONNX engine for each line on standard input, answered by a
// line of JSON with the same fields as test/bench/peers/trl_step.py. All rows have an advantage and none is dropped.
import { createInterface } from 'node:readline';
import { createEngine } from '../../backend/engine/create-engine';
import type { LossRow } from '../../backend/engine/engine';
import { stepAdvantages } from '../../backend/method/advantages';
import { type ModelConfig, weightShapes } from '../../backend/model/model-config';
import { grpo } from './bench-model';
import type { PeerConfig } from './trl';

/** One step a line of standard input. */
export async function serveSteps(shape: PeerConfig): Promise<void> {
  const config: ModelConfig = {
    architecture: 'llama',
    vocabularySize: shape.vocabulary,
    hiddenSize: shape.hidden,
    layers: shape.layers,
    heads: shape.heads,
    kvHeads: shape.kvHeads,
    headDim: shape.hidden / shape.heads,
    intermediateSize: shape.intermediate,
    contextLength: shape.context,
    rmsNormEpsilon: 1e-6,
    ropeTheta: 10_000,
    ropeScaling: undefined,
    tiedEmbeddings: true,
    qkvBias: false,
    qkNorm: false,
  };
  const random = mulberry32(1);
  const weights = new Map(
    [...weightShapes(config)].map(([name, dimensions]) => {
      const size = dimensions.reduce((product, dimension) => product * dimension, 1);
      const data = Float32Array.from({ length: size }, () => (dimensions.length === 1 ? 1 : (random() - 0.5) * 0.07));
      return [name, { shape: dimensions, data }] as const;
    }),
  );
  const parameters = [...weights.values()].reduce((sum, { data }) => sum + data.length, 0);
  const engine = await createEngine({
    kind: 'onnx',
    config,
    weights,
    options: { keepReference: false, lora: 'off', seed: 0, plan: { threads: shape.threads } },
  });
  say({ ready: true, parameters, plan: engine.plan });

  for await (const _ of createInterface({ input: process.stdin })) {
    const start = performance.now();
    const groups = Array.from({ length: shape.prompts }, () => ({
      promptIds: Int32Array.from(
        { length: shape.promptTokens },
        () => 2 + Math.floor(random() * (shape.vocabulary - 2)),
      ),
      completions: shape.k,
    }));
    const generation = await engine.generate({
      groups,
      maxNewTokens: shape.maxNewTokens,
      temperature: 1,
      topP: 1,
      greedy: false,
      eosIds: [],
      stopMatcher: undefined,
      uniform: () => random(),
    });
    const generated = performance.now();
    // A reward that varies within each group, so that every row has an advantage, as in the peer.
    const advantages = stepAdvantages(
      groups.map(() => Array.from({ length: shape.k }, (_unused, index) => index)),
      'group',
    );
    const rows: LossRow[] = generation.completions.flatMap((completions, group) =>
      completions.map(({ tokenIds }, index) => {
        const promptIds = groups[group]?.promptIds ?? new Int32Array();
        const all = new Int32Array(promptIds.length + tokenIds.length);
        all.set(promptIds);
        all.set(tokenIds, promptIds.length);
        return {
          tokenIds: all,
          promptLength: promptIds.length,
          temperature: 1,
          pgWeight: 1 / (shape.prompts * shape.k * tokenIds.length),
          sftWeight: 0,
          entropyWeight: 0,
          advantage: advantages[group]?.[index] ?? 0,
        };
      }),
    );
    await engine.accumulate(grpo, rows);
    await engine.update({ learningRate: 1e-4, beta1: 0.9, beta2: 0.95, epsilon: 1e-8, weightDecay: 0, clipNorm: 1 });
    const end = performance.now();
    say({
      step: (end - start) / 1000,
      generate: (generated - start) / 1000,
      update: (end - generated) / 1000,
      peakMb: process.resourceUsage().maxRSS / 1024,
      generatedTokens: generation.generatedTokens,
    });
  }
}

function say(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value)}\n`);
}

/** A small seeded generator: the benchmark needs the same work each time, not good randomness. */
function mulberry32(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}
