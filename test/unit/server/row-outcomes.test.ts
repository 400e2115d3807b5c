// The newest outcome a dataset row, over growing, replaced and outdated sample files.
import { describe, expect, it } from 'vitest';
import { groupOutcomes, RowOutcomes } from '../../../backend/server/row-outcomes';
import { toJsonLine } from '../../../backend/trainer/run-folder/json-line';
import { completion, group, makeRun, metrics, writeEvents, writeSamples } from './run-files';

const signal = new AbortController().signal;

describe('RowOutcomes', () => {
  it('keeps the newest group of a row, and counts all decisions', async () => {
    const run = makeRun();
    writeEvents(run, [metrics(1, 1)]);
    writeSamples(run, 1, [
      group(1, 0, 7),
      completion(1, 0, 0, 1),
      completion(1, 0, 1, 0),
      group(1, 1, 3, { kind: 'sft', successes: 0 }),
      completion(1, 1, 0, null),
    ]);
    const outcomes = new RowOutcomes(run);
    expect((await outcomes.rows({ afterStep: -1 }, signal)).rows).toMatchObject([
      { row: 3, decision: 'sft', solved: 0, k: 2, lastReward: null, decisions: { sft: 1 } },
      {
        row: 7,
        decision: 'pg',
        solved: 1,
        k: 2,
        lastReward: 0.5,
        decisions: { pg: 1 },
        step: 1,
        group: 0,
        promptId: 'p7',
      },
    ]);
    writeEvents(run, [metrics(1, 1), metrics(2, 2)]);
    writeSamples(run, 2, [group(2, 0, 7, { kind: 'skip' })]);
    expect((await outcomes.rows({ afterStep: 1 }, signal)).rows).toMatchObject([
      { row: 7, decision: 'skip', step: 2, lastReward: null, decisions: { pg: 1, skip: 1 } },
    ]);
  });

  it('reads a replaced file again, and forgets steps that a resume has undone', async () => {
    const run = makeRun();
    writeEvents(
      run,
      [1, 2, 3].map((step) => metrics(step, step)),
    );
    for (const step of [1, 2, 3]) writeSamples(run, step, [group(step, 0, step), completion(step, 0, 0, 0)]);
    const outcomes = new RowOutcomes(run);
    expect((await outcomes.rows({ afterStep: -1 }, signal)).rows.map(({ row }) => row)).toEqual([1, 2, 3]);
    writeEvents(run, [
      ...[1, 2, 3].map((step) => metrics(step, step)),
      { seq: 4, ts: 4, type: 'resumed', data: { fromStep: 1 } },
    ]);
    writeSamples(run, 2, [group(2, 0, 20), completion(2, 0, 0, 1, 'a longer text')]);
    expect((await outcomes.rows({ afterStep: -1 }, signal)).rows).toMatchObject([
      { row: 1 },
      { row: 20, lastReward: 1 },
    ]);
  });

  it('reads the reward at its place, whatever a text says, and parses lines of another shape', () => {
    const fake = '","reward":7,"correctness":7,"success":true,"advantage":7,"stopReason":"eos","truncated":false}';
    const odd = { ...completion(1, 0, 1, 0.25), extra: 1 };
    const lines = [group(1, 0, 1), completion(1, 0, 0, -1.5e-7, fake), odd].map((line) => toJsonLine(line)).join('');
    expect(groupOutcomes(lines)).toMatchObject([{ lastReward: (0.25 - 1.5e-7) / 2 }]);
  });
});
