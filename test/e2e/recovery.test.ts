// What survives what: the server killed, the trainer killed, the extension host killed, two windows at once, and a run
// that was started in a terminal.
import { spawn, spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Editor, patient } from './editor';
import { counted, eventsOf, stateOf, stepsOf } from './run-folder';
import { smallRun } from './small-run';
import type { Workbench } from './workbench';

interface ServerRecord {
  readonly pid: number;
  readonly port: number;
}

describe('a run goes on, or can go on', () => {
  let editor: Editor;
  let workbench: Workbench;

  beforeEach(async () => {
    editor = await Editor.open({ workspace: smallRun() });
  });
  afterEach(async ({ task }) => {
    if (task.result?.state === 'fail') await editor.picture(task.name);
    await editor.close();
  });

  const run = () => editor.runs()[0]!;
  const record = (): ServerRecord => {
    const name = readdirSync(editor.state).find((file) => /^server-\d+\.json$/.test(file));
    return JSON.parse(readFileSync(join(editor.state, name!), 'utf8'));
  };
  /** Processes of the packed extension whose command line holds these words. */
  const processes = (...words: string[]) =>
    spawnSync('ps', ['-eo', 'pid=,args='], { encoding: 'utf8' })
      .stdout.split('\n')
      .filter((line) => line.includes(editor.root) && words.every((word) => line.includes(word)))
      .map((line) => Number(line.trim().split(' ')[0]));

  async function startRun(): Promise<void> {
    workbench = await editor.window();
    await startIn(workbench);
  }

  async function startIn(window: Workbench): Promise<void> {
    await window.startRunFile('small.superrl.json');
    await expect.poll(() => window.dashboard().step(), patient).toBeGreaterThan(25);
  }

  it('after the server was killed: interrupted with the reason, and resumed from the checkpoint', async () => {
    await startRun();
    const before = record().pid;
    process.kill(before, 'SIGKILL');
    await expect.poll(() => stateOf(run()), patient).toBe('interrupted');
    await expect.poll(() => workbench.dashboard().state.textContent(), patient).toBe('Interrupted');
    const done = stepsOf(run()).length;
    await workbench.dashboard().button('Resume').click();
    await expect.poll(() => stepsOf(run()).length, patient).toBeGreaterThan(done);
    expect(record().pid).not.toBe(before);
    await workbench.command('SuperRL: Stop');
    await expect.poll(() => stateOf(run()), patient).toBe('interrupted');
    expect(eventsOf(run()).findLast(({ type }) => type === 'state')?.data.reason).toContain('Stopped');
    expect(stepsOf(run())).toEqual(counted(stepsOf(run()).length));
    expect(eventsOf(run()).map(({ seq }) => seq)).toEqual(counted(eventsOf(run()).length));
  });

  it('after the trainer was killed: the server lives, the run says so and is resumed', async () => {
    await startRun();
    const server = record().pid;
    const [trainer] = processes('trainer.mjs');
    process.kill(trainer!, 'SIGKILL');
    await expect.poll(() => workbench.dashboard().state.textContent(), patient).toBe('Interrupted');
    expect(await workbench.dashboard().reason.textContent()).toMatch(/trainer/i);
    expect(record().pid).toBe(server);
    const done = stepsOf(run()).length;
    await workbench.dashboard().button('Resume').click();
    await expect.poll(() => stepsOf(run()).length, patient).toBeGreaterThan(done);
  });

  it('after the extension host was killed: nothing happens to the run, and it finishes', async () => {
    const steps = 1500;
    const { 'small.superrl.json': finite } = smallRun({ budget: { steps } });
    writeFileSync(join(editor.workspace, 'small.superrl.json'), finite ?? '');
    await startRun();
    const hosts = spawnSync('ps', ['-eo', 'pid=,ppid=,args='], { encoding: 'utf8' })
      .stdout.split('\n')
      .filter((line) => line.includes('--type=extensionHost') && line.includes(` ${editor.serverPid} `));
    for (const line of hosts) process.kill(Number(line.trim().split(/\s+/)[0]), 'SIGKILL');
    expect(hosts.length).toBeGreaterThan(0);
    expect(stateOf(run())).toBe('running');
    await expect.poll(() => stateOf(run()), patient).toBe('finished');
    expect(stepsOf(run())).toEqual(counted(steps));
    expect(eventsOf(run()).map(({ seq }) => seq)).toEqual(counted(eventsOf(run()).length));
  });

  it('with two windows that start at once: one server, both live', async () => {
    const [first, second] = await Promise.all([editor.window(), editor.window()]);
    await Promise.all([first.showView(), second.showView()]);
    await expect.poll(() => processes('superrl.mjs', 'serve').length, patient).toBe(1);
    await first.showExplorer();
    await startIn(first);
    expect(processes('superrl.mjs', 'serve')).toEqual([record().pid]);
    expect(await first.statusBarItem(/small-\d.*step/).count()).toBe(1);
    await second
      .treeRow(/small-\d.*running/)
      .first()
      .waitFor();
  });

  it('when it was started in a terminal: listed and followed live', async () => {
    const [extension] = readdirSync(join(editor.root, 'data/ext')).filter((name) => name.startsWith('superrl.'));
    const script = join(editor.root, 'data/ext', extension!, 'dist/superrl.mjs');
    const terminal = spawn(process.execPath, [script, 'train', 'small.superrl.json'], {
      cwd: editor.workspace,
      env: { ...process.env, XDG_STATE_HOME: join(editor.root, 'state') },
      stdio: 'ignore',
    });
    try {
      workbench = await editor.window();
      await workbench.startExtension();
      await workbench.showView();
      await workbench.openRun(/small-\d/);
      await expect.poll(() => workbench.dashboard().step(), patient).toBeGreaterThan(25);
      const before = await workbench.dashboard().step();
      await expect.poll(() => workbench.dashboard().step(), patient).toBeGreaterThan(before);
    } finally {
      terminal.kill('SIGKILL');
    }
  });
});
