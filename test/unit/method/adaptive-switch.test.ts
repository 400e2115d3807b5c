// The gate table of METHOD.md row by row, and the rules that follow it, each by its name.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  decideGroup,
  decideSupervised,
  posteriorAfter,
  type SwitchGroup,
} from '../../../backend/method/adaptive-switch';
import { stepAdvantages } from '../../../backend/method/advantages';
import { planUpdate } from '../../../backend/method/hybrid-actor';
import { sumRewards } from '../../../backend/method/rewards-sum';
import { fullConfig } from './full-config';

/** A group with correctness c_k (null: invalid) and a shaping reward s_k beside it. */
function groupOf(correctness: (number | null)[], shaping: number[] = [], demonstrations = 1): SwitchGroup {
  const completions = correctness.map((c, k) =>
    c === null
      ? { reward: null, correctness: null, invalidReason: 'answer: it timed out.' }
      : { reward: c + (shaping[k] ?? 0), correctness: c },
  );
  const [advantages = []] = stepAdvantages([completions.map(({ reward }) => reward)], 'group');
  return { completions, advantages, demonstrations };
}

function decide(group: SwitchGroup, ...overrides: string[]) {
  const config = fullConfig(...overrides);
  return decideGroup(group, { phase: 'hybrid', switch: config.switch, mix: config.hybrid.mix });
}

const reward = 'switch.signal=reward';
const advantage = 'switch.signal=advantage';
const total = 'switch.reads=total';

describe('the gate table', () => {
  const allZero = groupOf([0, 0, 0, 0]);
  const mixed = groupOf([0, 1, 0, 1]);
  const solved = groupOf([1, 1, 1, 1]);
  const onlyFormat = groupOf([0, 0, 0, 0], [0.1, 0, 0.1, 0]);

  it('all zero: sft by either gate', () => {
    for (const signal of [reward, advantage])
      expect(decide(allZero, signal)).toMatchObject({
        kind: 'sft',
        solved: 'none',
        passRate: 0,
        maskedByShaping: false,
      });
    expect(allZero.advantages).toEqual([0, 0, 0, 0]);
  });

  it('mixed: pg by either gate, with a gradient', () => {
    for (const signal of [reward, advantage])
      expect(decide(mixed, signal)).toMatchObject({ kind: 'pg', solved: 'some', passRate: 0.5, noSignal: false });
    expect(mixed.advantages.every((value) => value !== 0)).toBe(true);
  });

  it('all equal and successful: pg without signal by reward, sft although solved by advantage', () => {
    expect(decide(solved, reward)).toMatchObject({ kind: 'pg', solved: 'all', noSignal: true });
    expect(decide(solved, advantage)).toMatchObject({ kind: 'sft', solved: 'all', noSignal: false });
    const shaped = groupOf([1, 1, 1, 1], [0.1, 0, 0, 0]);
    expect(decide(shaped, reward)).toMatchObject({ kind: 'pg', solved: 'all', noSignal: false });
    expect(shaped.advantages[0]).toBeGreaterThan(0);
  });

  it('all wrong with different format rewards: sft on correctness, pg on the total', () => {
    for (const signal of [reward, advantage]) {
      expect(decide(onlyFormat, signal)).toMatchObject({ kind: 'sft', solved: 'none', maskedByShaping: true });
      expect(decide(onlyFormat, signal, total)).toMatchObject({ kind: 'pg', solved: 'none', noSignal: false });
    }
  });
});

describe('rule 1: the gate reads correctness, never the summed reward, unless told', () => {
  it('counts what a shaping reward would have hidden', () => {
    const decision = decide(groupOf([0, 0, 0], [0.5, 0.5, 0.5]));
    expect(decision).toMatchObject({ kind: 'sft', maskedByShaping: true });
    expect(decision.reason).toBe(
      '0 of 3 completions succeed (the best correctness is 0, success is above 0): learn from the demonstration. ' +
        'A shaping reward would have hidden this failure.',
    );
  });

  it('says so too where the total is read, and where the prompt has no demonstration', () => {
    expect(decide(groupOf([0, 0], [1, 0]), total).reason).toBe(
      '1 of 2 completions succeed by summed reward: policy gradient. A shaping reward hides this failure.',
    );
    expect(decide(groupOf([0, 0], [1, 0], 0))).toMatchObject({ kind: 'skip', maskedByShaping: true });
  });

  it('is not masked when both readings agree', () => {
    expect(decide(groupOf([0, 1], [1, 0])).maskedByShaping).toBe(false);
    expect(decide(groupOf([0, 0], [-1, 0])).maskedByShaping).toBe(false);
  });

  it.each(['passRate', 'posterior'])('holds for the signal %s', (signal) => {
    const group = groupOf([0, 0, 0, 0], [1, 1, 1, 1]);
    expect(decide(group, `switch.signal=${signal}`, 'rollout.k=4')).toMatchObject({
      kind: 'sft',
      maskedByShaping: true,
    });
    expect(decide(group, `switch.signal=${signal}`, 'rollout.k=4', total)).toMatchObject({ kind: 'pg' });
  });
});

describe('rule 2: success is decided by successAbove, not by sign', () => {
  it('takes rewards of −1 and 1', () => {
    expect(decide(groupOf([-1, -1]))).toMatchObject({ kind: 'sft', passRate: 0 });
    expect(decide(groupOf([-1, 1]))).toMatchObject({ kind: 'pg', passRate: 0.5 });
  });

  it('takes a bar below zero or above', () => {
    expect(decide(groupOf([-0.5, -2]), 'switch.successAbove=-1')).toMatchObject({ kind: 'pg', successes: 1 });
    expect(decide(groupOf([0.5, 0.4]), 'switch.successAbove=0.5')).toMatchObject({ kind: 'sft', successes: 0 });
  });

  it('a length penalty on R does not undo a success', () => {
    expect(decide(groupOf([1, 0], [-3, 0]))).toMatchObject({ kind: 'pg', successes: 1 });
  });

  it('needs more than rounding above the bar', () => {
    expect(decide(groupOf([0.1 + 0.2, 0.3]), 'switch.successAbove=0.3')).toMatchObject({ successes: 0 });
  });
});

describe('rule 3: the gate is per group, never per micro-batch', () => {
  const values = fc.array(fc.oneof(fc.constantFrom(0, 1, -1, 0.5), fc.constant(null)), { minLength: 1, maxLength: 8 });
  const signals = fc.constantFrom('reward', 'advantage', 'passRate', 'posterior');

  it('reordering groups, or deciding them one by one or in any split, changes no decision', () => {
    fc.assert(
      fc.property(fc.array(values, { minLength: 1, maxLength: 6 }), signals, fc.nat(), (groups, signal, rotation) => {
        const config = fullConfig(`switch.signal=${signal}`);
        const rules = { phase: 'hybrid', switch: config.switch, mix: config.hybrid.mix } as const;
        const inOrder = (batch: (number | null)[][]) => batch.map((group) => decideGroup(groupOf(group), rules));
        const turn = rotation % groups.length;
        const whole = inOrder(groups);
        expect([...inOrder(groups.slice(0, turn)), ...inOrder(groups.slice(turn))]).toEqual(whole);
        const rotated = inOrder([...groups.slice(turn), ...groups.slice(0, turn)]);
        expect([...rotated.slice(groups.length - turn), ...rotated.slice(0, groups.length - turn)]).toEqual(whole);
      }),
    );
  });

  it('reordering the completions of a group changes no decision', () => {
    fc.assert(
      fc.property(values, signals, (group, signal) => {
        const { kind, solved, passRate, noSignal } = decide(groupOf(group), `switch.signal=${signal}`);
        expect(decide(groupOf([...group].reverse()), `switch.signal=${signal}`)).toMatchObject({
          kind,
          solved,
          passRate,
          noSignal,
        });
      }),
    );
  });
});

describe('rule 4: what cannot teach is skipped or flagged, and shown', () => {
  it('sft without a demonstration is skip', () => {
    const decision = decide(groupOf([0, 0], [], 0));
    expect(decision).toMatchObject({ kind: 'skip', missingDemonstration: true, noSignal: false });
    expect(decision.reason).toBe(
      '0 of 2 completions succeed (the best correctness is 0, success is above 0): skipped, for there is no demonstration to learn from.',
    );
  });

  it('pg with zero advantages is pg with the flag noSignal', () => {
    const decision = decide(groupOf([1, 1]));
    expect(decision).toMatchObject({ kind: 'pg', noSignal: true });
    expect(decision.reason).toBe(
      '2 of 2 completions succeed: policy gradient. All rewards are equal, so the policy gradient is zero.',
    );
  });
});

describe('rule 5: invalid completions leave V_x, mean, std, K and all token counts', () => {
  it('the pass rate, mean and std are over the valid ones', () => {
    const withInvalid = groupOf([1, null, 0, null]);
    expect(decide(withInvalid)).toMatchObject({ kind: 'pg', valid: 2, k: 4, successes: 1, passRate: 0.5 });
    const [first, , third] = withInvalid.advantages;
    expect([first, third]).toEqual(groupOf([1, 0]).advantages);
    expect(withInvalid.advantages[1]).toBeNull();
    expect(decide(withInvalid).reason).toBe(
      '1 of 2 completions succeed: policy gradient. 2 of 4 completions have an invalid reward.',
    );
  });

  it('none valid is skip with the reason', () => {
    const decision = decide(groupOf([null, null]));
    expect(decision).toMatchObject({ kind: 'skip', passRate: null, valid: 0, k: 2, missingDemonstration: false });
    expect(decision.reason).toBe('No completion has a valid reward (answer: it timed out.): skipped.');
  });

  it('they are not in the loss nor in its denominators', () => {
    const config = fullConfig('method=rl');
    const weights = { pg: 1, sft: 1, mix: 0 };
    const completion = (advantage: number | null, tokens: number) => ({ advantage, tokens, truncated: false });
    const only = planUpdate(
      [{ kind: 'pg', completions: [completion(1, 3), completion(-1, 5)], demonstrations: [] }],
      config,
      weights,
    );
    const beside = planUpdate(
      [{ kind: 'pg', completions: [completion(1, 3), completion(null, 9), completion(-1, 5)], demonstrations: [] }],
      config,
      weights,
    );
    expect(beside.rows.map(({ index, ...row }) => row)).toEqual(only.rows.map(({ index, ...row }) => row));
    expect(beside.rows.map(({ index }) => index)).toEqual([0, 2]);
  });

  const components = [
    { name: 'answer', weight: 2, role: 'correctness' },
    { name: 'format', weight: 0.5, role: 'shaping' },
  ] as const;
  const invalid = { invalid: 'timeout', reason: 'it ran over 5000 ms.' } as const;

  it('an invalid reward is never silently 0, whichever component it is', () => {
    for (const outcomes of [
      { answer: invalid, format: { value: 1 } },
      { answer: { value: 1 }, format: { ...invalid } },
    ])
      expect(sumRewards(components, outcomes)).toMatchObject({ reward: null, correctness: null });
    expect(sumRewards(components, { answer: { value: 1 }, format: invalid }).invalidReason).toBe(
      'format: it ran over 5000 ms.',
    );
    expect(sumRewards(components, { answer: { value: 'NaN' }, format: { value: 1 } }).invalidReason).toBe(
      'answer: the reward is NaN.',
    );
    expect(sumRewards(components, { answer: { value: 1 } }).invalidReason).toBe('format: the reward was not computed.');
  });

  it('null means "does not apply" and contributes 0', () => {
    expect(sumRewards(components, { answer: { value: 1 }, format: { value: null } })).toEqual({
      reward: 2,
      correctness: 2,
    });
    expect(sumRewards(components, { answer: { value: 0.5 }, format: { value: 3 } })).toEqual({
      reward: 2.5,
      correctness: 1,
    });
  });

  it('all correctness components null is invalid', () => {
    expect(sumRewards(components, { answer: { value: null }, format: { value: 1 } }).invalidReason).toBe(
      'No correctness reward applies to this completion.',
    );
    const two = [...components, { name: 'other', weight: 1, role: 'correctness' }] as const;
    expect(sumRewards(two, { answer: { value: null }, format: { value: 1 }, other: { value: 0 } })).toEqual({
      reward: 0.5,
      correctness: 0,
    });
  });
});

describe('signals', () => {
  const success = fc.array(fc.boolean().map(Number), { minLength: 1, maxLength: 8 });

  it('passRate with γ = 0 equals reward', () => {
    fc.assert(
      fc.property(success, (group) => {
        expect(decide(groupOf(group), 'switch.signal=passRate', 'switch.atMost=0').kind).toBe(
          decide(groupOf(group)).kind,
        );
      }),
    );
  });

  it('passRate is sft up to and at γ', () => {
    const at = (rate: number[]) => decide(groupOf(rate), 'method=hpt').kind;
    expect([at([0, 0, 0, 0]), at([1, 0, 0, 0]), at([1, 1, 0, 0])]).toEqual(['sft', 'sft', 'pg']);
  });

  it('posterior with λ = 0 equals reward for K ≥ 3 when all K are valid', () => {
    for (let k = 3; k <= 32; k++)
      for (let successes = 0; successes <= k; successes++) {
        const group = groupOf(Array.from({ length: k }, (_, index) => (index < successes ? 1 : 0)));
        const overrides = ['switch.signal=posterior', 'switch.posterior.discount=0', `rollout.k=${k}`];
        expect(decide(group, ...overrides).kind).toBe(decide(group).kind);
      }
  });

  it('posterior shows its probability: 0.70 with no success of 8, 0.31 with one', () => {
    const posterior = (group: number[]) => decide(groupOf(group), 'method=superrl-posterior').posterior;
    expect(posterior([0, 0, 0, 0, 0, 0, 0, 0])).toBeCloseTo(1 - 0.875 ** 9, 12);
    expect(posterior([1, 0, 0, 0, 0, 0, 0, 0])).toBeCloseTo(1 - 0.875 ** 9 - 9 * 0.125 * 0.875 ** 8, 12);
  });

  it('posterior remembers earlier visits, updating before it decides', () => {
    const config = fullConfig('method=superrl-posterior');
    const solved = groupOf([1, 1, 1, 1, 1, 1, 1, 1]);
    const counts = posteriorAfter(solved, config.switch);
    expect(counts).toEqual({ alpha: 0.5 + 0.5 + 8, beta: 1 });
    const failed = { ...groupOf([0, 0, 0, 0, 0, 0, 0, 0]), posterior: counts };
    expect(decide(failed, 'method=superrl-posterior').kind).toBe('pg');
    const later = {
      ...failed,
      posterior: posteriorAfter({ ...failed, posterior: posteriorAfter(failed, config.switch) }, config.switch),
    };
    expect(decide(later, 'method=superrl-posterior').kind).toBe('sft');
    const invalid = { ...groupOf([null]), posterior: counts };
    expect(posteriorAfter(invalid, config.switch)).toEqual(counts);
  });

  it('advantage is unscaled and ignores the advantage setting', () => {
    const close = groupOf([1, 1 + 1e-9]);
    expect(decide(close, advantage).kind).toBe('sft');
    for (const scaling of ['group', 'none', 'batch'])
      expect(decide(groupOf([0, 0.01]), advantage, `advantage=${scaling}`).kind).toBe('pg');
  });

  const sentences: [signal: string, group: number[], reason: string][] = [
    ['advantage', [0, 1, 0, 1], 'The best correctness is 0.5 above the group’s mean: policy gradient.'],
    ['advantage', [1, 1], 'No completion is better than the group’s mean correctness 1: learn from the demonstration.'],
    ['passRate', [1, 0, 0, 0], 'Pass rate 0.25 (1 of 4) is at most 0.25: learn from the demonstration.'],
    ['passRate', [1, 1, 0, 0], 'Pass rate 0.5 (2 of 4) is above 0.25: policy gradient.'],
    [
      'posterior',
      [0, 0, 0, 0, 0, 0, 0, 0],
      'After 0 of 8 successes P(pass rate < 0.125) is 0.6993, above 0.5: learn from the demonstration.',
    ],
  ];
  it.each(sentences)('%s of %j explains itself', (signal, group, reason) => {
    expect(decide(groupOf(group), `switch.signal=${signal}`).reason).toBe(reason);
  });
});

describe('mixes and phases', () => {
  it('fixed and log-sigma use every demonstration, whatever the gate says', () => {
    for (const mix of ['fixed', 'log-sigma']) {
      expect(decide(groupOf([0, 1]), `hybrid.mix=${mix}`).kind).toBe('mix');
      expect(decide(groupOf([0, 0], [], 3), `hybrid.mix=${mix}`)).toMatchObject({
        kind: 'mix',
        reason: `0 of 2 completions succeed (the best correctness is 0, success is above 0), mix ${mix}: policy gradient and 3 demonstrations.`,
      });
      expect(decide(groupOf([0, 0], [], 0), `hybrid.mix=${mix}`)).toMatchObject({
        kind: 'pg',
        missingDemonstration: false,
      });
    }
  });

  it('plain RL: every group with a valid completion is pg', () => {
    const config = fullConfig('method=rl');
    const rules = { phase: 'rl', switch: config.switch, mix: config.hybrid.mix } as const;
    expect(decideGroup(groupOf([0, 0]), rules)).toMatchObject({ kind: 'pg', noSignal: true });
    expect(decideGroup(groupOf([null, null]), rules).kind).toBe('skip');
  });

  it('an SFT phase is sft, or skip without a demonstration', () => {
    expect(decideSupervised(2)).toMatchObject({ kind: 'sft', reason: 'SFT phase: learn from 2 demonstrations.' });
    expect(decideSupervised(0)).toMatchObject({ kind: 'skip', missingDemonstration: true });
  });
});
