// `superrl train` with its real trainer process: exit codes, Ctrl-C once and twice, stop, a killed trainer,
// resume, and what is shown.
import type { ChildProcess } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type RunEvent, runEventSchema } from '../../../backend/protocol/events';
import { dropSuperseded } from '../../../backend/protocol/run-history';
import { runLockState } from '../../../backend/trainer/run-folder/run-lock';
import { endOf, printed, SuperRlProgram } from './superrl-program';

let superrl: SuperRlProgram;
beforeAll(() => {
  superrl = new SuperRlProgram();
  const rows = Array.from({ length: 20 }, (_, index) => {
    const answer = [...String(index * 37)].reverse().join('');
    return `${JSON.stringify({ prompt: `${index * 37}>`, answer, trace: answer })}\n`;
  });
  writeFileSync(join(superrl.folder, 'train.jsonl'), rows.join(''));
  writeFileSync(
    join(superrl.folder, 'reverse.superrl.json'),
    JSON.stringify({
      name: 'reverse',
      model: { scratch: { hidden: 32, layers: 1, heads: 2, context: 32 } },
      data: { train: 'train.jsonl', eval: 'train.jsonl' },
      traces: { map: { demonstration: 'trace' } },
      rewards: [{ name: 'reversed', use: 'exact' }],
      rollout: { promptsPerStep: 4, k: 4, maxNewTokens: 4 },
      eval: { every: 2, prompts: 4, samples: 2, k: [1, 2] },
      checkpoint: { every: 2 },
      budget: { steps: 4 },
    }),
  );
});
afterAll(() => superrl.remove());

const long = ['--set', 'budget={"steps":100000}', '--set', 'eval.every=0'];
const runsOf = (name: string): string => join(superrl.folder, name);
const start = (runs: string, ...more: string[]): ChildProcess =>
  superrl.start(['train', 'reverse.superrl.json', '--runs', runs, ...more]);
const onlyRun = (runs: string): string =>
  join(runsOf(runs), readdirSync(runsOf(runs)).find((name) => name.startsWith('reverse-'))!);
const logOf = (run: string): RunEvent[] =>
  readFileSync(join(run, 'events.jsonl'), 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => runEventSchema.parse(JSON.parse(line)));
const stepsOf = (events: readonly RunEvent[]): number[] =>
  events.flatMap((event) => (event.type === 'metrics' ? [event.data.step] : []));

describe('a run to its end', () => {
  it('prints a line a step, exits with 0, and leaves a whole run folder', async () => {
    const { code, out, err } = await endOf(start('done'));
    expect(err).toBe('Preparing: data, model, rewards…\n');
    expect(code).toBe(0);
    const run = onlyRun('done');
    expect(out).toMatch(/^reverse-\d{8}-\d{6} {2}superrl · onnx on /);
    expect(out.match(/^step \d\/4 .*$/gm)).toHaveLength(4);
    expect(out).toContain('held-out at step 4: pass@1');
    expect(out).toContain('saved checkpoints/step-000004');
    expect(out.trimEnd().split('\n').at(-1)).toBe(`Finished. The run is in ${run}`);
    expect(readdirSync(run).sort()).toEqual(
      expect.arrayContaining(['checkpoints', 'events.jsonl', 'run.json', 'samples', 'summary.json']),
    );
    expect(existsSync(join(run, 'run.lock'))).toBe(false);
    expect(readdirSync(join(run, 'samples'))).toHaveLength(4);
    expect(readFileSync(join(runsOf('done'), '.gitignore'), 'utf8')).toBe('*\n');
    const events = logOf(run);
    expect(events.map(({ seq }) => seq)).toEqual(events.map((_, index) => index + 1));
    expect((await superrl.run('runs', '--runs', 'done')).out).toMatch(/finished {2}superrl {5}4 {3}100 %/);
  });

  it('reports what its switch did', async () => {
    const run = onlyRun('done');
    const { code, out } = await superrl.run('report', run, '--json');
    expect(code).toBe(0);
    const report = JSON.parse(out);
    const decisions = logOf(run).filter(({ type }) => type === 'decision');
    expect(report).toMatchObject({ run: basename(run), method: 'superrl', steps: 4, groups: decisions.length });
    expect((await superrl.run('report', 'reverse', 'reverse', '--runs', 'done')).out).toMatch(
      /^RUN .*\nreverse-.*\nreverse-.*\n\nreverse-[\s\S]*An unsolved group, and the next group/,
    );
  });

  it('evaluates and samples its checkpoint', async () => {
    const run = onlyRun('done');
    const { code, out } = await superrl.run('eval', run, '--prompts', '3', '--json');
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ prompts: 3, samples: 2, values: { 'eval/greedy': expect.any(Number) } });
    expect(await superrl.run('sample', run, '--prompt', '37>', '--greedy', '--max-new-tokens', '4')).toMatchObject({
      code: 0,
    });
    const record = JSON.parse(readFileSync(join(run, 'run.json'), 'utf8'));
    record.config.rollout.stop = [...'0123456789>'];
    writeFileSync(join(run, 'run.json'), JSON.stringify(record));
    const { out: stopped } = await superrl.run('sample', run, '--prompt', '37>', '--greedy', '--json');
    expect(JSON.parse(stopped)).toMatchObject({ text: '', tokenIds: [expect.any(Number)] });
    expect((await superrl.run('eval', run, '--step', '77')).err).toMatch(
      /This run has no checkpoint of step 77. There are steps /,
    );
  });

  it('prints its events with --json', async () => {
    const { code, out } = await endOf(start('json', '--json'));
    expect(code).toBe(0);
    const events = out
      .trimEnd()
      .split('\n')
      .map((line) => runEventSchema.parse(JSON.parse(line)));
    expect(events).toEqual(logOf(onlyRun('json')));
  });
});

it('a run whose budget is used goes further by --resume --set, and shows it', async () => {
  expect((await endOf(start('further', '--set', 'budget.steps=1'))).code).toBe(0);
  const run = onlyRun('further');
  const { code, out } = await superrl.run('train', run, '--resume', '--set', 'budget.steps=3', '--set', 'eval.every=3');
  expect(code).toBe(0);
  expect(out).toContain('Changed on resume: budget.steps 1 → 3, eval.every 2 → 3.\n');
  expect(out.match(/^step \d\/3 .*$/gm)).toHaveLength(2);
  expect(stepsOf(logOf(run))).toEqual([1, 2, 3]);
  expect(await superrl.run('train', run, '--resume', '--set', 'seed=2')).toMatchObject({
    code: 2,
    err: expect.stringMatching(
      /^error: --set seed=2: a run goes on with the configuration that made its steps so far\. /,
    ),
  });
});

describe('Ctrl-C', () => {
  it('once finishes the step, saves and exits with 130; --resume goes on; stop asks from elsewhere', async () => {
    const child = start('once', ...long);
    const ended = endOf(child);
    await printed(child, /^step 3\//m);
    child.kill('SIGINT');
    const { code, out, err } = await ended;
    const run = onlyRun('once');
    expect(err).toContain('Finishing the step and saving; Ctrl-C again ends at once\n');
    expect(out).toContain(`Stopped and saved. Go on with: superrl train ${run} --resume\n`);
    expect(code).toBe(130);
    const stopped = Math.max(...stepsOf(logOf(run)));
    expect(readdirSync(join(run, 'checkpoints'))).toContain(`step-${String(stopped).padStart(6, '0')}`);

    const resumed = superrl.start(['train', 'reverse.superrl.json', '--runs', 'once', '--resume']);
    const resumedEnd = endOf(resumed);
    await printed(resumed, new RegExp(`^step ${stopped + 2}/`, 'm'));
    expect(await superrl.run('train', run, '--resume')).toMatchObject({
      code: 1,
      err: expect.stringContaining('error: This run is in progress (process '),
    });
    expect(await superrl.run('stop', 'reverse', '--runs', 'once')).toMatchObject({
      code: 0,
      out: expect.stringMatching(/^reverse-\S+ is interrupted at step \d+.\n$/),
    });
    const { code: resumedCode, out: resumedOut } = await resumedEnd;
    expect(resumedCode).toBe(130);
    expect(resumedOut).toContain(`resumed from step ${stopped}\n`);
    expect(resumedOut).not.toMatch(/^step 1\//m);
    const steps = stepsOf(logOf(run));
    expect(steps).toEqual(steps.map((_, index) => index + 1)); // nothing redone, nothing missing
    expect(await superrl.run('stop', run)).toMatchObject({
      code: 1,
      err: expect.stringContaining('is not running (interrupted); there is nothing to stop.'),
    });
  });

  it('twice ends at once with 130, and the log says so', async () => {
    const child = start('twice', ...long, '--set', 'rollout.promptsPerStep=512', '--set', 'rollout.k=16');
    const ended = endOf(child);
    await printed(child, /^reverse-/m);
    child.kill('SIGINT');
    await new Promise((resolve) => setTimeout(resolve, 100));
    child.kill('SIGINT');
    const { code, out } = await ended;
    expect(code).toBe(130);
    expect(out).toMatch(/Ended at once. Go on with: superrl train .* --resume\n$/);
    const run = onlyRun('twice');
    expect(logOf(run).at(-1)).toMatchObject({ type: 'interrupted' });
    expect(runLockState(run)).toEqual({ state: 'free' });
  });
});

describe('a trainer that dies', () => {
  it('is reported with what to do, exit code 1, and can be resumed with each step once', async () => {
    const child = start('killed', ...long, '--set', 'checkpoint.every=2');
    const ended = endOf(child);
    await printed(child, /^step 5\//m);
    const run = onlyRun('killed');
    const lock = runLockState(run);
    if (lock.state !== 'alive') throw new Error('The trainer holds no lock.');
    process.kill(lock.pid, 'SIGKILL');
    const { code, err } = await ended;
    expect(code).toBe(1);
    expect(err).toMatch(/error: The trainer's process was ended by SIGKILL\..*go on with it by --resume\./);
    expect(logOf(run).at(-1)).toMatchObject({ type: 'interrupted' });
    expect((await superrl.run('runs', '--runs', 'killed')).out).toContain('interrupted');

    const resumed = superrl.start(['train', run, '--resume']);
    const resumedEnd = endOf(resumed);
    await printed(resumed, /^step 8\//m);
    resumed.kill('SIGTERM'); // as Ctrl-C
    expect((await resumedEnd).code).toBe(130);
    const steps = stepsOf(dropSuperseded(logOf(run)));
    expect(steps).toEqual(steps.map((_, index) => index + 1));
  });

  it('saves and ends when its parent is killed', async () => {
    const child = start('orphan', ...long);
    const ended = endOf(child);
    await printed(child, /^step 2\//m);
    const run = onlyRun('orphan');
    child.kill('SIGKILL');
    await ended;
    const deadline = Date.now() + 20_000;
    while (runLockState(run).state !== 'free' && Date.now() < deadline)
      await new Promise((resolve) => setTimeout(resolve, 100));
    expect(logOf(run).at(-1)).toMatchObject({ type: 'state', data: { state: 'interrupted' } });
    expect(readdirSync(join(run, 'checkpoints')).length).toBeGreaterThan(0);
  });
});

describe('what a person gets wrong', () => {
  it.each([
    [['--set', 'data.train=none.jsonl'], 1, 'none.jsonl'],
    [['--set', 'model=nowhere'], 1, 'there is no such model folder'],
    [['--set', 'rewards=[]'], 2, 'needs a reward of role "correctness"'],
    [['--set', 'rollout.maxNewTokens=64'], 2, 'rollout.maxNewTokens 64 leaves no room for a prompt'],
  ])('%j', async (args, exitCode, message) => {
    const { code, err } = await endOf(start('wrong', ...args));
    expect(err).toContain(message);
    expect(err).not.toMatch(/\n {4}at /);
    expect(code).toBe(exitCode);
    expect(existsSync(runsOf('wrong'))).toBe(false); // nothing was started
  });

  it('a runs directory that can not be written', async () => {
    const { code, err } = await superrl.run('train', 'reverse.superrl.json', '--runs', 'train.jsonl');
    expect(err).toMatch(
      /error: .*train\.jsonl is a file where a folder should be\. Remove it, or choose another folder with --runs\./,
    );
    expect(code).toBe(1);
  });

  // A limit on the size of files stands for a full disk: writes fail in the same way.
  it.each([
    ['an event', 'events', 16, ['--set', 'checkpoint.every=0']],
    ['a checkpoint', 'checkpoint', 30, ['--set', 'checkpoint.every=1']],
  ])('a disk that is full at %s: plain words, whole files, and the run resumes', async (_what, runs, limitKb, more) => {
    const args = ['train', 'reverse.superrl.json', '--runs', runs, ...long, ...more];
    const { code, err } = await endOf(superrl.start(args, { fileLimitKb: limitKb }));
    expect(err).toMatch(
      /error: \S.* reached the file size limit of this system .* What was written before is safe\.\n$/,
    );
    expect(err).not.toMatch(/\n {4}at /);
    expect(code).toBe(1);
    const run = onlyRun(runs);
    const events = logOf(run);
    expect(events.length).toBeGreaterThan(3);
    expect(readdirSync(join(run, 'checkpoints')).filter((name) => name.endsWith('.tmp'))).toEqual([]);
    expect(runLockState(run)).toEqual({ state: 'free' });

    const resumed = superrl.start(['train', run, '--resume']);
    const resumedEnd = endOf(resumed);
    await printed(resumed, /^step 3\//m);
    resumed.kill('SIGINT');
    expect((await resumedEnd).code).toBe(130);
    const steps = stepsOf(dropSuperseded(logOf(run)));
    expect(steps).toEqual(steps.map((_, index) => index + 1));
  });
});
