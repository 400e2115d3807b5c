// The trainer's process from its parent's side: requests by message, errors before and after the run folder exists,
// a parent that goes away, and a process that dies without a word.
import { existsSync, readdirSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, describe, expect, it } from 'vitest';
import type { RunEvent } from '../../../backend/protocol/events';
import { requestControl } from '../../../backend/trainer/run-folder/control-file';
import { readEvents } from '../../../backend/trainer/run-folder/read-events';
import { readSummary } from '../../../backend/trainer/run-folder/run-json';
import { TinyTask } from './tiny-task';

const task = new TinyTask();
afterAll(() => task.remove());

const endless = { budget: { steps: 100_000 } };

function statesOf(folder: string): string[] {
  return [...readEvents(folder)].flatMap((event) => (event.type === 'state' ? [event.data.state] : []));
}

/** Resolves with the first event that fits, once it is in the log. */
async function logged(folder: string, fits: (event: RunEvent) => boolean): Promise<RunEvent> {
  for (;;) {
    const event = [...readEvents(folder)].find(fits);
    if (event) return event;
    await sleep(50);
  }
}

describe('the trainer process', () => {
  it('pauses, resumes, saves and stops by message', async () => {
    const trainer = await task.start(task.runFile(endless));
    const folder = await trainer.opened;
    await logged(folder, ({ type }) => type === 'metrics');
    trainer.request('pause', 'a test');
    await logged(folder, (event) => event.type === 'state' && event.data.state === 'paused');
    const steps = () => [...readEvents(folder)].filter(({ type }) => type === 'metrics').length;
    const held = steps();
    await sleep(300);
    expect(steps()).toBe(held);
    trainer.request('checkpoint', 'a test');
    trainer.request('resume', 'a test');
    await logged(folder, ({ type }) => type === 'checkpoint');
    trainer.request('stop', 'a test');
    expect(await trainer.ended).toEqual({ state: 'interrupted', error: undefined });
    expect(statesOf(folder)).toEqual(['preparing', 'running', 'paused', 'running', 'stopping', 'interrupted']);
    expect(readSummary(folder)).toMatchObject({ state: 'interrupted', reason: 'Stopped by a test.' });
  });

  it('stops by a request in the run folder, from any process', async () => {
    const trainer = await task.start(task.runFile(endless));
    const folder = await trainer.opened;
    await requestControl(folder, 'stop', 'superrl stop');
    expect((await trainer.ended).state).toBe('interrupted');
    expect(readSummary(folder)?.reason).toBe('Stopped by superrl stop.');
  });

  it('starts nothing for a mistake in the run file, and says which', async () => {
    const before = existsSync(task.runs) ? readdirSync(task.runs) : [];
    const trainer = await task.start(task.runFile({ data: { train: 'missing.jsonl' } }));
    await expect(trainer.opened).rejects.toThrow(/missing\.jsonl/);
    expect(await trainer.ended).toMatchObject({ state: 'failed', error: { code: 'data' } });
    expect(existsSync(task.runs) ? readdirSync(task.runs) : []).toEqual(before);
  });

  it('logs what fails a run, and hands it to the parent', async () => {
    const trainer = await task.start(task.runFile({ ...endless, update: { learningRate: 1e30, clipNorm: null } }));
    const folder = await trainer.opened;
    const { state, error } = await trainer.ended;
    expect(state).toBe('failed');
    expect(error).toMatchObject({ code: 'engine' });
    expect(error?.message).toMatch(/NaN or infinite in 3 steps in a row/);
    expect(statesOf(folder).at(-1)).toBe('failed');
    expect([...readEvents(folder)].some((event) => event.type === 'error' && event.data.code === 'engine')).toBe(true);
  });

  it('that dies leaves the run interrupted and resumable, and says how it died', async () => {
    const runFile = task.runFile({ budget: { steps: 40 }, checkpoint: { every: 5 } });
    const trainer = await task.start(runFile);
    const folder = await trainer.opened;
    await logged(folder, ({ type }) => type === 'checkpoint');
    trainer.kill();
    const { state, error } = await trainer.ended;
    expect(state).toBe('interrupted');
    expect(error?.message).toMatch(/was ended by SIGKILL.*go on with it by --resume/);
    expect([...readEvents(folder)].at(-1)?.type).toBe('interrupted');
    expect((await (await task.start(runFile, folder)).ended).state).toBe('finished');
  });
});
