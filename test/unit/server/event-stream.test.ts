// A subscription gives exactly the file from any seq on, however the file grows meanwhile: no gap, no duplicate.
import { appendFileSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { serverMessageSchema } from '../../../backend/protocol/messages';
import { EventStream } from '../../../backend/server/event-stream';
import { toJsonLine } from '../../../backend/trainer/run-folder/json-line';
import { makeRun, metrics } from './run-files';

class Reader {
  readonly texts: string[] = [];
  readonly frames: number[] = [];
  readonly abort = new AbortController();
  readonly stream: EventStream;
  readonly flowing: Promise<void>;

  constructor(run: string, fromSeq: number, delayMs = 0) {
    this.stream = new EventStream({
      run,
      subscription: 5,
      fromSeq,
      signal: this.abort.signal,
      send: async (text) => {
        const message = serverMessageSchema.parse(JSON.parse(text));
        if (message.kind !== 'events') throw new Error(message.kind);
        expect(message).toMatchObject({ subscription: 5, run });
        this.frames.push(message.events.length);
        this.texts.push(...message.events.map(toJsonLine));
        if (delayMs > 0) await sleep(delayMs);
      },
    });
    this.flowing = this.stream.flow();
    this.flowing.catch(() => {});
  }

  async has(count: number, timeoutMs = 10_000): Promise<void> {
    for (const deadline = Date.now() + timeoutMs; this.texts.length < count && Date.now() < deadline; ) await sleep(5);
  }

  async end(): Promise<void> {
    this.abort.abort();
    await this.flowing;
  }
}

const lines = (count: number): string[] => Array.from({ length: count }, (_, i) => toJsonLine(metrics(i + 1, i)));

describe('EventStream', () => {
  it('gives the file from any seq on, while it is written in pieces of any size', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 60 }),
        fc.integer({ min: 0, max: 60 }),
        fc.integer({ min: 1, max: 70 }),
        fc.array(fc.integer({ min: 1, max: 2000 }), { maxLength: 12 }),
        async (count, before, fromSeq, cuts) => {
          const run = makeRun();
          const all = lines(count);
          const file = join(run, 'events.jsonl');
          writeFileSync(file, all.slice(0, before).join(''));
          const reader = new Reader(run, fromSeq);
          let rest = all.slice(before).join('');
          for (const cut of cuts) {
            appendFileSync(file, rest.slice(0, cut)); // torn lines between
            rest = rest.slice(cut);
            await sleep(1);
          }
          appendFileSync(file, rest);
          const wanted = all.slice(fromSeq - 1);
          await reader.has(wanted.length);
          await sleep(3);
          await reader.end();
          expect(reader.texts.join('')).toBe(wanted.join(''));
          if (fromSeq === 1) expect(reader.texts.join('')).toBe(readFileSync(file, 'utf8'));
          rmSync(run, { recursive: true });
        },
      ),
      { numRuns: 40 },
    );
  });

  it('waits for a log that is not there yet', async () => {
    const run = makeRun();
    const reader = new Reader(run, 1);
    await sleep(30);
    writeFileSync(join(run, 'events.jsonl'), lines(2).join(''));
    await reader.has(2);
    expect(reader.texts).toEqual(lines(2));
    await reader.end();
  });

  it('reads lines of several MiB, and sends replays in frames of bounded size', async () => {
    const run = makeRun();
    const note = {
      seq: 1,
      ts: 1,
      type: 'note',
      data: { step: 0, level: 'info', message: 'x'.repeat(3_000_000) },
    } as const;
    const many = Array.from({ length: 3000 }, (_, i) => toJsonLine(metrics(i + 2, i)));
    writeFileSync(join(run, 'events.jsonl'), toJsonLine(note) + many.join(''));
    const reader = new Reader(run, 1);
    await reader.has(3001);
    expect(reader.frames[0]).toBe(1);
    expect(reader.frames.length).toBeGreaterThan(1);
    expect(reader.texts).toHaveLength(3001);
    await reader.end();
  });

  it('stays at most 20,000 events ahead of a client that acknowledges', async () => {
    const run = makeRun();
    writeFileSync(join(run, 'events.jsonl'), lines(25_000).join(''));
    const reader = new Reader(run, 1);
    reader.stream.acknowledge(0);
    await reader.has(15_000);
    await reader.has(25_000, 300);
    const ahead = reader.texts.length;
    expect(ahead).toBeLessThanOrEqual(20_000);
    expect(ahead).toBeGreaterThan(15_000);
    reader.stream.acknowledge(6000);
    await reader.has(25_000);
    expect(reader.texts).toHaveLength(25_000);
    await reader.end();
  });

  it.each([
    ['is not JSON', '{"seq":2,'],
    ['is another event', toJsonLine(metrics(3, 1)).trim()],
  ])('ends with the line that %s', async (_what, bad) => {
    const run = makeRun();
    const [first] = lines(1);
    writeFileSync(join(run, 'events.jsonl'), `${first}${bad}\n`);
    const reader = new Reader(run, 1);
    await expect(reader.flowing).rejects.toThrow(/events\.jsonl:2: This line of the run's log is damaged/);
  });

  it('ends when the log is deleted', async () => {
    const run = makeRun();
    writeFileSync(join(run, 'events.jsonl'), lines(1).join(''));
    const reader = new Reader(run, 1);
    await reader.has(1);
    rmSync(join(run, 'events.jsonl'));
    await expect(reader.flowing).rejects.toThrow('The log of this run has been deleted.');
  });
});
