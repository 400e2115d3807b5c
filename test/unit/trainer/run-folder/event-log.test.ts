// The event log as its writer and its readers see it: no gap, no duplicate, torn ends, resumed steps.
import { appendFileSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { RunEvent } from '../../../../backend/protocol/events';
import { dropSuperseded, lastState } from '../../../../backend/protocol/run-history';
import { EventLog } from '../../../../backend/trainer/run-folder/event-log';
import { EventTail } from '../../../../backend/trainer/run-folder/event-tail';
import { readEvents, readLastEvents } from '../../../../backend/trainer/run-folder/read-events';

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'superrl-log-'));
  file = join(folder, 'events.jsonl');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function appendNotes(messages: readonly string[]): void {
  const log = EventLog.open(file);
  for (const [index, message] of messages.entries()) log.append('note', { step: index, level: 'info', message });
  log.close();
}

const messages = (): string[] =>
  [...readEvents(folder)].map((event) => (event.type === 'note' ? event.data.message : ''));

// Each log that is opened and closed waits for the disk, which may be busy.
describe('EventLog', { timeout: 120_000 }, () => {
  it('numbers events from 1 without a gap, over reopenings, and keeps every text', () => {
    fc.assert(
      fc.property(fc.array(fc.array(fc.string({ unit: 'binary' })), { maxLength: 3 }), (sessions) => {
        rmSync(file, { force: true });
        for (const session of sessions) appendNotes(session);
        const events = [...readEvents(folder)];
        expect(events.map((event) => event.seq)).toEqual(events.map((_, index) => index + 1));
        expect(messages()).toEqual(sessions.flat());
      }),
      { numRuns: 8 },
    );
  });

  it('cuts a torn end, wherever it was torn, and goes on with the next seq', () => {
    appendNotes(['one', 'two', 'thrée']);
    const whole = readFileSync(file);
    const secondEnd = whole.indexOf('\n', whole.indexOf('\n') + 1) + 1;
    for (let length = secondEnd; length < whole.length; length++) {
      writeFileSync(file, whole.subarray(0, length));
      expect(messages()).toEqual(['one', 'two']); // readers ignore it, and change nothing
      const log = EventLog.open(file);
      expect(log.lastSeq).toBe(2);
      expect(log.append('note', { step: 9, level: 'info', message: 'after' }).seq).toBe(3);
      log.close();
      expect(messages()).toEqual(['one', 'two', 'after']);
    }
  });

  it('cuts what a power failure leaves: zeros, also with a newline behind them', () => {
    appendNotes(['one']);
    appendFileSync(file, `${'\0'.repeat(200_000)}\n${'\0'.repeat(50)}`);
    const log = EventLog.open(file);
    expect(log.lastSeq).toBe(1);
    log.close();
    expect(messages()).toEqual(['one']);
  });

  it('finds the end of a line longer than the piece it reads backwards', () => {
    appendNotes(['first', 'x'.repeat(300_000)]);
    truncateSync(file, readFileSync(file).length - 1);
    const log = EventLog.open(file);
    expect(log.lastSeq).toBe(1);
    log.close();
  });

  it('stores non-finite numbers as their names, never as null', () => {
    const log = EventLog.open(file);
    const values = { loss: Number.NaN, reward: Number.NEGATIVE_INFINITY } as unknown as Record<string, number>;
    const metrics = { step: 1, values, usedTokens: 1, elapsedMs: 1, progress: 0, epoch: 0, phase: 'rl' } as const;
    expect(() => log.append('metrics', metrics)).toThrow(/A metrics event holds what it must not/);
    log.append('metrics', { ...metrics, values: { loss: 'NaN', reward: '-Infinity' } });
    log.close();
    expect([...readEvents(folder)]).toMatchObject([{ data: { values: { loss: 'NaN', reward: '-Infinity' } } }]);
  });
});

describe('readEvents', () => {
  it('begins at fromSeq and reads logs larger than a piece', () => {
    appendNotes(Array.from({ length: 30 }, (_, index) => `${index}`.padEnd(100_000)));
    expect([...readEvents(folder, 29)].map((event) => event.seq)).toEqual([29, 30]);
    expect(readLastEvents(folder).map((event) => event.seq)).toEqual([29, 30]);
  });

  it('is empty without a log', () => {
    expect([...readEvents(folder)]).toEqual([]);
    expect(readLastEvents(folder)).toEqual([]);
  });

  it('names file and line of a damaged line', () => {
    appendNotes(['one']);
    appendFileSync(file, '{"seq":2}\n');
    expect(() => [...readEvents(folder)]).toThrow(
      new RegExp(`${file}:2: This line is not an event that this version of SuperRL knows; update it, or restore`),
    );
  });
});

const metric = (seq: number, step: number): RunEvent => ({
  seq,
  ts: 0,
  type: 'metrics',
  data: { step, values: {}, usedTokens: 0, elapsedMs: 0, progress: 0, epoch: 0, phase: 'rl' },
});
const resumed = (seq: number, fromStep: number): RunEvent => ({ seq, ts: 0, type: 'resumed', data: { fromStep } });

describe('dropSuperseded', () => {
  it('leaves each step at most once, ascending, whatever was redone', () => {
    const attempt = fc.record({ back: fc.nat(10), steps: fc.nat(10) });
    fc.assert(
      fc.property(fc.array(attempt, { maxLength: 6 }), (attempts) => {
        const log: RunEvent[] = [];
        let step = 0;
        for (const { back, steps } of attempts) {
          if (log.length > 0) {
            step = Math.max(0, step - back);
            log.push(resumed(log.length + 1, step));
          }
          for (let index = 0; index < steps; index++) log.push(metric(log.length + 1, ++step));
        }
        const kept = dropSuperseded(log).flatMap((event) => (event.type === 'metrics' ? [event.data.step] : []));
        expect(kept).toEqual(Array.from({ length: step }, (_, index) => index + 1));
      }),
    );
  });
});

describe('lastState', () => {
  it('takes the newest of state, interrupted and resumed, at the newest step', () => {
    const state: RunEvent = { seq: 1, ts: 0, type: 'state', data: { state: 'running', step: 0 } };
    const interrupted: RunEvent = { seq: 3, ts: 0, type: 'interrupted', data: { step: 4, reason: 'why' } };
    expect(lastState([])).toBeUndefined();
    expect(lastState([state, metric(2, 4)])).toEqual({ state: 'running', step: 4 });
    expect(lastState([state, metric(2, 4), interrupted])).toEqual({ state: 'interrupted', step: 4, reason: 'why' });
    expect(lastState([state, metric(2, 4), interrupted, resumed(4, 2)])).toEqual({ state: 'preparing', step: 2 });
  });
});

describe('EventTail', () => {
  it('gives every event once and in order while the log grows, is torn, and is cut', async () => {
    const stop = new AbortController();
    const seen: number[] = [];
    const following = (async () => {
      for await (const batch of new EventTail(folder, { fromSeq: 2, pollMs: 20, signal: stop.signal })) {
        seen.push(...batch.map((event) => event.seq));
        if (seen.at(-1) === 8) stop.abort();
      }
    })();
    const pause = () => new Promise((resolve) => setTimeout(resolve, 30));
    await pause();
    appendNotes(['1', '2', '3']);
    await pause();
    appendFileSync(file, '{"seq":4,"ts":1,"type":"no'); // a writer dies here
    await pause();
    appendNotes(['4', '5']); // the next one cuts and goes on
    await pause();
    appendNotes(['6', '7', '8']);
    await following;
    expect(seen).toEqual([2, 3, 4, 5, 6, 7, 8]);
  });
});
