// What scoring anew changes comes out the same whether whole groups are at hand or numbers that a host has told.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { RunConfig } from '../../../backend/protocol/run-config';
import type { RewardOutcome } from '../../../backend/protocol/sample';
import type { StoredFile } from '../../../backend/rewards/host/stored-samples';
import { batches } from '../../../backend/server/computation/rescore-batches';
import { RescoreTally } from '../../../backend/server/computation/rescore-tally';
import { RescoredDecisions } from '../../../backend/server/computation/rescored-decisions';
import { sampleFilePath } from '../../../backend/trainer/run-folder/sample-file';

let run: string;
beforeEach(() => {
  run = mkdtempSync(join(tmpdir(), 'superrl-tally-'));
  mkdirSync(join(run, 'samples'));
});
afterEach(() => rmSync(run, { recursive: true }));

function configWith(signal: 'reward' | 'posterior'): RunConfig {
  return {
    ...{ method: 'superrl', seed: 0, advantage: 'group', hybrid: { mix: 'gated' } },
    switch: {
      ...{ enabled: true, signal, reads: 'correctness', successAbove: 0 },
      ...{ posterior: { discount: 0.5, threshold: 0.5, confidence: 0.5 } },
    },
    rewards: [{ name: 'r', file: 'r.ts', weight: 1, role: 'correctness', timeoutMs: 5000 }],
  } as unknown as RunConfig;
}

const k = 2;
const outcome = fc.constantFrom<RewardOutcome>(
  { value: 0 },
  { value: 1 },
  { value: null },
  { invalid: 'threw', reason: 'Error: no' },
  { invalid: 'timeout', reason: 'too long' },
);
/** Outcomes before and after of each completion, two a group. */
const step = fc.array(fc.tuple(outcome, outcome, outcome, outcome), { maxLength: 4 });

function write(number: number, groups: readonly (readonly RewardOutcome[])[]): StoredFile {
  const lines = groups.flatMap((outcomes, group) => {
    const place = { step: number, group };
    const decision = {
      ...{ kind: 'sft', reason: '', passRate: 0, successes: 0, valid: k, k, solved: 'none', noSignal: false },
      ...{ maskedByShaping: false, missingDemonstration: false },
    };
    const source = { file: '/train.jsonl', row: group, rowHash: '' };
    const head = { kind: 'group', ...place, attempt: 0, promptId: `p${group}`, occurrence: 0, source };
    return [
      { ...head, prompt: '', question: '', answer: '1', columns: {}, demonstrations: ['1'], decision },
      ...outcomes.slice(0, k).map((r, index) => ({
        ...{ kind: 'completion', ...place, index, text: '', tokenIds: [1], rewards: { r } },
        ...{ reward: 0, correctness: 0, success: false, advantage: 0, stopReason: 'eos', truncated: false },
      })),
    ];
  });
  writeFileSync(sampleFilePath(run, number), lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
  return {
    groups: [...groups.keys()],
    sizes: groups.map(() => k),
    before: groups.flatMap((outcomes) =>
      outcomes.slice(0, k).map((r) => ('value' in r ? (r.value as number) : r.invalid)),
    ),
  };
}

it.each(['reward', 'posterior'] as const)('with the signal %s', (signal) => {
  let decided = 0;
  const property = fc.property(step, step, (first, second) => {
    const files = [write(1, first), write(2, second)];
    const outcomes = [...first, ...second].flatMap((each) => each.slice(k));
    const tally = () => new RescoreTally(run, 'r', new RescoredDecisions(configWith(signal), 'r', new Map()));
    const whole = tally();
    let at = 0;
    for (const { groups } of batches(run, [1, 2])) {
      const size = groups.length * k;
      whole.add(groups, outcomes.slice(at, at + size));
      at += size;
    }
    const told = tally();
    told.addStored([1, 2], { files, outcomes });
    expect(told.result()).toEqual(whole.result());
    expect(told.result().completions).toBe(outcomes.length);
    decided += told.result().decisionsChanged.length;
  });
  fc.assert(property, { numRuns: 60 });
  expect(decided).toBeGreaterThan(10);
});
