// What a dashboard is told: however the events come in batches, the page ends with the same series as one that asks
// anew; what a resume does again is forgotten; a long run is read fast and sent small.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { HostMessage } from '../../../../backend/protocol/dashboard';
import { type EventData, type EventType, type RunEvent, runEventSchema } from '../../../../backend/protocol/events';
import { appendSeries, type RunSeries } from '../../../../backend/protocol/run-series';
import { DashboardFeed } from '../../../../extension/dashboard/dashboard-feed';

let seq = 0;
const event = <T extends EventType>(type: T, data: EventData<T>): RunEvent =>
  ({ seq: ++seq, ts: seq, type, data }) as unknown as RunEvent;

function metrics(step: number, reward: number, progress = step / 1000): RunEvent {
  const values = { reward, loss: Number.isInteger(step / 3) ? ('NaN' as const) : step };
  return event('metrics', {
    ...{ step, values, usedTokens: step * 10, elapsedMs: step * 100, progress, epoch: 0 },
    phase: 'rl',
  });
}

function decision(step: number, kind: 'pg' | 'sft'): RunEvent {
  return event('decision', {
    ...{ step, group: 0, promptId: 'p', attempt: 0 },
    decision: {
      ...{ kind, reason: `because ${kind}`, passRate: 0, successes: 0, valid: 8, k: 8, solved: 'none' },
      ...{ noSignal: false, maskedByShaping: false, missingDemonstration: false },
    },
  });
}

/** What the page does with messages. */
function seriesAfter(messages: readonly HostMessage[], before?: RunSeries): RunSeries | undefined {
  let series = before;
  for (const message of messages) {
    if (message.kind === 'series') series = message.series;
    else if (message.kind === 'append' && series) series = appendSeries(series, message.series);
  }
  return series;
}

const marksOf = (messages: readonly HostMessage[]) => messages.find(({ kind }) => kind === 'marks');

describe('the feed', () => {
  it('makes the same series of any batches, resumes included, as of the whole', () => {
    const steps = fc.array(fc.nat(60), { minLength: 1, maxLength: 40 });
    fc.assert(
      fc.property(steps, fc.array(fc.nat(30), { maxLength: 3 }), (batches, resumes) => {
        const live = new DashboardFeed('/r');
        let page = seriesAfter(live.snapshot());
        const all: RunEvent[] = [];
        let step = 0;
        batches.forEach((size, index) => {
          const batch: RunEvent[] = [];
          for (let i = 0; i < size; i++) {
            step++;
            batch.push(decision(step, step % 2 === 0 ? 'pg' : 'sft'), metrics(step, Math.sin(step)));
          }
          const back = resumes[index];
          if (back !== undefined && back < step) {
            batch.push(event('resumed', { fromStep: back }));
            step = back;
          }
          all.push(...batch);
          live.addEvents(batch);
          page = seriesAfter(live.update(), page);
        });
        const whole = new DashboardFeed('/r');
        whole.addEvents(all);
        expect(page).toEqual(seriesAfter(whole.snapshot()));
      }),
    );
  });

  it('forgets the marks of steps that a resumed run does anew', () => {
    const feed = new DashboardFeed('/r');
    const checkpoint = (step: number) => event('checkpoint', { step, path: `c${step}`, best: false, bytes: 1 });
    feed.addEvents([checkpoint(10), checkpoint(20), event('resumed', { fromStep: 10 }), checkpoint(15)]);
    expect(marksOf(feed.update())).toMatchObject({ marks: { checkpoints: [{ step: 10 }, { step: 15 }] } });
  });

  it('an alarm stands until it is over, and again after a resume from before that', () => {
    const feed = new DashboardFeed('/r');
    const told = event('alarm', { step: 10, kind: 'zeroSignal', message: 'No signal.', advice: 'Give traces.' });
    const over = event('alarmOver', { step: 90, kind: 'zeroSignal', message: 'The alarm zeroSignal is over.' });
    feed.addEvents([told, over, { ...told, data: { ...told.data, step: 95 } } as typeof told]);
    const alarms = () => {
      const marks = marksOf(feed.snapshot());
      return marks?.kind === 'marks' ? marks.marks.alarms.map(({ step, overAt }) => [step, overAt]) : [];
    };
    expect(alarms()).toEqual([
      [10, 90],
      [95, undefined],
    ]);
    feed.addEvents([event('resumed', { fromStep: 50 })]);
    expect(alarms()).toEqual([[10, undefined]]);
  });

  it('leaves out of an evaluation what was not measured, since JSON has no word for it', () => {
    const feed = new DashboardFeed('/r');
    const values = { 'eval/greedy': 0.5, 'eval/pass@8': 'NaN' as const };
    feed.addEvents([event('evaluation', { step: 0, values, intervals: {}, prompts: 4, samples: 1, elapsedMs: 1 })]);
    const marks = marksOf(feed.update());
    expect(marks).toMatchObject({ marks: { evaluations: [{ values: { 'eval/greedy': 0.5 } }] } });
    expect(JSON.stringify(marks)).not.toContain('null');
  });

  it('sends only what changed', () => {
    const feed = new DashboardFeed('/r');
    feed.addEvents([metrics(1, 0)]);
    feed.snapshot();
    expect(feed.update()).toEqual([]);
    feed.addEvents([event('phase', { step: 1, phase: 'update', message: 'm' })]);
    expect(feed.update().map(({ kind }) => kind)).toEqual(['header']);
    feed.addEvents([metrics(2, 0)]);
    expect(feed.update().map(({ kind }) => kind)).toEqual(['header', 'append']);
  });

  it('sends the steps of a range at full resolution', () => {
    const feed = new DashboardFeed('/r');
    feed.addEvents(Array.from({ length: 3000 }, (_, index) => metrics(index + 1, index)));
    expect(seriesAfter(feed.snapshot())?.stepsPerBucket).toBe(4);
    feed.setRange([100, 199]);
    expect(seriesAfter(feed.update())).toMatchObject({ stepsPerBucket: 1, firstBucket: 99, buckets: 100 });
  });

  it('reads a run of 20,000 steps with 160,000 decisions within two seconds and sends less than 2 MB', () => {
    const lines: string[] = [];
    for (let step = 1; step <= 20_000; step++) {
      for (let group = 0; group < 8; group++) lines.push(JSON.stringify(decision(step, group % 2 ? 'pg' : 'sft')));
      lines.push(JSON.stringify(metrics(step, Math.sin(step / 50), step / 20_000)));
    }
    const events = lines.map((line) => runEventSchema.parse(JSON.parse(line)));
    const start = performance.now();
    const feed = new DashboardFeed('/r');
    for (let at = 0; at < events.length; at += 500) feed.addEvents(events.slice(at, at + 500));
    const series = seriesAfter(feed.snapshot())!;
    expect(performance.now() - start).toBeLessThan(2000);
    expect(series.buckets).toBeLessThanOrEqual(1000);
    expect(series.lastStep).toBe(20_000);
    const bytes = Object.values(series.columns).flatMap((column) => Object.values(column) as Float64Array[]);
    const total = bytes.reduce((sum, { byteLength }) => sum + byteLength, 0) + JSON.stringify(series.why).length;
    expect(total).toBeLessThan(2 * 1024 * 1024);
  });
});
