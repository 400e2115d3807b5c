// A model from nothing: sizes from the run file, and the spread of its random weights.
import { describe, expect, it } from 'vitest';
import { weightShapes } from '../../../backend/model/model-config';
import { initializeWeights, type ScratchModel, scratchConfig } from '../../../backend/model/scratch';

const scratch: ScratchModel = {
  hidden: 64,
  layers: 8,
  heads: 4,
  kvHeads: undefined,
  intermediate: undefined,
  context: 128,
  tokenizer: { kind: 'characters', vocabulary: 512 },
};

/** A different number for each counter, of mean 0 and variance 1. */
const normal = (index: number) => Math.sqrt(2) * Math.sin(12.9898 * index + 1);

function deviation(data: Float32Array): number {
  return Math.sqrt(data.reduce((sum, value) => sum + value * value, 0) / data.length);
}

describe('scratchConfig', () => {
  it('fills in what is left out', () => {
    expect(scratchConfig(scratch, 50)).toMatchObject({
      headDim: 16,
      kvHeads: 4,
      intermediateSize: 160,
      contextLength: 128,
    });
    expect(scratchConfig({ ...scratch, hidden: 192, kvHeads: 2, intermediate: 100 }, 50)).toMatchObject({
      headDim: 48,
      kvHeads: 2,
      intermediateSize: 100,
    });
  });
  it('refuses sizes that do not divide', () => {
    expect(() => scratchConfig({ ...scratch, hidden: 66 }, 50)).toThrow(
      'model.scratch.hidden 66 divided by heads 4 must be an even whole number; for example hidden 64.',
    );
    expect(() => scratchConfig({ ...scratch, kvHeads: 3 }, 50)).toThrow('heads 4 must be a multiple of kvHeads 3');
  });
});

describe('initializeWeights', () => {
  const config = scratchConfig(scratch, 50);
  const weights = initializeWeights(config, normal);

  it('has every weight once, with its shape', () => {
    expect([...weights].map(([name, { shape }]) => [name, shape])).toEqual([...weightShapes(config)]);
  });
  it('spreads matrices by 0.02, residual outputs by 0.02/√(2·layers); norms are 1', () => {
    expect(deviation(weights.get('model.embed_tokens.weight')!.data)).toBeCloseTo(0.02, 3);
    expect(deviation(weights.get('model.layers.3.self_attn.q_proj.weight')!.data)).toBeCloseTo(0.02, 3);
    expect(deviation(weights.get('model.layers.3.self_attn.o_proj.weight')!.data)).toBeCloseTo(0.005, 4);
    expect(deviation(weights.get('model.layers.3.mlp.down_proj.weight')!.data)).toBeCloseTo(0.005, 4);
    expect(weights.get('model.layers.0.input_layernorm.weight')!.data.every((value) => value === 1)).toBe(true);
    expect(weights.get('model.norm.weight')!.data.every((value) => value === 1)).toBe(true);
  });
  it('uses each counter once', () => {
    const seen = new Set<number>();
    initializeWeights(config, (index) => {
      if (seen.has(index)) throw new Error(`counter ${index} twice`);
      seen.add(index);
      return 0;
    });
    expect(seen.size).toBeGreaterThan(100_000);
  });
});
