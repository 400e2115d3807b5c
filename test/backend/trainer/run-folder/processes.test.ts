// The run folder under real processes: races for the lock, writers killed at random instants, readers beside them.
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { EventTail } from '../../../../backend/trainer/run-folder/event-tail';
import { markInterrupted } from '../../../../backend/trainer/run-folder/open-run-ledger';
import { readEvents } from '../../../../backend/trainer/run-folder/read-events';
import { runLockState } from '../../../../backend/trainer/run-folder/run-lock';
import { runRecord } from '../../../unit/trainer/run-folder/run-record';

const here = fileURLToPath(new URL('./', import.meta.url));
let bundle: string;
let folder: string;
const children: ChildProcess[] = [];

beforeAll(async () => {
  bundle = mkdtempSync(join(tmpdir(), 'superrl-processes-'));
  await build({
    entryPoints: { racer: `${here}lock-racer.ts`, writer: `${here}log-writer.ts` },
    outdir: bundle,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
  });
});
afterAll(() => rmSync(bundle, { recursive: true, force: true }));
beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'superrl-run-')));
});
afterEach(async () => {
  await Promise.all(children.splice(0).map(kill));
  rmSync(folder, { recursive: true, force: true });
});

function start(name: 'racer' | 'writer', ...args: string[]): ChildProcess {
  const child = spawn(process.execPath, [join(bundle, `${name}.mjs`), folder, ...args], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  children.push(child);
  return child;
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await gone;
}

const says = (child: ChildProcess): Promise<string> =>
  new Promise((resolve) => child.stdout?.once('data', (data: Buffer) => resolve(data.toString().trim())));
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

describe('the lock', () => {
  async function race(count: number): Promise<ChildProcess> {
    const racers = Array.from({ length: count }, () => start('racer'));
    await Promise.all(racers.map(says));
    const results = racers.map(says);
    for (const racer of racers) racer.stdin?.write('go\n');
    const answers = await Promise.all(results);
    expect(answers.filter((answer) => answer === 'won')).toHaveLength(1);
    expect(answers.filter((answer) => answer === 'lost')).toHaveLength(count - 1);
    return racers[answers.indexOf('won')]!;
  }

  it('goes to exactly one of many, again and again, when free and after its holder was killed', async () => {
    for (let round = 0; round < 6; round++) {
      const winner = await race(6);
      expect(runLockState(folder)).toEqual({ state: 'alive', pid: winner.pid });
      await kill(winner);
      expect(runLockState(folder)).toEqual({ state: 'dead', pid: winner.pid });
      expect(readdirSync(folder)).toEqual(['run.lock']);
    }
  });
});

describe('a writer killed at random instants', () => {
  it('leaves a log that the next one goes on with: no gap, no duplicate, no torn line, all seen by a reader', async () => {
    writeFileSync(join(folder, 'run.json'), JSON.stringify(runRecord('a')));
    const stop = new AbortController();
    const seen: number[] = [];
    const following = (async () => {
      for await (const batch of new EventTail(folder, { pollMs: 10, signal: stop.signal })) {
        seen.push(...batch.map((event) => event.seq));
      }
    })();
    for (let round = 0; round < 8; round++) {
      const before = [...readEvents(folder)].length;
      const writer = start('writer', round === 0 ? 'create' : 'resume');
      while ([...readEvents(folder, before + 1)].length < 20) await pause(10);
      await pause(Math.random() * 60);
      await kill(writer);
    }
    expect(markInterrupted(folder, 'A test killed it.')).toBe(true);
    expect(markInterrupted(folder, 'A test killed it.')).toBe(false);
    const events = [...readEvents(folder)];
    expect(events.map((event) => event.seq)).toEqual(events.map((_, index) => index + 1));
    expect(events.filter((event) => event.type === 'interrupted')).toHaveLength(8);
    expect(events.at(-1)).toMatchObject({ data: { reason: 'A test killed it.' } });
    while (seen.length < events.length) await pause(10);
    stop.abort();
    await following;
    expect(seen).toEqual(events.map((event) => event.seq));
  });
});
