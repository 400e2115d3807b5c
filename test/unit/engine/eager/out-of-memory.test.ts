// What an eager engine says when its backend runs out of memory, or fails otherwise.
import '@tensorflow/tfjs-backend-cpu';
import { describe, expect, it, vi } from 'vitest';
import { EagerEngine } from '../../../../backend/engine/eager/eager-engine';
import type { LossRow } from '../../../../backend/engine/engine';
import { tf } from '../../../../backend/engine/tensor/tfjs';
import { grpo } from '../../../bench/bench-model';
import { randomWeights, smallModel } from '../small-model';

const { failure, fail } = vi.hoisted(() => {
  const failure = { text: '' };
  const fail = () => {
    throw new Error(failure.text);
  };
  return { failure, fail };
});
vi.mock('../../../../backend/engine/tensor/batch-gradient', () => ({ batchGradient: fail, batchScores: fail }));

const oom = 'Invalid TF_Status: 8\nMessage: OOM when allocating tensor with shape[2048,49152]';
const row: LossRow = {
  tokenIds: Int32Array.of(1, 2, 3),
  promptLength: 2,
  temperature: 1,
  pgWeight: 1,
  sftWeight: 0,
  entropyWeight: 0,
  advantage: 1,
};

/** A pass computes two tokens of `row`, so it has half of microBatchTokens of them. */
function engineOf(gradientCheckpointing = false, microBatchTokens = 8, sharePrompts = false): EagerEngine {
  return new EagerEngine(
    {
      name: 'cpu',
      description: { engine: 'tensorflow', device: 'NVIDIA T4', versions: {}, deterministic: false },
      plan: {
        threads: 1,
        microBatchTokens,
        tokenBucket: 1,
        decodeWeights: 'inputs',
        gradientCheckpointing,
        sharePrompts,
      },
      generate: fail,
    },
    smallModel,
    randomWeights(smallModel, 1),
    { keepReference: false, lora: 'off', seed: 1 },
  );
}

describe('a backend without memory', () => {
  const rows = [row, row, row, row];
  const onResume = 'go on with "--resume --set update.microBatchTokens=4"';
  const checkpointing = 'start a new run with "update.gradientCheckpointing": true';
  const shorter = 'start a new run with a lower "rollout.maxNewTokens", or with shorter prompts';

  it.each([
    ['rows that can be split', false, 8, `${onResume}, or ${checkpointing}`],
    ['rows that can be split, with checkpointing', true, 8, onResume],
    ['one row', false, 2, checkpointing],
    ['one row, with checkpointing', true, 2, shorter],
  ] as const)('is told with what makes an update smaller: %s', async (_, checkpoints, tokens, remedy) => {
    failure.text = oom;
    await expect(engineOf(checkpoints, tokens).accumulate(grpo, rows)).rejects.toThrow(
      `Training ran out of memory on the NVIDIA T4: ${remedy}. (Invalid`,
    );
  });

  it.each([
    [8, onResume],
    [2, shorter],
  ] as const)('is told with what makes scoring smaller, which keeps nothing for gradients', async (tokens, remedy) => {
    failure.text = oom;
    await expect(engineOf(false, tokens).logProbs(rows, 'policy')).rejects.toThrow(
      `Scoring ran out of memory on the NVIDIA T4: ${remedy}. (Invalid`,
    );
  });

  it.each([
    [8, 5, 4, 'go on with "--resume --set update.microBatchTokens=18"'],
    [2, 17, 1, shorter],
  ] as const)('%i rows with a shared prompt of %i tokens, each %i more', async (count, prompt, completion, remedy) => {
    failure.text = oom;
    const shared = { ...row, tokenIds: new Int32Array(prompt + completion), promptLength: prompt };
    const engine = engineOf(true, 64, true);
    await expect(engine.accumulate(grpo, new Array<LossRow>(count).fill(shared))).rejects.toThrow(
      `Training ran out of memory on the NVIDIA T4: ${remedy}. (Invalid`,
    );
  });

  it('is told with what generation needs less', async () => {
    failure.text = oom;
    const request = { groups: [], maxNewTokens: 1, temperature: 1, topP: 1, greedy: true, eosIds: [] };
    const generated = engineOf().generate({ ...request, stopMatcher: undefined, uniform: () => 0 });
    await expect(generated).rejects.toThrow(
      'Generation ran out of memory on the NVIDIA T4: start a new run with a lower "rollout.maxNewTokens". (Invalid',
    );
  });

  it('is told with what the optimiser needs less', async () => {
    const engine = engineOf();
    vi.spyOn(tf, 'mul').mockImplementationOnce(() => {
      throw new Error(oom);
    });
    const settings = { learningRate: 1, beta1: 0.9, beta2: 0.9, epsilon: 1e-8, weightDecay: 0, clipNorm: null };
    await expect(engine.update(settings)).rejects.toThrow(
      'The update ran out of memory on the NVIDIA T4: start a new run with adapters ("lora") or a smaller model. (Invalid',
    );
  });
});

it('another failure is told as it is', async () => {
  failure.text = 'Shapes differ.';
  await expect(engineOf().accumulate(grpo, [row])).rejects.toThrow('Training failed: Shapes differ.');
});
