// Strangers and clients that misbehave: each is refused with a reason, and none keeps the server from serving.

import { readFileSync, statSync } from 'node:fs';
import { connect as connectTcp, type Socket } from 'node:net';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import WebSocket from 'ws';
import type { ServerRecord } from '../../../backend/protocol/messages';
import { makeRun, metrics, writeEvents } from '../../unit/server/run-files';
import { type Client, ServerBench, until } from './served';

let bench: ServerBench;
let record: ServerRecord;
let pid: number;
beforeAll(async () => {
  bench = new ServerBench();
  pid = (await bench.start()).pid!;
  record = bench.record();
});
afterAll(() => bench.close());

/** Status and text of a refused upgrade. */
function refusal(headers: Record<string, string>): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(`ws://127.0.0.1:${record.port}`, { headers });
    socket.on('open', () => reject(new Error('let in')));
    socket.on('error', () => {});
    socket.on('unexpected-response', (_request, response) => {
      response.setEncoding('utf8').on('data', (text: string) => resolve(`${response.statusCode} ${text.trim()}`));
    });
  });
}

function closing(client: Client): Promise<string> {
  return new Promise((resolve) => client.socket.once('close', (code, reason) => resolve(`${code} ${reason}`)));
}

async function answersIn(client: Client): Promise<number> {
  const started = performance.now();
  await client.request('listRuns', { directories: [] });
  return performance.now() - started;
}

const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

it('keeps its record from others, and its token out of argv', () => {
  expect(statSync(bench.recordFile()).mode & 0o777).toBe(0o600);
  expect(statSync(dirname(bench.recordFile())).mode & 0o777).toBe(0o700);
  expect(readFileSync(`/proc/${pid}/cmdline`, 'utf8')).not.toContain(record.token);
  expect(record).toMatchObject({ pid, protocol: 1, readOnly: false });
});

it('refuses browsers, other hosts, and wrong or missing tokens', async () => {
  expect(await refusal({ ...bearer(record.token), origin: 'http://127.0.0.1' })).toMatch(/^403 Browsers/);
  expect(await refusal({ ...bearer(record.token), host: `localhost:${record.port}` })).toMatch(/^403 The host must be/);
  expect(await refusal({})).toBe('401 The token is missing or wrong.');
  expect(await refusal(bearer('0'.repeat(64)))).toBe('401 The token is missing or wrong.');
});

it('answers plain HTTP with nothing but "upgrade"', async () => {
  const response = await fetch(`http://127.0.0.1:${record.port}/`, { headers: bearer(record.token) });
  expect([response.status, await response.text()]).toEqual([426, 'WebSocket only.\n']);
});

it('ends a connection at a frame that is no message, saying why', async () => {
  for (const frame of ['{"kind":', '[]', '"request"', '{"kind":"request"}', Buffer.from([1, 2, 3])]) {
    const client = await bench.connect();
    const closed = closing(client);
    client.socket.send(frame);
    expect(await closed).toMatch(/^4400 A frame was n/);
  }
});

it('answers what it can with typed errors, and stays', async () => {
  const client = await bench.connect();
  const answers: unknown[] = [];
  client.onMessage((message) => {
    if (message.kind === 'response' && !message.ok) answers.push([message.id, message.error.code]);
  });
  client.send({ kind: 'request', id: 101, method: 'format', params: {} });
  client.send({ kind: 'request', id: 102, method: '__proto__', params: {} });
  client.send({ kind: 'request', id: 103, method: 'readRun', params: { run: 5 } });
  client.send({ kind: 'request', id: 104, method: 'subscribe', params: { run: '/nowhere', fromSeq: 1 } });
  client.send({ kind: 'ask', id: 105 });
  client.send({ kind: 'cancel', id: 4711 });
  await until(() => answers.length === 5 || undefined);
  expect(Object.fromEntries(answers as [number, string][])).toEqual({
    101: 'unknownMethod',
    102: 'unknownMethod',
    103: 'badParams',
    104: 'run',
    105: 'badParams',
  });
  expect(await answersIn(client)).toBeLessThan(1000);
});

it('takes no frame of 100 MB', async () => {
  const client = await bench.connect();
  const before = residentMb(pid);
  const closed = closing(client);
  client.socket.on('error', () => {});
  client.socket.send(Buffer.alloc(100 * 1024 * 1024, 0x20));
  expect(await closed).toMatch(/^(1009|1006)/);
  expect(residentMb(pid) - before).toBeLessThan(50);
  expect(await answersIn(await bench.connect())).toBeLessThan(1000);
});

it('refuses more than 64 requests at once of one client', async () => {
  const client = await bench.connect();
  const file = bench.runFile.replace('superrl.superrl.json', 'train.jsonl');
  const codes: string[] = [];
  client.onMessage((message) => {
    if (message.kind === 'response') codes.push(message.ok ? 'ok' : message.error.code);
  });
  // Sent in one go: all are parsed before the first is answered.
  for (let id = 1000; id < 1080; id++)
    client.send({ kind: 'request', id, method: 'rewardFunctions', params: { file } });
  await until(() => codes.length === 80 || undefined);
  const refused = codes.filter((code) => code === 'server').length;
  expect(refused).toBeGreaterThan(0);
  expect(refused).toBeLessThanOrEqual(16);
});

it('serves on under 10,000 connects, half of them silent, and lets go of them all', async () => {
  const client = await bench.connect();
  const strangers: Socket[] = [];
  const started = performance.now();
  let slowest = 0;
  for (let batch = 0; batch < 100; batch++) {
    for (let index = 0; index < 100; index++) {
      const socket = connectTcp(record.port, '127.0.0.1');
      socket.on('error', () => {});
      if (index % 2 === 0) socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
      strangers.push(socket);
    }
    slowest = Math.max(slowest, await answersIn(client));
  }
  const seconds = (performance.now() - started) / 1000;
  console.log(
    `10,000 connects in ${seconds.toFixed(1)} s; slowest answer meanwhile ${slowest.toFixed(0)} ms; ${residentMb(pid).toFixed(0)} MB`,
  );
  expect(slowest).toBeLessThan(2000);
  for (const socket of strangers) socket.destroy();
  await sleep(200);
  expect(await answersIn(await bench.connect())).toBeLessThan(1000);
});

it('gives up on strangers who connect and say nothing', async () => {
  const socket = connectTcp(record.port, '127.0.0.1');
  const started = performance.now();
  await new Promise((resolve) => socket.once('close', resolve).resume());
  expect(performance.now() - started).toBeLessThan(6000);
});

it('holds little for a reader that stops reading, serves others meanwhile, and goes on without a gap', async () => {
  const run = makeRun();
  const note = 'x'.repeat(1000);
  writeEvents(
    run,
    Array.from(
      { length: 60_000 },
      (_, i) => ({ ...metrics(i + 1, i), type: 'note', data: { step: i, level: 'info', message: note } }) as const,
    ),
  );
  const slow = await bench.connect();
  const other = await bench.connect();
  const before = residentMb(pid);
  slow.socket.pause();
  const asked = slow.follow(run);
  await sleep(2500);
  const held = residentMb(pid) - before;
  console.log(`60 MB of events, reader stopped: the server holds ${held.toFixed(0)} MB more`);
  expect(held).toBeLessThan(40);
  expect(await answersIn(other)).toBeLessThan(1000);
  slow.socket.resume();
  const following = await asked;
  await until(() => following.events.length >= 60_000 || undefined);
  expect(following.seqs).toEqual(Array.from({ length: 60_000 }, (_, i) => i + 1));
});

function residentMb(process: number): number {
  return Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${process}/status`, 'utf8'))![1]) / 1024;
}
