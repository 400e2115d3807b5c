// Alarms: one an episode, whatever swings about its limit; over when its cause has been away for long enough.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  collapsedSteps,
  quietSteps,
  type StepFacts,
  stepAlarms,
  unrewardedSteps,
  zeroSignalSteps,
} from '../../../backend/trainer/alarms';
import { initialTrainerState, trainerStateSchema } from '../../../backend/trainer/trainer-state';

const healthy: Omit<StepFacts, 'step'> = {
  phase: 'hybrid',
  groups: 8,
  completions: 64,
  truncated: 0,
  withSignal: 4,
  maskedByShaping: 0,
  repeatedTraces: { completions: 30, successes: 30 },
  successShare: 0.5,
  entropy: 2,
  finite: true,
  logSigma: undefined,
};

/** The alarms of a run whose steps are as given, as "kind step" and "kind over step". */
function alarmsOf(steps: readonly Partial<StepFacts>[]): string[] {
  const { alarms } = initialTrainerState();
  return steps.flatMap((facts, i) => {
    const { told, over } = stepAlarms(alarms, { ...healthy, step: i + 1, ...facts });
    return [
      ...told.map(({ kind, step }) => `${kind} ${step}`),
      ...over.map(({ kind, step }) => `${kind} over ${step}`),
    ];
  });
}

const repeat = (times: number, facts: Partial<StepFacts> = {}) => Array.from({ length: times }, () => facts);

describe('an alarm is told once an episode', () => {
  const causes: [kind: string, cause: Partial<StepFacts>][] = [
    ['nonFinite', { finite: false }],
    ['allTruncated', { truncated: 64 }],
    ['formatMasksFailure', { maskedByShaping: 8 }],
    ['sigmaAtFloor', { logSigma: { pg: -2, sft: 0, floor: -2 } }],
  ];

  it.each(causes)('%s, in every second step of 400', (kind, cause) => {
    const absent = cause.logSigma ? { logSigma: { ...cause.logSigma, pg: 0 } } : {};
    const steps = Array.from({ length: 400 }, (_, i) => (i % 2 === 0 ? cause : absent));
    expect(alarmsOf(steps)).toEqual([`${kind} 1`]);
  });

  it.each(causes)('%s is over after %s', (kind, cause) => {
    const absent = cause.logSigma ? { logSigma: { ...cause.logSigma, pg: 0 } } : {};
    const quiet = repeat(quietSteps, absent);
    expect(alarmsOf([cause, ...quiet.slice(1), cause])).toEqual([`${kind} 1`]);
    expect(alarmsOf([cause, ...quiet, cause])).toEqual([
      `${kind} 1`,
      `${kind} over ${1 + quietSteps}`,
      `${kind} ${2 + quietSteps}`,
    ]);
  });

  it('entropyCollapse while success swings about the share at which the task counts as solved', () => {
    const swing = Array.from({ length: 900 }, (_, i) => ({ entropy: 0.01, successShare: i % 7 === 6 ? 0.92 : 0.86 }));
    expect(alarmsOf([...repeat(5), ...swing])).toEqual([`entropyCollapse ${5 + collapsedSteps}`]);
  });

  it('entropyCollapse takes several steps in a row', () => {
    const now = { entropy: 0.01 };
    const almost = [...repeat(collapsedSteps - 1, now), {}];
    expect(alarmsOf([...repeat(5), ...almost, ...almost, ...almost])).toEqual([]);
  });

  it('tracesUnrewarded when completions say what their traces say and none succeeds, several steps in a row', () => {
    const now = { repeatedTraces: { completions: 12, successes: 0 } };
    expect(alarmsOf(repeat(10, now))).toEqual([`tracesUnrewarded ${unrewardedSteps}`]);
    expect(alarmsOf(repeat(30, { repeatedTraces: { completions: 12, successes: 1 } }))).toEqual([]);
    expect(alarmsOf(repeat(30, { repeatedTraces: { completions: 3, successes: 0 } }))).toEqual([]);
    expect(alarmsOf(repeat(30, { ...now, completions: 256 }))).toEqual([]);
    const { alarms } = initialTrainerState();
    const told = repeat(unrewardedSteps, now).flatMap(
      (facts, i) => stepAlarms(alarms, { ...healthy, step: i + 1, ...facts }).told,
    );
    expect(told).toEqual([
      {
        ...{ step: unrewardedSteps, kind: 'tracesUnrewarded' },
        message:
          '12 of 64 completions say exactly what their trace says, and the reward counts none of them as a success.',
        advice:
          'The reward is wrong, or the traces are: debug the reward on a sample marked “same as the trace”, or audit the traces.',
      },
    ]);
  });

  it('entropyCollapse is silent where the task is solved, and needs its yardstick', () => {
    expect(alarmsOf([...repeat(5), ...repeat(50, { entropy: 0.001, successShare: 0.95 })])).toEqual([]);
    expect(alarmsOf(repeat(50, { entropy: 0.001 }))).toEqual([]);
  });

  it('zeroSignal when a step in thirty has a gradient', () => {
    const steps = Array.from({ length: 900 }, (_, i) => ({ withSignal: i % 30 === 0 ? 1 : 0 }));
    expect(alarmsOf(steps)).toEqual([`zeroSignal ${1 + zeroSignalSteps}`]);
  });
});

it('a raised alarm ends and comes again only after quietSteps, whatever the steps are', () => {
  const step = fc.record({
    finite: fc.boolean(),
    truncated: fc.constantFrom(0, 64),
    maskedByShaping: fc.constantFrom(0, 8),
    withSignal: fc.constantFrom(0, 3),
    entropy: fc.constantFrom(2, 0.01, Number.NaN),
    phase: fc.constantFrom('sft' as const, 'hybrid' as const),
  });
  const calm = fc.array(fc.constant({}), { minLength: 0, maxLength: 70 });
  const run = fc.array(fc.oneof(fc.array(step, { maxLength: 30 }), calm), { maxLength: 12 });
  fc.assert(
    fc.property(run, (parts) => {
      const last = new Map<string, { told: boolean; step: number }>();
      for (const line of alarmsOf(parts.flat())) {
        const [kind = '', ...rest] = line.split(' ');
        const told = rest[0] !== 'over';
        const at = Number(rest.at(-1));
        const before = last.get(kind);
        expect(before?.told ?? false).toBe(!told);
        if (!told) expect(at - (before?.step ?? 0)).toBeGreaterThanOrEqual(quietSteps);
        last.set(kind, { told, step: at });
      }
    }),
  );
});

it('a state stored before alarms could be over is still read', () => {
  const { turned, ...alarms } = initialTrainerState().alarms;
  expect(trainerStateSchema.parse({ ...initialTrainerState(), alarms }).alarms.turned).toEqual(turned);
});
