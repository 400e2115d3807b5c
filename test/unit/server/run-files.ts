// Run folders as a trainer leaves them, made up for tests of what reads them.
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RunEvent } from '../../../backend/protocol/events';
import type { SampleCompletion, SampleGroup, SampleLine } from '../../../backend/protocol/sample';
import { toJsonLine } from '../../../backend/trainer/run-folder/json-line';
import { sampleFilePath } from '../../../backend/trainer/run-folder/sample-file';
import { runRecord } from '../trainer/run-folder/run-record';

export function makeRun(): string {
  const run = mkdtempSync(join(tmpdir(), 'superrl-run-'));
  mkdirSync(join(run, 'samples'));
  writeFileSync(join(run, 'run.json'), JSON.stringify(runRecord('made-up')));
  return run;
}

export function writeEvents(run: string, events: readonly RunEvent[]): void {
  writeFileSync(join(run, 'events.jsonl'), events.map(toJsonLine).join(''));
}

export function writeSamples(run: string, step: number, lines: readonly SampleLine[]): void {
  writeFileSync(sampleFilePath(run, step), lines.map(toJsonLine).join(''));
}

export function metrics(seq: number, step: number): RunEvent {
  const data = { step, values: { reward: 0.5 }, usedTokens: 1, elapsedMs: 1, progress: 0.5, epoch: 0.1 };
  return { seq, ts: seq, type: 'metrics', data: { ...data, phase: 'hybrid' } };
}

export function group(
  step: number,
  index: number,
  row: number,
  decision: Partial<SampleGroup['decision']> = {},
): SampleGroup {
  return {
    kind: 'group',
    step,
    group: index,
    attempt: 0,
    promptId: `p${row}`,
    occurrence: 0,
    source: { file: '/data/train.jsonl', row, rowHash: `h${row}` },
    prompt: `prompt ${row}`,
    question: `question ${row}`,
    answer: String(row),
    columns: { question: `question ${row}`, note: '"reward":9,"correctness":9' },
    demonstrations: ['a trace'],
    decision: {
      kind: 'pg',
      reason: 'Because.',
      passRate: 0.5,
      successes: 1,
      valid: 2,
      k: 2,
      solved: 'some',
      noSignal: false,
      maskedByShaping: false,
      missingDemonstration: false,
      ...decision,
    },
  };
}

export function completion(
  step: number,
  index: number,
  at: number,
  reward: number | null,
  text = `text ${at}`,
): SampleCompletion {
  return {
    kind: 'completion',
    step,
    group: index,
    index: at,
    text,
    tokenIds: [1, 2, 3],
    rewards: { reversed: reward === null ? { invalid: 'threw', reason: 'No.' } : { value: reward } },
    reward,
    correctness: reward,
    success: (reward ?? 0) > 0,
    advantage: reward === null ? null : reward - 0.5,
    stopReason: 'eos',
    truncated: false,
  };
}
