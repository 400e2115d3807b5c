// Runs through the server with real trainers: started, queued, followed, stopped, killed, resumed.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { type Client, killed, logLines, quick, Refused, ServerBench, until } from './served';

let bench: ServerBench;
beforeAll(() => {
  bench = new ServerBench();
});
afterEach(() => bench.reset());
afterAll(() => bench.close());

const pidOf = (run: string): number => JSON.parse(readFileSync(join(run, 'run.lock'), 'utf8')).pid;
const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return !readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') Z ');
  } catch {
    return false;
  }
};

it('refuses a run file with its mistakes and their places', async () => {
  await bench.start();
  const client = await bench.connect();
  const refused = client.request('startRun', { runFile: bench.runFile, overrides: ['method="superl"'] });
  await expect(refused).rejects.toMatchObject({
    error: { code: 'config', message: expect.stringContaining('superrl') },
  });
  await expect(client.request('startRun', { runFile: join(bench.folder, 'no.json') })).rejects.toMatchObject({
    error: { code: 'usage', message: expect.stringContaining('There is no file') },
  });
});

it('starts, follows live, queues the next, pauses, resumes, stops; every client sees every event once', async () => {
  await bench.start();
  const [first, second] = [await bench.connect(), await bench.connect()];
  const { run, queued } = await first.request('startRun', { runFile: bench.runFile, overrides: quick(100_000) });
  expect(queued).toBe(false);
  const behind = await second.request('startRun', { runFile: bench.runFile, overrides: quick(3) });
  expect(behind).toMatchObject({ queued: true, queueId: expect.any(String) });
  const runs = join(bench.folder, 'digits/runs');
  const listed = await second.request('listRuns', { directories: [runs] });
  expect(listed.runs[0]).toMatchObject({
    state: 'queued',
    name: 'digits',
    reason: expect.stringMatching(/^Waits for digits-/),
  });
  expect(listed.runs[1]).toMatchObject({ run, live: true, resumable: false });

  const following = [await first.follow(run!), await second.follow(run!, 3)];
  await until(() => following[0]!.events.some(({ type, data }) => type === 'metrics' && data.step >= 3) || undefined);
  await first.request('controlRun', { run: run!, action: 'pause' });
  const state = (wanted: string) =>
    until(() => following[1]!.events.findLast(({ type, data }) => type === 'state' && data.state === wanted));
  expect(await state('paused')).toMatchObject({ data: { reason: 'Paused by the editor.' } });
  await second.request('controlRun', { run: run!, action: 'resume' });
  await sleep(300);
  await first.request('controlRun', { run: run!, action: 'stop' });
  await state('interrupted');

  // The queued run takes its turn and finishes.
  await until(async () => {
    const { runs: now } = await second.request('listRuns', { directories: [runs] });
    return (
      (now.length === 2 && now.every(({ state: s }) => s !== 'queued') && now.some((r) => r.state === 'finished')) ||
      undefined
    );
  });
  const lines = logLines(run!).map((line) => JSON.parse(line));
  await until(() => following[0]!.events.length === lines.length || undefined);
  expect(following[0]!.events).toEqual(lines);
  expect(following[1]!.events).toEqual(lines.slice(2));
  expect(second.messages.some(({ kind }) => kind === 'runsChanged')).toBe(true);
});

it('outlives a trainer killed -9: the run is interrupted, resumable, and goes on', async () => {
  await bench.start();
  const client = await bench.connect();
  const { run } = await client.request('startRun', {
    runFile: bench.runFile,
    overrides: [...quick(100_000), 'checkpoint.every=2'],
  });
  const following = await client.follow(run!);
  await until(() => following.events.some(({ type }) => type === 'checkpoint') || undefined);
  process.kill(pidOf(run!), 'SIGKILL');
  const interrupted = await until(() => following.events.find(({ type }) => type === 'interrupted'));
  expect(interrupted).toMatchObject({ data: { reason: expect.stringContaining('SIGKILL') } });
  const { summary } = await client.request('readRun', { run: run! });
  expect(summary).toMatchObject({ state: 'interrupted', live: false, resumable: true });

  await client.request('resumeRun', { run: run! });
  const resumed = await until(() => following.events.find(({ type }) => type === 'resumed'));
  await until(() => following.events.some(({ seq, type }) => seq > resumed.seq && type === 'metrics') || undefined);
  await client.request('controlRun', { run: run!, action: 'stop' });
  await until(
    () => following.events.some(({ type, data }) => type === 'state' && data.state === 'interrupted') || undefined,
  );
  expect(following.seqs).toEqual(following.seqs.map((_, index) => index + 1));
  await until(async () => !(await client.request('readRun', { run: run! })).summary.live || undefined);
  await expect(client.request('controlRun', { run: run!, action: 'stop' })).rejects.toThrow(/not in progress/);
});

it('leaves no orphan when it is killed -9 itself: the trainer saves and ends; a new server resumes without a gap', async () => {
  const server = await bench.start();
  const before = await bench.connect();
  const { run } = await before.request('startRun', { runFile: bench.runFile, overrides: quick(100_000) });
  const seen = await before.follow(run!);
  await until(() => seen.events.some(({ type, data }) => type === 'metrics' && data.step >= 2) || undefined);
  const trainer = pidOf(run!);
  await killed(server);
  await until(() => !isAlive(trainer) || undefined);
  expect(logLines(run!).at(-1)).toContain('The process that started this run has gone.');
  expect(existsSync(join(run!, 'run.lock'))).toBe(false);

  await bench.start();
  const after = await bench.connect();
  await after.request('resumeRun', { run: run! });
  const rest = await after.follow(run!, seen.seqs.at(-1)! + 1);
  await until(() => rest.events.some(({ type }) => type === 'resumed') || undefined);
  await after.request('controlRun', { run: run!, action: 'stop' });
  await until(
    () =>
      rest.events.some(
        ({ seq, type, data }) =>
          seq > rest.events.find((e) => e.type === 'resumed')!.seq && type === 'state' && data.state === 'interrupted',
      ) || undefined,
  );
  const both = [...seen.events, ...rest.events];
  expect(both).toEqual(logLines(run!).map((line) => JSON.parse(line)));
});

it('runs that wait outlive their server, killed or told to end: the next one starts them', async () => {
  const killedServer = await bench.start();
  const first = await bench.connect();
  const { run } = await first.request('startRun', { runFile: bench.runFile, overrides: quick(100_000) });
  const seeds = [71, 72, 73];
  for (const seed of seeds) {
    await first.request('startRun', { runFile: bench.runFile, overrides: [...quick(2), `seed=${seed}`] });
  }
  const directories = [join(bench.folder, 'digits/runs')];
  const waiting = async (client: Client) =>
    (await client.request('listRuns', { directories })).runs.filter(({ state }) => state === 'queued');
  const [, second] = await waiting(first);
  await first.request('cancelQueued', { queueId: second!.queueId! });
  const trainer = pidOf(run!);
  await killed(killedServer);
  await until(() => !isAlive(trainer) || undefined);

  // The first that waited is live in the next server; told to end, that one leaves the last to its successor.
  const toldToEnd = await bench.start('--idle-seconds', '1');
  const next = await bench.connect();
  await until(async () => (await waiting(next)).length < 2 || undefined);
  toldToEnd.kill('SIGTERM');
  await until(() => toldToEnd.exitCode ?? undefined);

  await bench.start();
  const last = await bench.connect();
  const seedsOf = async () => {
    const { runs } = await last.request('listRuns', { directories });
    const records = await Promise.all(
      runs.filter(({ state }) => state !== 'queued').map(({ run: folder }) => last.request('readRun', { run: folder })),
    );
    return records.map(({ summary, record }) => ({
      seed: (record as { config: { seed: number } }).config.seed,
      state: summary.state,
    }));
  };
  await until(
    async () => (await seedsOf()).some(({ seed, state }) => seed === 73 && state === 'finished') || undefined,
  );
  const started = (await seedsOf()).map(({ seed }) => seed);
  expect(seeds.map((seed) => started.filter((other) => other === seed).length)).toEqual([1, 0, 1]);
  expect(await waiting(last)).toEqual([]);
  expect(JSON.parse(readFileSync(join(bench.state, 'queue-1.json'), 'utf8'))).toEqual({ format: 1, runs: [] });
});

it('follows and controls a run that was started in a terminal', async () => {
  const { startTrainer } = await import('../../../backend/trainer/trainer-process');
  const trainer = startTrainer(
    { kind: 'start', runFile: bench.runFile, overrides: quick(100_000) },
    { entry: join(bench.bundle, 'trainer.mjs') },
  );
  const run = await trainer.opened;
  await bench.start();
  const client = await bench.connect();
  const following = await client.follow(run);
  await until(() => following.events.some(({ type }) => type === 'metrics') || undefined);
  await client.request('controlRun', { run, action: 'stop' });
  expect(await trainer.ended).toMatchObject({ state: 'interrupted' });
  await until(
    () => following.events.some(({ type, data }) => type === 'state' && data.state === 'interrupted') || undefined,
  );
});

it('told to end, it lets trainers save first', async () => {
  const server = await bench.start();
  const client = await bench.connect();
  const { run } = await client.request('startRun', { runFile: bench.runFile, overrides: quick(100_000) });
  const closing = new Promise<number>((resolve) => client.socket.once('close', resolve));
  server.kill('SIGTERM');
  expect(await closing).toBe(4503);
  await until(() => server.exitCode ?? undefined);
  expect(server.exitCode).toBe(0);
  expect(logLines(run!).at(-1)).toContain('Stopped by the end of the server.');
});

it('is idle-stopped only without clients and runs', async () => {
  const server = await bench.start('--idle-seconds', '1');
  const client: Client = await bench.connect();
  await sleep(2500);
  expect(server.exitCode).toBeNull();
  client.socket.close();
  const left = performance.now();
  await until(() => server.exitCode ?? undefined);
  expect(performance.now() - left).toBeLessThan(4000);
  expect(existsSync(bench.recordFile())).toBe(false);
});

it('restricted: shows runs and refuses whatever executes', async () => {
  await bench.start('--read-only');
  const client = await bench.connect(bench.record(true));
  await until(() => client.messages[0]);
  expect(client.messages[0]).toMatchObject({ kind: 'hello', readOnly: true });
  const { runs } = await client.request('listRuns', { directories: [join(bench.folder, 'digits/runs')] });
  expect(runs.length).toBeGreaterThan(2);
  const refused: [Parameters<Client['request']>[0], object][] = [
    ['startRun', { runFile: bench.runFile }],
    ['resumeRun', { run: runs[0]!.run }],
    ['doctor', {}],
    ['debugReward', { rewardFile: 'x.ts', run: runs[0]!.run, step: 1, group: 0 }],
    ['runFixtures', { files: [] }],
  ];
  for (const [method, params] of refused) {
    const error = await client.request(method, params as never).catch((e: unknown) => e);
    expect(error, method).toBeInstanceOf(Refused);
    expect((error as Refused).error, method).toMatchObject({ code: 'unsupported' });
  }
});
