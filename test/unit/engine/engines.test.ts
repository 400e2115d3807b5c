// What both engines owe their callers beside the numbers of the losses: updates, states, errors.
import { afterEach, describe, expect, it } from 'vitest';
import { createEngine } from '../../../backend/engine/create-engine';
import type { Engine, GenerateRequest, LossForm, LossRow, OptimizerSettings } from '../../../backend/engine/engine';
import type { NamedTensors } from '../../../backend/model/named-tensors';
import { testedEngines } from '../../setup/tested-engines';
import { randomWeights, smallModel } from './small-model';

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
  learningRate: 1e-2,
  beta1: 0.9,
  beta2: 0.95,
  epsilon: 1e-8,
  weightDecay: 0.1,
  clipNorm: 1,
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
const other: LossRow = { ...row, tokenIds: Int32Array.of(7, 8, 9, 10) };

function equal(a: NamedTensors, b: NamedTensors): boolean {
  return [...a].every(([name, { data }]) => b.get(name)!.data.every((value, index) => value === data[index]));
}

describe.each(testedEngines)('%s engine', (kind) => {
  const engines: Engine[] = [];
  async function make(keepReference = false, weights: NamedTensors = randomWeights(smallModel, 3)): Promise<Engine> {
    const options = { keepReference, lora: 'off', seed: 0 } as const;
    const engine = await createEngine({ kind, config: smallModel, weights, options });
    engines.push(engine);
    return engine;
  }
  afterEach(async () => {
    for (const engine of engines.splice(0)) await engine.dispose();
  });

  it('lowers the loss of what it is trained on', async () => {
    const engine = await make();
    const losses: number[] = [];
    for (let step = 0; step < 8; step++) {
      losses.push((await engine.accumulate(form, [row])).loss);
      expect((await engine.update(settings)).applied).toBe(true);
    }
    expect(losses.at(-1)).toBeLessThan(0.7 * losses[0]!);
  });

  it('goes on from stored weights and optimiser state as if never stopped', async () => {
    const first = await make();
    await first.accumulate(form, [row]);
    await first.update(settings);
    const second = await make();
    await second.writeWeights(await first.readWeights());
    await second.writeOptimizerState(await first.readOptimizerState());
    for (const engine of [first, second]) {
      await engine.accumulate(form, [other]);
      await engine.update(settings);
    }
    expect(equal(await first.readWeights(), await second.readWeights())).toBe(true);
    expect((await second.readOptimizerState()).updates).toBe(2);
    second.resetOptimizer();
    expect((await second.readOptimizerState()).updates).toBe(0);
  });

  it('applies no gradient that is not a number, and clears it', async () => {
    const engine = await make();
    const before = await engine.readWeights();
    const old = Float32Array.of(Number.NaN, -1, -1, -1);
    await engine.accumulate(form, [{ ...row, pgWeight: 1, advantage: 1, oldLogProbs: old }]);
    const { applied, gradNorm } = await engine.update(settings);
    expect(applied).toBe(false);
    expect(Number.isFinite(gradNorm)).toBe(false);
    expect(equal(before, await engine.readWeights())).toBe(true);
    expect((await engine.readOptimizerState()).updates).toBe(0);
    await engine.accumulate(form, [row]);
    expect((await engine.update(settings)).applied).toBe(true);
  });

  it('treats an empty accumulation as a zero gradient', async () => {
    const engine = await make();
    expect(await engine.accumulate(form, [])).toEqual({ loss: 0, rows: [] });
    expect(await engine.update({ ...settings, weightDecay: 0 })).toEqual({ gradNorm: 0, applied: true });
    expect(equal(randomWeights(smallModel, 3), await engine.readWeights())).toBe(true);
  });

  it('hands out copies of its weights', async () => {
    const engine = await make();
    const weights = await engine.readWeights();
    weights.get('model.norm.weight')!.data.fill(0);
    expect((await engine.readWeights()).get('model.norm.weight')!.data[0]).not.toBe(0);
  });

  it('keeps the reference where it was while the policy moves', async () => {
    const engine = await make(true);
    const [before] = await engine.logProbs([row], 'reference');
    await engine.accumulate(form, [row]);
    await engine.update(settings);
    const [reference] = await engine.logProbs([row], 'reference');
    const [policy] = await engine.logProbs([row], 'policy');
    expect(reference!.logProbs).toEqual(before!.logProbs);
    expect(policy!.logProbs[0]).not.toBe(before!.logProbs[0]);
    await expect((await make()).logProbs([row], 'reference')).rejects.toThrow('keeps no reference weights');
  });

  it('scores at the temperature of each row, and a row without completion tokens not at all', async () => {
    const engine = await make();
    const rows = [row, { ...row, temperature: 100 }, { ...row, promptLength: 6 }];
    const [cool, hot, none] = await engine.logProbs(rows, 'policy');
    expect(hot!.entropies[0]).toBeCloseTo(Math.log(smallModel.vocabularySize), 3);
    expect(cool!.entropies[0]).toBeLessThan(hot!.entropies[0]!);
    expect(none!.logProbs.length).toBe(0);
  });

  it('reports log-probabilities of generated tokens as the training graph has them', async () => {
    const engine = await make();
    const request: GenerateRequest = {
      groups: [{ promptIds: Int32Array.of(1, 2, 3), completions: 3 }],
      maxNewTokens: 5,
      temperature: 0.7,
      topP: 1,
      greedy: false,
      eosIds: [],
      stopMatcher: undefined,
      uniform: (_, completion, token) => ((completion * 5 + token) * 0.37) % 1,
    };
    const { completions, prefilledTokens, generatedTokens } = await engine.generate(request);
    expect([prefilledTokens, generatedTokens]).toEqual([3, 15]);
    const rows = completions[0]!.map(({ tokenIds }) => ({
      tokenIds: Int32Array.of(1, 2, 3, ...tokenIds),
      promptLength: 3,
      temperature: 0.7,
    }));
    (await engine.logProbs(rows, 'policy')).forEach(({ logProbs, entropies }, index) => {
      const completion = completions[0]![index]!;
      logProbs.forEach((logProb, token) => {
        expect(completion.logProbs[token]).toBeCloseTo(logProb, 4);
        expect(completion.entropies[token]).toBeCloseTo(entropies[token]!, 4);
      });
    });
  });

  it('names what is wrong with weights', async () => {
    const weights = randomWeights(smallModel, 3);
    weights.delete('model.norm.weight');
    await expect(make(false, weights)).rejects.toThrow(
      'The weight model.norm.weight is missing; check that the checkpoint is complete.',
    );
    weights.set('model.norm.weight', { shape: [3], data: new Float32Array(3) });
    await expect(make(false, weights)).rejects.toThrow(
      "The weight model.norm.weight has shape [3] but the model's config wants [16]; " +
        'config.json and the weights do not belong together.',
    );
    const extra = randomWeights(smallModel, 3).set('lm_head.weight', { shape: [1], data: new Float32Array(1) });
    await expect(make(false, extra)).rejects.toThrow('The weight lm_head.weight is not part of a llama model.');
  });

  it('names what is wrong with rows and states', async () => {
    const engine = await make();
    await expect(engine.logProbs([{ ...row, tokenIds: Int32Array.of(1, 2, 19) }], 'policy')).rejects.toThrow(
      'Row 1 of the batch holds the token id 19, but the model knows ids below 19: ' +
        'use the tokenizer that belongs to the model.',
    );
    await expect(engine.logProbs([{ ...row, promptLength: 0 }], 'policy')).rejects.toThrow(
      'Row 1 of the batch has 6 tokens and a prompt of 0; a prompt needs at least one token.',
    );
    await expect(engine.accumulate({ ...form, klCoefficient: 0.1 }, [row, { ...row, pgWeight: 1 }])).rejects.toThrow(
      'Row 2 of the batch has no refLogProbs, which the KL term needs.',
    );
    await expect(engine.accumulate(form, [{ ...row, oldLogProbs: Float32Array.of(-1) }])).rejects.toThrow(
      'Row 1 of the batch has 1 oldLogProbs for 4 completion tokens.',
    );
    await expect(engine.writeOptimizerState({ first: new Map(), second: new Map(), updates: 1 })).rejects.toThrow(
      'The optimiser state has no moment of model.embed_tokens.weight; it is of another model.',
    );
  });
});
