// A live stream of 200 events a second, as a person leaves it open over night: the window keeps up, and the memory of
// extension host and webview stays flat. Thirty seconds here; `npm run bench:soak` runs ten minutes and prints the course.
import { spawnSync } from 'node:child_process';
import { cpus, loadavg } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Editor, patient } from './editor';
import { LiveRun } from './live-run';
import { HeapProbe, residentBytes } from './process-memory';
import type { Workbench } from './workbench';

const seconds = Number(process.env.SUPERRL_SOAK_SECONDS ?? 30);
const eventsPerSecond = 200;
/** Steps before the first measurement: every kind of event has been seen, every list has been shown. */
const warmUpSteps = 200;
/** A step's numbers and reasons are kept whole in the host, for the data table: at most this much each. */
const keptBytesPerStep = 1000;

interface Memory {
  readonly host: number;
  readonly webview: number;
}

describe('a live stream', { timeout: (seconds + 600) * 1000 }, () => {
  let editor: Editor;
  let workbench: Workbench;
  let run: LiveRun;

  beforeAll(async () => {
    editor = await Editor.open({ workspace: {}, environment: { NODE_OPTIONS: '--inspect-port=0' } });
    run = LiveRun.create(join(editor.workspace, 'runs/live-20260101-000000'));
    workbench = await editor.window();
    await workbench.startExtension();
    await workbench.showView();
    await workbench.openRun(/live.*running/);
  });
  afterEach(async ({ task }) => {
    if (task.result?.state === 'fail') await editor.picture(task.name);
  });
  afterAll(async () => {
    run?.stop();
    await editor?.close();
  });

  const hostPid = () =>
    Number(
      spawnSync('ps', ['-eo', 'pid=,ppid=,args='], { encoding: 'utf8' })
        .stdout.split('\n')
        .find((line) => line.includes('--type=extensionHost') && line.includes(` ${editor.serverPid} `))
        ?.trim()
        .split(/\s+/)[0],
    );

  it(`leaves memory flat for ${seconds} s`, async () => {
    run.start(eventsPerSecond);
    await expect.poll(() => workbench.dashboard().step(), patient).toBeGreaterThan(warmUpSteps);
    const probe = await HeapProbe.of(hostPid());
    const memory = async (): Promise<Memory> => ({
      host: await probe.usedBytes(),
      webview: await workbench.webviewHeapBytes(),
    });
    const firstStep = run.step;
    const before = await memory();
    const events = run.events;
    const start = performance.now();
    const course = [before];
    while (performance.now() - start < seconds * 1000) {
      await sleep(seconds * 100);
      course.push(await memory());
      tell(course.at(-1)!, (performance.now() - start) / 1000);
    }
    const rate = (run.events - events) / ((performance.now() - start) / 1000);
    run.stop();
    const stopped = performance.now();
    await expect.poll(() => workbench.dashboard().step(), { ...patient, interval: 20 }).toBe(run.step);
    const behindMs = performance.now() - stopped;
    const after = await memory();
    probe.close();
    console.log(
      `${rate.toFixed(0)} events/s for ${seconds} s (${run.step - firstStep} steps); the page had the last step ` +
        `${behindMs.toFixed(0)} ms after it was written; load ${loadavg()[0]?.toFixed(1)}`,
    );
    expect(rate).toBeGreaterThan(0.9 * eventsPerSecond);
    // A batch that the page has taken is followed by the next: however slow the machine, no queue builds up.
    expect(behindMs).toBeLessThan(5000 * Math.max(1, loadavg()[0]! / cpus().length));
    expect(after.host - before.host).toBeLessThan(4e6 + keptBytesPerStep * (run.step - firstStep));
    expect(after.webview - before.webview).toBeLessThan(4e6);
    expect(editor.errors).toEqual([]);
  });

  function tell({ host, webview }: Memory, atSeconds: number): void {
    const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(1)} MB`;
    console.log(
      `${atSeconds.toFixed(0)} s: heap of the extension host ${megabytes(host)} (resident ${megabytes(residentBytes(hostPid()))}), ` +
        `of the webview ${megabytes(webview)}`,
    );
  }
});
