// Gradient checkpointing: the same losses and gradients, with far less held at once.
import { describe, expect, it, vi } from 'vitest';
import { createEngine } from '../../../backend/engine/create-engine';
import type { EngineOptions, LossForm, LossRow } from '../../../backend/engine/engine';
import { traceGradient } from '../../../backend/engine/onnx/traced-batch';
import { plainRows } from '../../../backend/engine/tensor/batch-attention';
import { type ModelConfig, weightShapes } from '../../../backend/model/model-config';
import { testedEngines } from '../../setup/tested-engines';
import { randomWeights, smallModel } from './small-model';

vi.setConfig({ testTimeout: 120_000 }); // many graphs, on a busy machine

const config: ModelConfig = { ...smallModel, architecture: 'qwen3', qkNorm: true, layers: 3 };
const form: LossForm = {
  type: 'grpo',
  ratio: 'token',
  clipLow: 0.2,
  clipHigh: 0.2,
  ratioMax: 5,
  klCoefficient: 0,
  klBiasCorrection: true,
};
const rows: LossRow[] = [5, 9].map((length, index) => ({
  tokenIds: Int32Array.from({ length }, (_, token) => (token * 7 + index) % config.vocabularySize),
  promptLength: 2,
  temperature: 1 + index,
  pgWeight: 0.1,
  sftWeight: 0.05,
  entropyWeight: 0.02,
  advantage: index - 0.3,
}));
const lora = { rank: 2, alpha: 4, targets: ['q_proj', 'down_proj'] };

describe.each(testedEngines)('on %s', (kind) => {
  it.each([
    ['all weights', 'off'],
    ['adapters', lora],
  ] as const)('%s get the same gradients', async (_, adapters) => {
    const gradients = async (gradientCheckpointing: boolean) => {
      const plan = { gradientCheckpointing };
      const options: EngineOptions = { plan, keepReference: false, lora: adapters, seed: 1 };
      const engine = await createEngine({ kind, config, weights: randomWeights(config, 3), options });
      if (adapters !== 'off') {
        const started = [...(await engine.readWeights())].map(([name, { shape, data }]) => {
          return [name, { shape, data: data.map((value, index) => value + 0.1 * Math.sin(index)) }] as const;
        });
        await engine.writeWeights(new Map(started)); // B is no longer zero
      }
      const { loss } = await engine.accumulate(form, rows);
      const found = await engine.readGradients();
      await engine.dispose();
      return { loss, found };
    };
    const [kept, recomputed] = [await gradients(false), await gradients(true)];
    expect(recomputed.loss).toBeCloseTo(kept.loss, 6);
    expect([...recomputed.found.keys()].sort()).toEqual([...kept.found.keys()].sort());
    let size = 0;
    for (const [name, { data }] of kept.found) {
      data.forEach((value, index) => {
        size += value ** 2;
        expect(recomputed.found.get(name)!.data[index], name).toBeCloseTo(value, 5);
      });
    }
    expect(size).toBeGreaterThan(1e-4);
  });
});

it('a traced graph of many layers holds far less at once', () => {
  const deep: ModelConfig = { ...smallModel, layers: 12, hiddenSize: 64, intermediateSize: 192, heads: 8, headDim: 8 };
  const shapes = weightShapes(deep);
  const layout = {
    config: deep,
    provider: 'cpu',
    shapes,
    adapters: new Map(),
    trainable: new Set(shapes.keys()),
  } as const;
  const peak = (checkpointing: boolean) =>
    traceGradient(layout, { ...plainRows(4, 64), scored: 128 }, { form, entropy: false }, checkpointing).peakBytes();
  expect(peak(true)).toBeLessThan(0.45 * peak(false));
});
