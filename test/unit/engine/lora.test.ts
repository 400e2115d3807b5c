// Adapters: only they are trained, the base stays the reference, merging gives the same model, engines agree.
import { afterEach, describe, expect, it } from 'vitest';
import { createEngine } from '../../../backend/engine/create-engine';
import type { Engine, EngineOptions, LossForm, LossRow, OptimizerSettings } from '../../../backend/engine/engine';
import type { NamedTensors } from '../../../backend/model/named-tensors';
import { randomWeights, smallModel } from './small-model';

const lora = { rank: 3, alpha: 6, targets: ['q_proj', 'v_proj', 'down_proj'] };
const form: LossForm = {
  type: 'grpo',
  ratio: 'token',
  clipLow: 0.2,
  clipHigh: 0.2,
  ratioMax: 5,
  klCoefficient: 0,
  klBiasCorrection: true,
};
const settings: OptimizerSettings = {
  learningRate: 3e-2,
  beta1: 0.9,
  beta2: 0.95,
  epsilon: 1e-8,
  weightDecay: 0,
  clipNorm: null,
};
const row: LossRow = {
  tokenIds: Int32Array.of(1, 2, 3, 4, 5, 6),
  promptLength: 2,
  temperature: 1,
  pgWeight: 0,
  sftWeight: 0.25,
  entropyWeight: 0,
  advantage: 0,
};

function largestDifference(a: NamedTensors, b: NamedTensors): number {
  expect([...a.keys()].sort()).toEqual([...b.keys()].sort());
  return Math.max(
    ...[...a].map(([name, { data }]) =>
      data.reduce((largest, value, index) => Math.max(largest, Math.abs(value - b.get(name)!.data[index]!)), 0),
    ),
  );
}

function expectClose(found: Float32Array, expected: Float32Array, digits: number): void {
  expect(found.length).toBe(expected.length);
  found.forEach((value, index) => {
    expect(value).toBeCloseTo(expected[index]!, digits);
  });
}

const engines: Engine[] = [];
afterEach(async () => {
  for (const engine of engines.splice(0)) await engine.dispose();
});

async function make(kind: 'onnx' | 'reference', options: Partial<EngineOptions> = {}, weights?: NamedTensors) {
  const engine = await createEngine({
    kind,
    config: smallModel,
    weights: weights ?? randomWeights(smallModel, 3),
    options: { keepReference: true, lora, seed: 5, ...options },
  });
  engines.push(engine);
  return engine;
}

async function train(engine: Engine, steps: number): Promise<number[]> {
  const losses: number[] = [];
  for (let step = 0; step < steps; step++) {
    losses.push((await engine.accumulate(form, [row])).loss);
    await engine.update(settings);
  }
  return losses;
}

describe.each(['onnx', 'reference'] as const)('adapters on %s', (kind) => {
  it('start as the base model and then learn', async () => {
    const [start] = await (await make(kind)).logProbs([row], 'policy');
    const [base] = await (await make(kind, { lora: 'off' })).logProbs([row], 'policy');
    expectClose(start!.logProbs, base!.logProbs, 5);
    const losses = await train(await make(kind), 10);
    expect(losses.at(-1)).toBeLessThan(0.7 * losses[0]!);
  });

  it('are all that is trained and stored', async () => {
    const engine = await make(kind);
    const [before] = await engine.logProbs([row], 'reference');
    await train(engine, 2);
    const names = [...(await engine.readWeights()).keys()];
    expect(names).toHaveLength(2 * 3 * smallModel.layers);
    expect(names[0]).toBe('base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight');
    expect([...(await engine.readOptimizerState()).first.keys()].sort()).toEqual(names.sort());
    const [after] = await engine.logProbs([row], 'reference');
    expect(after!.logProbs).toEqual(before!.logProbs);
    const merged = await engine.readMergedWeights();
    const base = randomWeights(smallModel, 3);
    expect(merged.get('model.embed_tokens.weight')!.data).toEqual(base.get('model.embed_tokens.weight')!.data);
    expect(merged.get('model.layers.1.mlp.down_proj.weight')!.data).not.toEqual(
      base.get('model.layers.1.mlp.down_proj.weight')!.data,
    );
  });

  it('merge into a model that scores and generates the same', async () => {
    const engine = await make(kind);
    await train(engine, 3);
    const plain = await make(kind, { lora: 'off' }, await engine.readMergedWeights());
    const [adapted] = await engine.logProbs([row], 'policy');
    const [merged] = await plain.logProbs([row], 'policy');
    expectClose(adapted!.logProbs, merged!.logProbs, 4);
    const request = {
      groups: [{ promptIds: Int32Array.of(1, 2), completions: 1 }],
      maxNewTokens: 6,
      temperature: 1,
      topP: 1,
      greedy: true,
      eosIds: [],
      stopMatcher: undefined,
      uniform: () => 0,
    };
    const first = (await engine.generate(request)).completions[0]![0]!;
    expect(first.tokenIds).toEqual((await plain.generate(request)).completions[0]![0]!.tokenIds);
    const scored = { tokenIds: Int32Array.of(1, 2, ...first.tokenIds), promptLength: 2, temperature: 1 };
    const [trained] = await engine.logProbs([scored], 'policy');
    expectClose(first.logProbs, trained!.logProbs, 4);
  });

  it('can be stored and taken up', async () => {
    const first = await make(kind);
    await train(first, 2);
    const second = await make(kind, { seed: 6 });
    await second.writeWeights(await first.readWeights());
    await second.writeOptimizerState(await first.readOptimizerState());
    await train(first, 1);
    await train(second, 1);
    expect(largestDifference(await first.readWeights(), await second.readWeights())).toBe(0);
  });
});

it('engines agree on the gradients of adapters', async () => {
  const [traced, eager] = [await make('onnx'), await make('reference')];
  for (const engine of [traced, eager]) {
    await train(engine, 1); // B is no longer zero
    await engine.accumulate(form, [row]);
  }
  expect(largestDifference(await traced.readGradients(), await eager.readGradients())).toBeLessThan(1e-5);
});

it('targets that are no projections are refused', async () => {
  await expect(make('onnx', { lora: { ...lora, targets: ['w1', 'lm_head'] } })).rejects.toThrow(
    'None of lora.targets (w1, lm_head) is a projection of the model; ' +
      'name some of q_proj, k_proj, v_proj, o_proj, gate_proj, up_proj, down_proj.',
  );
});

it('adapters of other settings are refused', async () => {
  const engine = await make('onnx');
  const other = await make('onnx', { lora: { ...lora, rank: 2 } });
  await expect(engine.writeWeights(await other.readWeights())).rejects.toThrow(
    'The adapter tensor base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight has shape [2, 16]; ' +
      'lora.rank and lora.targets mean it to be [3, 16]. Give the settings that it was trained with.',
  );
});
