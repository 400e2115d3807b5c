// Logits of the golden models through the traced graph, log-probabilities and greedy tokens through the engines.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { createEngine } from '../../backend/engine/create-engine';
import { traceProgram } from '../../backend/engine/onnx/trace';
import { allLogits } from '../../backend/engine/tensor/decoder-model';
import { loadCheckpoint } from '../../backend/model/checkpoint';
import type { ModelConfig } from '../../backend/model/model-config';
import type { NamedTensors } from '../../backend/model/named-tensors';
import { testedEngines } from '../setup/tested-engines';

interface GoldenModel {
  inputIds: number[];
  lastLogits: number[];
  logitsSumPerPosition: number[];
  logSoftmaxOfNextToken: number[];
  greedy24: number[];
}
const golden = process.env.GOLDEN_DIR ?? join(import.meta.dirname, '../golden');
const models = JSON.parse(readFileSync(join(golden, 'models.json'), 'utf8')) as Record<string, GoldenModel>;

/** [tokens, vocabulary], row-major. */
async function tracedLogits(config: ModelConfig, weights: NamedTensors, ids: number[]): Promise<Float32Array> {
  const trace = traceProgram((t) => {
    const tensors = new Map([...weights].map(([name, tensor]) => [name, t.input(name, tensor.shape, 'float32')]));
    const tokenIds = t.input('tokenIds', [1, ids.length], 'int32');
    t.output('logits', allLogits(config, { tensors, adapters: new Map() }, tokenIds));
  });
  const session = await InferenceSession.create(trace.graph.serialize());
  const feeds = Object.fromEntries(
    [...weights].map(([name, { shape: size, data }]) => [name, new OrtTensor('float32', data, size)]),
  );
  const tokenIds = new OrtTensor('int32', Int32Array.from(ids), [1, ids.length]);
  const { logits } = await session.run({ ...feeds, tokenIds });
  return logits!.data as Float32Array;
}

function largestError(found: ArrayLike<number>, expected: ArrayLike<number>): number {
  expect(found.length).toBe(expected.length);
  return Math.max(...Array.from(expected, (value, index) => Math.abs(value - found[index]!)));
}

describe.each(Object.entries(models))('%s', (name, model) => {
  it('has the logits of transformers', async () => {
    const { config, weights } = await loadCheckpoint(join(golden, 'models', name));
    const logits = await tracedLogits(config, weights, model.inputIds);
    const size = config.vocabularySize;
    expect(largestError(logits.slice(-size), model.lastLogits)).toBeLessThan(2e-4);
    model.logitsSumPerPosition.forEach((expected, position) => {
      const row = logits.slice(position * size, (position + 1) * size);
      // The sum of 512 logits, each within 2e-4, whose errors have either sign.
      expect(Math.abs(row.reduce((sum, logit) => sum + logit, 0) - expected)).toBeLessThan(2e-3);
    });
  });

  it.each(testedEngines)('has the log-probabilities of transformers on %s', async (kind) => {
    const { config, weights } = await loadCheckpoint(join(golden, 'models', name));
    const options = { keepReference: true, lora: 'off', seed: 0 } as const;
    const engine = await createEngine({ kind, config, weights, options });
    const row = { tokenIds: Int32Array.from(model.inputIds), promptLength: 1, temperature: 1 };
    for (const which of ['policy', 'reference'] as const) {
      const [statistics] = await engine.logProbs([row], which);
      expect(largestError(statistics!.logProbs, model.logSoftmaxOfNextToken)).toBeLessThan(1e-4);
    }
    await engine.dispose();
  });

  it.each(testedEngines)(
    'is decoded greedily as by transformers on %s, the engine that it is trained with',
    async (kind) => {
      const { config, weights, eosIds } = await loadCheckpoint(join(golden, 'models', name));
      const options = { keepReference: false, lora: 'off', seed: 0 } as const;
      const engine = await createEngine({ kind, config, weights, options });
      const { completions } = await engine.generate({
        groups: [{ promptIds: Int32Array.from(model.inputIds), completions: 1 }],
        maxNewTokens: 24,
        temperature: 1,
        topP: 1,
        greedy: true,
        eosIds,
        stopMatcher: undefined,
        uniform: () => 0,
      });
      expect([...completions[0]![0]!.tokenIds]).toEqual(model.greedy24);
      await engine.dispose();
    },
  );
});
