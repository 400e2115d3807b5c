// A Llama-family decoder in plain float64 loops, written from the papers' formulas and sharing nothing with the
// engine but its types: what the decoder's tests compare with. Also tiny random models of every architecture.
import type { ModelConfig } from '../../../../../backend/model/model-config';
import { weightShapes } from '../../../../../backend/model/model-config';
import type { NamedTensor, NamedTensors } from '../../../../../backend/model/named-tensors';

const tiny = {
  architecture: 'llama',
  vocabularySize: 23,
  hiddenSize: 16,
  layers: 2,
  heads: 4,
  kvHeads: 2,
  headDim: 4,
  intermediateSize: 24,
  contextLength: 128,
  rmsNormEpsilon: 1e-5,
  ropeTheta: 10_000,
  ropeScaling: undefined,
  tiedEmbeddings: true,
  qkvBias: false,
  qkNorm: false,
} as const satisfies ModelConfig;

export const tinyModels: Readonly<Record<'llama' | 'llama3' | 'qwen2' | 'qwen3', ModelConfig>> = {
  llama: tiny,
  llama3: {
    ...tiny,
    tiedEmbeddings: false,
    kvHeads: 4,
    ropeScaling: { type: 'llama3', factor: 8, lowFreqFactor: 1, highFreqFactor: 4, originalContext: 32 },
  },
  qwen2: { ...tiny, architecture: 'qwen2', qkvBias: true, kvHeads: 1 },
  qwen3: { ...tiny, architecture: 'qwen3', qkNorm: true, headDim: 6, tiedEmbeddings: false, layers: 3 },
};

/** A small deterministic generator of numbers in [0, 1) (mulberry32). */
export function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let x = Math.imul(state ^ (state >>> 15), 1 | state);
    x = (x + Math.imul(x ^ (x >>> 7), 61 | x)) ^ x;
    return ((x ^ (x >>> 14)) >>> 0) / 2 ** 32;
  };
}

export function randomWeights(config: ModelConfig, seed = 1): NamedTensors {
  const random = randomNumbers(seed);
  const weights = new Map<string, NamedTensor>();
  for (const [name, shape] of weightShapes(config)) {
    const length = shape.reduce((product, size) => product * size, 1);
    const center = name.endsWith('norm.weight') ? 1 : 0;
    const data = Float32Array.from({ length }, () => center + (random() - 0.5) * 1.2);
    weights.set(name, { shape, data });
  }
  return weights;
}

/** Logits of the last token, [vocabulary]. */
export function plainLogits(config: ModelConfig, weights: NamedTensors, ids: readonly number[]): number[] {
  const { heads, kvHeads, headDim, hiddenSize } = config;
  const data = (name: string) => weights.get(name)!.data;
  const linear = (x: number[], name: string, bias?: string): number[] => {
    const [outputs = 0, inputs = 0] = weights.get(name)!.shape;
    const matrix = data(name);
    return Array.from({ length: outputs }, (_, row) => {
      let sum = bias === undefined ? 0 : data(bias)[row]!;
      for (let column = 0; column < inputs; column++) sum += matrix[row * inputs + column]! * x[column]!;
      return sum;
    });
  };
  const norm = (x: number[], name: string): number[] => {
    const meanSquare = x.reduce((sum, value) => sum + value * value, 0) / x.length;
    return x.map((value, index) => (value / Math.sqrt(meanSquare + config.rmsNormEpsilon)) * data(name)[index]!);
  };
  const frequency = (pair: number): number => {
    const plain = config.ropeTheta ** ((-2 * pair) / headDim);
    const scaling = config.ropeScaling;
    if (!scaling) return plain;
    const wavelength = (2 * Math.PI) / plain;
    if (wavelength < scaling.originalContext / scaling.highFreqFactor) return plain;
    if (wavelength > scaling.originalContext / scaling.lowFreqFactor) return plain / scaling.factor;
    const smooth =
      (scaling.originalContext / wavelength - scaling.lowFreqFactor) / (scaling.highFreqFactor - scaling.lowFreqFactor);
    return ((1 - smooth) * plain) / scaling.factor + smooth * plain;
  };
  const rotate = (x: number[], position: number): number[] => {
    const half = headDim / 2;
    return x.map((value, index) => {
      const angle = position * frequency(index % half);
      const other = index < half ? -x[index + half]! : x[index - half]!;
      return value * Math.cos(angle) + other * Math.sin(angle);
    });
  };
  const head = (x: number[], index: number) => x.slice(index * headDim, (index + 1) * headDim);

  let states = ids.map((id) => [...data('model.embed_tokens.weight').subarray(id * hiddenSize, (id + 1) * hiddenSize)]);
  for (let layer = 0; layer < config.layers; layer++) {
    const at = `model.layers.${layer}`;
    const project = (x: number[], which: 'q' | 'k' | 'v', position: number): number[][] => {
      const name = `${at}.self_attn.${which}_proj`;
      const y = linear(x, `${name}.weight`, config.qkvBias ? `${name}.bias` : undefined);
      return Array.from({ length: which === 'q' ? heads : kvHeads }, (_, index) => {
        const part = head(y, index);
        if (which === 'v') return part;
        return rotate(config.qkNorm ? norm(part, `${at}.self_attn.${which}_norm.weight`) : part, position);
      });
    };
    const inputs = states.map((x) => norm(x, `${at}.input_layernorm.weight`));
    const keys = inputs.map((x, position) => project(x, 'k', position));
    const values = inputs.map((x, position) => project(x, 'v', position));
    states = states.map((state, position) => {
      const mixed = project(inputs[position]!, 'q', position).flatMap((query, index) => {
        const shared = Math.floor(index / (heads / kvHeads));
        const scores = keys.slice(0, position + 1).map((key) => dot(query, key[shared]!) / Math.sqrt(headDim));
        const shares = softmax(scores);
        return query.map((_, d) => shares.reduce((sum, share, token) => sum + share * values[token]![shared]![d]!, 0));
      });
      const attended = add(state, linear(mixed, `${at}.self_attn.o_proj.weight`));
      const x = norm(attended, `${at}.post_attention_layernorm.weight`);
      const gate = linear(x, `${at}.mlp.gate_proj.weight`).map((value) => value / (1 + Math.exp(-value)));
      const up = linear(x, `${at}.mlp.up_proj.weight`);
      return add(
        attended,
        linear(
          gate.map((value, index) => value * up[index]!),
          `${at}.mlp.down_proj.weight`,
        ),
      );
    });
  }
  const last = norm(states[states.length - 1]!, 'model.norm.weight');
  return linear(last, config.tiedEmbeddings ? 'model.embed_tokens.weight' : 'lm_head.weight');
}

export function softmax(scores: readonly number[]): number[] {
  const largest = Math.max(...scores);
  const powers = scores.map((score) => Math.exp(score - largest));
  const sum = powers.reduce((total, power) => total + power, 0);
  return powers.map((power) => power / sum);
}

function dot(a: readonly number[], b: readonly number[]): number {
  return a.reduce((sum, value, index) => sum + value * b[index]!, 0);
}

function add(a: readonly number[], b: readonly number[]): number[] {
  return a.map((value, index) => value + b[index]!);
}
