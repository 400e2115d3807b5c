// The debugger's port on real inspectors: each attachment gets a host of its own, and a spent host is ended.
import { type ChildProcess, spawn } from 'node:child_process';
import { afterEach, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { attachesToInspector, RestartablePort } from '../../../extension/debugging/restartable-port';

const hosts = new Map<string, ChildProcess>();
const ended: string[] = [];
const failures: unknown[] = [];
let port: RestartablePort | undefined;

afterEach(() => {
  port?.close();
  for (const child of hosts.values()) child.kill('SIGKILL');
  hosts.clear();
  ended.length = 0;
  failures.length = 0;
});

async function startHost() {
  const session = `s${hosts.size + 1}`;
  const child = spawn(process.execPath, ['--inspect-brk=127.0.0.1:0', '-e', '0'], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  hosts.set(session, child);
  const url = await new Promise<string>((resolve) => {
    child.stderr.on('data', (text: Buffer) => {
      const found = /ws:\/\/\S+/.exec(String(text));
      if (found) resolve(found[0]);
    });
  });
  return { port: Number(new URL(url).port), session };
}

const open = (start = startHost) =>
  RestartablePort.open({
    start,
    end: (session) => ended.push(session),
    failed: (error) => failures.push(error),
    attaches: attachesToInspector,
  });

async function attach(at: number): Promise<{ socket: WebSocket; id: string }> {
  const [target] = await (await fetch(`http://127.0.0.1:${at}/json/list`)).json();
  const url = new URL(target.webSocketDebuggerUrl);
  expect(Number(url.port)).toBe(at);
  const socket = new WebSocket(url);
  await new Promise((resolve, reject) => {
    socket.once('open', resolve);
    socket.once('error', reject);
  });
  return { socket, id: target.id };
}

it('gives the next attachment a new host when one has left', async () => {
  port = await open();
  const first = await attach(port.port);
  expect(hosts.size).toBe(1);
  const closed = new Promise((resolve) => first.socket.once('close', resolve));
  first.socket.close();
  await closed;
  await expect.poll(() => ended).toContain('s1');
  const second = await attach(port.port);
  expect(hosts.size).toBe(2);
  expect(second.id).not.toBe(first.id);
  port.close();
  await expect.poll(() => ended).toContain('s2');
});

it('gives the next attachment a new host while the last has not left', async () => {
  port = await open();
  const first = await attach(port.port);
  const second = await attach(port.port);
  expect(second.id).not.toBe(first.id);
  first.socket.terminate();
  await expect.poll(() => ended).toEqual(['s1']);
  second.socket.send(JSON.stringify({ id: 1, method: 'Runtime.enable' }));
  const answer = await new Promise((resolve) => second.socket.once('message', (data) => resolve(String(data))));
  expect(answer).toContain('"id":1');
});

it('answers with the host that the attachment will get, when the last leaves in between', async () => {
  port = await open();
  const first = await attach(port.port);
  const [target] = await (await fetch(`http://127.0.0.1:${port.port}/json/list`)).json();
  first.socket.terminate();
  await expect.poll(() => ended).toContain('s1');
  const socket = new WebSocket(target.webSocketDebuggerUrl);
  await new Promise((resolve, reject) => {
    socket.once('open', resolve);
    socket.once('error', reject);
  });
  socket.terminate();
});

it('throws why the first host does not start, and tells of later ones', async () => {
  const refuse = () => Promise.reject(new Error('no such step'));
  await expect(open(refuse)).rejects.toThrow('no such step');
  let starts = 0;
  port = await open(() => (starts++ === 0 ? startHost() : refuse()));
  const { socket } = await attach(port.port);
  const closed = new Promise((resolve) => socket.once('close', resolve));
  socket.terminate();
  await closed;
  await expect.poll(() => ended).toContain('s1');
  await expect(fetch(`http://127.0.0.1:${port.port}/json/list`)).rejects.toThrow();
  expect(String(failures.at(-1))).toContain('no such step');
});
