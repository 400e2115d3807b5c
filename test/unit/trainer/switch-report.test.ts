import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Decision } from '../../../backend/protocol/decision';
import type { RunEvent } from '../../../backend/protocol/events';
import { switchReport } from '../../../backend/trainer/switch-report';

let seq = 0;
function decided(step: number, promptId: string, kind: Decision['kind'], successes: number, valid = 4): RunEvent {
  const solved = successes === 0 ? 'none' : successes < valid ? 'some' : 'all';
  const decision: Decision = {
    ...{ kind, successes, valid, solved, reason: '', k: 4, passRate: valid === 0 ? null : successes / valid },
    ...{ noSignal: kind === 'pg' && solved !== 'some', maskedByShaping: false, missingDemonstration: kind === 'skip' },
  };
  return { seq: ++seq, ts: 0, type: 'decision', data: { step, group: 0, attempt: 0, promptId, decision } };
}
function measured(step: number, epoch: number): RunEvent {
  const data = { step, epoch, values: {}, usedTokens: 100 * step, elapsedMs: 10 * step, progress: 0 };
  return { seq: ++seq, ts: 0, type: 'metrics', data: { ...data, phase: 'hybrid' } };
}

describe('switchReport', () => {
  it('counts decisions by epoch', () => {
    const report = switchReport([
      ...[decided(1, 'a', 'sft', 0), decided(1, 'b', 'pg', 2), measured(1, 1)],
      ...[decided(2, 'a', 'pg', 4), decided(2, 'b', 'skip', 0), measured(2, 2)],
    ]);
    expect(report).toMatchObject({ steps: 2, groups: 4, usedTokens: 200, elapsedMs: 20 });
    expect(report.epochs).toEqual([
      {
        ...{ epoch: 0, groups: 2, noSignal: 0, maskedByShaping: 0 },
        ...{ kinds: { pg: 1, sft: 1, mix: 0, skip: 0 }, solved: { none: 1, some: 1, all: 0 } },
      },
      {
        ...{ epoch: 1, groups: 2, noSignal: 1, maskedByShaping: 0 },
        ...{ kinds: { pg: 1, sft: 0, mix: 0, skip: 1 }, solved: { none: 1, some: 0, all: 1 } },
      },
    ]);
  });

  it('tells what followed an unsolved group at the next visit, by whether a trace was used', () => {
    const report = switchReport([
      ...[decided(1, 'a', 'sft', 0), decided(1, 'b', 'skip', 0), decided(1, 'c', 'mix', 0), decided(1, 'd', 'pg', 0)],
      ...[decided(2, 'a', 'pg', 3), decided(2, 'b', 'pg', 1), decided(2, 'c', 'sft', 0)],
      ...[decided(3, 'a', 'pg', 4), decided(3, 'c', 'pg', 1)],
    ]);
    expect(report.afterTrace).toEqual({ unsolved: 3, seenAgain: 3, thenSolved: 2 });
    expect(report.withoutTrace).toEqual({ unsolved: 2, seenAgain: 1, thenSolved: 1 });
    expect(report.rescues.map(({ promptId, before, after }) => [promptId, before.step, after.step])).toEqual([
      ['a', 1, 2],
      ['c', 2, 3],
    ]);
  });

  it('a group sampled again in the same step is no later visit', () => {
    const report = switchReport([decided(1, 'a', 'skip', 0), decided(1, 'a', 'pg', 2), decided(2, 'a', 'pg', 2)]);
    expect(report.withoutTrace).toEqual({ unsolved: 1, seenAgain: 1, thenSolved: 1 });
  });

  it('groups without a valid completion are counted and say nothing of the prompt', () => {
    const report = switchReport([decided(1, 'a', 'skip', 0, 0), decided(2, 'a', 'pg', 2)]);
    expect(report).toMatchObject({ groups: 2, withoutTrace: { unsolved: 0, seenAgain: 0, thenSolved: 0 } });
  });

  it('expects the unsolved share of a smaller K as drawing K of the completions does', () => {
    const { unsolvedAt } = switchReport([
      decided(1, 'a', 'pg', 1),
      decided(1, 'b', 'sft', 0),
      decided(1, 'c', 'pg', 4),
    ]);
    // 1 of 4 succeeds: one draw fails with 3/4, two with 3/4 · 2/3.
    expect(unsolvedAt.map(({ k }) => k)).toEqual([1, 2, 4]);
    for (const [index, share] of [(0.75 + 1) / 3, (0.5 + 1) / 3, 1 / 3].entries()) {
      expect(unsolvedAt[index]?.share).toBeCloseTo(share, 12);
    }
  });

  it('a larger K never leaves more groups unsolved', () => {
    const group = fc.tuple(fc.integer({ min: 0, max: 4 }), fc.constantFrom('pg' as const, 'sft' as const));
    fc.assert(
      fc.property(fc.array(group, { minLength: 1 }), (groups) => {
        const events = groups.map(([successes, kind], index) => decided(1, String(index), kind, successes));
        const shares = switchReport(events).unsolvedAt.map(({ share }) => share);
        expect(shares).toEqual([...shares].sort((a, b) => b - a));
      }),
    );
  });

  it('an empty log is an empty report', () => {
    expect(switchReport([])).toMatchObject({ steps: 0, groups: 0, epochs: [], unsolvedAt: [], rescues: [] });
  });
});
