// A made-up run of any length: several reward components, a spike, evaluations, alarms, checkpoints. Deterministic.
import type { Decision } from '../../backend/protocol/decision';
import type { RunEvent } from '../../backend/protocol/events';
import { type Source, summaryOf } from './harness';
import { completionsPerGroup, decisionOf, groupsPerStep, noise, syntheticGroups } from './synthetic-groups';

export function* syntheticEvents(steps: number): Generator<RunEvent> {
  let seq = 0;
  const at = (step: number) => 1_700_000_000_000 + step * 2000;
  yield { seq: ++seq, ts: at(0), type: 'state', data: { state: 'running', step: 0 } };
  for (let step = 1; step <= steps; step++) {
    const decisions = Array.from({ length: groupsPerStep }, (_, group) => decisionOf(step, group, steps));
    for (const [group, decision] of decisions.entries()) {
      yield {
        seq: ++seq,
        ts: at(step),
        type: 'decision',
        data: { step, group, promptId: `p${group}`, attempt: 0, decision },
      };
    }
    const share = (is: (decision: Decision) => boolean) => decisions.filter(is).length / groupsPerStep;
    const correct =
      decisions.reduce((sum, { successes }) => sum + successes, 0) / (groupsPerStep * completionsPerGroup);
    const spike = step === Math.floor(steps * 0.7) ? 40 : 0;
    yield {
      seq: ++seq,
      ts: at(step),
      type: 'metrics',
      data: {
        step,
        values: {
          reward: correct + 0.2 * noise(step, 9),
          reward_std: 0.3,
          'rewards/answer/mean': correct,
          'rewards/format/mean': Math.min(1, 0.3 + step / steps),
          'rewards/length/mean': -0.2 * noise(step, 10),
          frac_reward_zero_std: share(({ solved }) => solved !== 'some'),
          'completions/mean_length': 120 + 80 * (step / steps) + 20 * noise(step, 11),
          'completions/min_length': 20 + 20 * noise(step, 12),
          'completions/max_length': 256,
          'completions/clipped_ratio': 0.3 * (1 - step / steps) * noise(step, 13),
          entropy: 2.5 * Math.exp((-3 * step) / steps) + 0.1 * noise(step, 14),
          kl: 0.1 * (step / steps) + 0.01 * noise(step, 15),
          'clip_ratio/low_mean': 0.01 * noise(step, 16),
          'clip_ratio/high_mean': 0.02 * noise(step, 17),
          'clip_ratio/region_mean': 0.03 * noise(step, 18),
          loss: 0.1 * noise(step, 19),
          'loss/pg': 0.05 * (noise(step, 20) - 0.5),
          ...(decisions.some(({ kind }) => kind === 'sft') && {
            'loss/sft': 2 * Math.exp((-2 * step) / steps) + 0.2 * noise(step, 21),
          }),
          grad_norm: 0.5 + noise(step, 22) + spike,
          learning_rate: 1e-6,
          'switch/pg_frac': share(({ kind }) => kind === 'pg'),
          'switch/sft_frac': share(({ kind }) => kind === 'sft'),
          'switch/mix_frac': share(({ kind }) => kind === 'mix'),
          'switch/skip_frac': share(({ kind }) => kind === 'skip'),
          'switch/no_signal_frac': share(({ noSignal }) => noSignal),
          'switch/masked_by_shaping': groupsPerStep * share(({ maskedByShaping }) => maskedByShaping),
          'switch/missing_demonstration': groupsPerStep * share(({ missingDemonstration }) => missingDemonstration),
          'groups/solved_none': groupsPerStep * share(({ solved }) => solved === 'none'),
          'groups/solved_some': groupsPerStep * share(({ solved }) => solved === 'some'),
          'groups/solved_all': groupsPerStep * share(({ solved }) => solved === 'all'),
          step_time: 2 + noise(step, 23),
          'time/generate': 1.2,
          'time/reward': 0.1,
          'time/update': 0.7,
          'tokens_per_second/generate': 4000 + 800 * noise(step, 24),
          'tokens_per_second/train': 1500 + 300 * noise(step, 25),
        },
        usedTokens: step * 50_000,
        elapsedMs: step * 2000,
        progress: step / (steps * 1.25),
        epoch: step / 50,
        phase: 'hybrid',
      },
    };
    const every = Math.max(1, Math.floor(steps / 20));
    if (step % every === 0) {
      const pass = Math.min(0.95, 0.1 + (0.8 * step) / steps);
      const values = { 'eval/pass@1': pass, 'eval/pass@8': Math.min(1, pass + 0.15), 'eval/greedy': pass + 0.02 };
      const intervals = Object.fromEntries(
        Object.entries(values).map(([name, value]) => [
          name,
          [value - 0.05, Math.min(1, value + 0.05)] as [number, number],
        ]),
      );
      yield {
        seq: ++seq,
        ts: at(step),
        type: 'evaluation',
        data: { step, values, intervals, prompts: 64, samples: 8, elapsedMs: 4000 },
      };
      yield {
        seq: ++seq,
        ts: at(step),
        type: 'checkpoint',
        data: { step, path: `checkpoints/step-${String(step).padStart(6, '0')}`, best: true, bytes: 270e6 },
      };
    }
    if (step === Math.floor(steps * 0.4)) {
      const message =
        '6 of 8 groups have no correct completion, yet their shaping rewards differ: the summed reward would have hidden that they fail.';
      yield {
        seq: ++seq,
        ts: at(step),
        type: 'alarm',
        data: {
          step,
          kind: 'formatMasksFailure',
          message,
          advice: 'Keep switch.reads at correctness, and lower the weight of the shaping rewards.',
        },
      };
    }
  }
}

export function syntheticRun(steps: number): Source {
  return {
    summary: {
      ...summaryOf(`/runs/synthetic-${steps}`),
      name: `gsm8k-${steps}`,
      engineReason: 'The embedded engine "onnx" works everywhere and needs nothing installed.',
    },
    events: [...syntheticEvents(steps)],
    record: {
      config: {
        ...{ name: 'gsm8k', method: 'superrl', seed: 1, engine: 'auto' },
        rewards: [
          { name: 'answer', use: 'gsm8k', weight: 1, role: 'correctness' },
          { name: 'format', use: 'format', weight: 0.2, role: 'shaping' },
          { name: 'length', use: 'length', weight: 1, role: 'shaping' },
        ],
        budget: { steps: Math.round(steps * 1.25), tokens: steps * 62_500 },
        eval: { every: Math.max(1, Math.floor(steps / 20)) },
        checkpoint: { keep: 2 },
      },
      superrl: '0.1.0',
      machine: { platform: 'linux', cores: 8 },
    },
    groupsOf: (step) => syntheticGroups(step, steps),
  };
}
