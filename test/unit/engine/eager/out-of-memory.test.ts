// What an eager engine says when its backend runs out of memory, or fails otherwise.
import '@tensorflow/tfjs-backend-cpu';
import { describe, expect, it, vi } from 'vitest';
import { EagerEngine } from '../../../../backend/engine/eager/eager-engine';
import type { LossRow } from '../../../../backend/engine/engine';
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

function engineOf(gradientCheckpointing = false): EagerEngine {
  return new EagerEngine(
    {
      name: 'cpu',
      description: { engine: 'tensorflow', device: 'NVIDIA T4', versions: {}, deterministic: false },
      plan: { threads: 1, microBatchTokens: 2048, tokenBucket: 1, decodeWeights: 'inputs', gradientCheckpointing },
      generate: fail,
    },
    smallModel,
    randomWeights(smallModel, 1),
    { keepReference: false, lora: 'off', seed: 1 },
  );
}

describe('a backend without memory', () => {
  it.each([
    [false, 'set "update": { "microBatchTokens": … } below 2048, or "gradientCheckpointing": true. (Invalid'],
    [true, 'set "update": { "microBatchTokens": … } below 2048. (Invalid'],
  ])('is told with what makes a pass smaller (checkpointing %s)', async (checkpointing, remedy) => {
    failure.text = oom;
    const engine = engineOf(checkpointing);
    await expect(engine.accumulate(grpo, [row])).rejects.toThrow(
      `Training ran out of memory on the NVIDIA T4: ${remedy}`,
    );
    await expect(engine.logProbs([row], 'policy')).rejects.toThrow(
      `Scoring ran out of memory on the NVIDIA T4: ${remedy}`,
    );
  });

  it('is told with what generation needs less', async () => {
    failure.text = oom;
    const request = { groups: [], maxNewTokens: 1, temperature: 1, topP: 1, greedy: true, eosIds: [] };
    const generated = engineOf().generate({ ...request, stopMatcher: undefined, uniform: () => 0 });
    await expect(generated).rejects.toThrow(
      'Generation ran out of memory on the NVIDIA T4: ask for shorter completions, or fewer a step. (Invalid',
    );
  });
});

it('another failure is told as it is', async () => {
  failure.text = 'Shapes differ.';
  await expect(engineOf().accumulate(grpo, [row])).rejects.toThrow('Training failed: Shapes differ.');
});
