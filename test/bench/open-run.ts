// What opening a finished run of 20,000 steps (180,002 events) costs without a window: the real server, the window's end
// of the socket, and the dashboard's feed; then the series that the page is sent. `npm run build && npm run bench -- open-run`
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { ServerRecord } from '../../backend/protocol/messages';
import { serverRecordName } from '../../backend/protocol/server-record';
import { DashboardFeed } from '../../extension/dashboard/dashboard-feed';
import { ServerConnection } from '../../extension/server/server-connection';
import { writeLongRun } from '../e2e/long-run';

const steps = 20_000;
const rounds = 3;

const folder = resolve('.cache/bench/open-run');
const run = join(folder, 'runs/long-20260101-000000');
if (!existsSync(join(run, 'events.jsonl'))) {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  await writeLongRun(run, steps);
}
const state = mkdtempSync(join(tmpdir(), 'superrl-bench-'));
const server = spawn(process.execPath, [resolve(process.env.DIST ?? 'dist', 'superrl.mjs'), 'serve'], {
  env: { ...process.env, XDG_STATE_HOME: state },
  stdio: ['ignore', 'pipe', 'inherit'],
});
await new Promise((started) => server.stdout.once('data', started));
const record: ServerRecord = JSON.parse(readFileSync(join(state, 'superrl', serverRecordName(false)), 'utf8'));
const connection = new ServerConnection({ findOrStart: async () => record, log: console.log });
await connection.connect();

/** Processor time of the server so far (0 where there is no /proc). */
function serverMs(): number {
  const stat = `/proc/${server.pid}/stat`;
  if (!existsSync(stat)) return 0;
  const fields = readFileSync(stat, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return 10 * (Number(fields[11]) + Number(fields[12]));
}

for (let round = 0; round < rounds; round++) {
  const feed = new DashboardFeed(run);
  let firstMs = 0;
  const serverBefore = serverMs();
  const cpuBefore = process.cpuUsage();
  const started = performance.now();
  await new Promise<void>((done, fail) => {
    const following = connection.follow(
      run,
      1,
      (events) => {
        firstMs ||= performance.now() - started;
        feed.addEvents(events);
        if (feed.lastStep < steps) return;
        following.dispose();
        done();
      },
      fail,
    );
  });
  const allMs = performance.now() - started;
  const { user, system } = process.cpuUsage(cpuBefore);
  const before = performance.now();
  const messages = feed.snapshot();
  const snapshotMs = performance.now() - before;
  console.log(
    `first events after ${firstMs.toFixed(0)} ms, all after ${allMs.toFixed(0)} ms ` +
      `(processor time: window ${((user + system) / 1000).toFixed(0)} ms, server ${serverMs() - serverBefore} ms); ` +
      `snapshot of ${messages.length} messages in ${snapshotMs.toFixed(0)} ms`,
  );
}
connection.close();
server.kill();
rmSync(state, { recursive: true, force: true });
