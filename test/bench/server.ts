// The server at the scale of a long run: 20,000 steps, 180,000 events, 1.3 million completions. Prints how long
// windows wait, and how long the server was deaf meanwhile (slowest answer to a trivial request):
//   npm run build && npm run bench -- server [STEPS]
// The made-up run stays under .cache/bench and is used again.
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import WebSocket from 'ws';
import {
  maxServerMessageBytes,
  type RequestName,
  type RequestParams,
  type ServerRecord,
  serverMessageSchema,
} from '../../backend/protocol/messages';
import { serverRecordName } from '../../backend/protocol/server-record';

const steps = Number(process.argv[2] ?? 20_000);
const groupsPerStep = 8;
const k = 8;

function makeRun(folder: string): string {
  const run = join(folder, `run-${steps}`);
  if (existsSync(run)) return run;
  const partial = `${run}.partial`;
  mkdirSync(join(partial, 'samples'), { recursive: true });
  mkdirSync(join(partial, 'checkpoints'));
  const engine = { engine: 'onnx', device: 'CPU', versions: {}, deterministic: true };
  const config = {
    name: 'bench',
    method: 'superrl',
    seed: 0,
    advantage: 'group',
    hybrid: { mix: 'gated' },
    switch: { enabled: true, signal: 'reward', reads: 'correctness', successAbove: 0 },
    rewards: [{ name: 'answer', use: 'gsm8k', weight: 1, role: 'correctness', timeoutMs: 5000 }],
  };
  const machine = { platform: 'linux', release: '', arch: 'x64', cpu: '', cores: 2, memoryBytes: 1, node: '20' };
  const plan = { threads: 2, microBatchTokens: 2048, tokenBucket: 32, decodeWeights: 'inputs' };
  const createdAt = '2026-01-01T00:00:00.000Z';
  const record = {
    format: 1,
    id: 'bench',
    superrl: '0',
    createdAt,
    runFile: join(folder, 'bench.superrl.json'),
    config,
    machine,
    engine,
    plan,
  };
  writeFileSync(join(partial, 'run.json'), JSON.stringify(record));
  const events: string[] = [];
  const log = (type: string, data: object) =>
    events.push(JSON.stringify({ seq: events.length + 1, ts: 1.76e12 + events.length, type, data }));
  log('state', { state: 'running', step: 0 });
  const reasoning =
    'First take the number of crates and multiply it by the apples in each, then subtract those sold. '.repeat(3);
  const tokenIds = Array.from({ length: 80 }, (_, i) => (i * 7919) % 49152);
  for (let step = 1; step <= steps; step++) {
    const lines: string[] = [];
    for (let group = 0; group < groupsPerStep; group++) {
      const row = (step * groupsPerStep + group) % 7473;
      const solved = step % 3 === 0 ? 4 : 0;
      const kind = solved > 0 ? 'pg' : 'sft';
      const decision = {
        kind,
        reason: `${solved} of 8 completions succeed.`,
        passRate: solved / k,
        successes: solved,
        valid: k,
        k,
        solved: solved > 0 ? 'some' : 'none',
        noSignal: false,
        maskedByShaping: false,
        missingDemonstration: false,
      };
      log('decision', { step, group, promptId: `p${row}`, attempt: 0, decision });
      const question = `A truck carries ${row} crates of ${step} apples each. How many apples does it carry when ten are sold?`;
      const source = { file: '/data/train.jsonl', row, rowHash: String(row) };
      lines.push(
        JSON.stringify({
          kind: 'group',
          step,
          group,
          attempt: 0,
          promptId: `p${row}`,
          occurrence: 0,
          source,
          prompt: question,
          question,
          answer: String(row),
          columns: { question, answer: `#### ${row}` },
          demonstrations: [`${reasoning}#### ${row}`],
          decision,
        }),
      );
      for (let index = 0; index < k; index++) {
        const value = index < solved ? 1 : 0;
        lines.push(
          JSON.stringify({
            kind: 'completion',
            step,
            group,
            index,
            text: `${reasoning}#### ${row + 1 - value}`,
            tokenIds,
            rewards: { answer: { value, ms: 0.01 } },
            reward: value,
            correctness: value,
            success: value > 0,
            advantage: value - 0.5,
            stopReason: 'eos',
            truncated: false,
          }),
        );
      }
    }
    writeFileSync(join(partial, 'samples', `step-${String(step).padStart(6, '0')}.jsonl`), `${lines.join('\n')}\n`);
    const values = Object.fromEntries(Array.from({ length: 30 }, (_, i) => [`metric/number_${i}`, Math.sin(step + i)]));
    log('metrics', {
      step,
      values: { reward: 0.5, ...values },
      usedTokens: step * 1000,
      elapsedMs: step * 100,
      progress: step / steps,
      epoch: step / 900,
      phase: 'hybrid',
    });
  }
  log('state', { state: 'finished', step: steps, reason: 'Done.' });
  writeFileSync(join(partial, 'events.jsonl'), `${events.join('\n')}\n`);
  renameSync(partial, run);
  return run;
}

class Client {
  readonly #pending = new Map<number, (result: unknown) => void>();
  onEvents: (count: number) => void = () => {};
  #id = 0;
  constructor(readonly socket: WebSocket) {
    socket.on('message', (data) => {
      const message = serverMessageSchema.parse(JSON.parse(String(data)));
      if (message.kind === 'events') this.onEvents(message.events.length);
      if (message.kind !== 'response') return;
      if (!message.ok) throw new Error(message.error.message);
      this.#pending.get(message.id)?.(message.result);
    });
  }
  static async connect({ port, token }: ServerRecord): Promise<Client> {
    const headers = { authorization: `Bearer ${token}` };
    const socket = new WebSocket(`ws://127.0.0.1:${port}`, {
      headers,
      maxPayload: maxServerMessageBytes,
      perMessageDeflate: false,
    });
    await new Promise((resolve) => socket.once('open', resolve));
    return new Client(socket);
  }
  request<N extends RequestName>(method: N, params: RequestParams<N>): Promise<unknown> {
    const id = ++this.#id;
    this.socket.send(JSON.stringify({ kind: 'request', id, method, params }));
    return new Promise((resolve) => this.#pending.set(id, resolve));
  }
}

async function startServer(state: string): Promise<{ child: ChildProcess; record: ServerRecord }> {
  const env = { ...process.env, XDG_STATE_HOME: state };
  const child = spawn(process.execPath, [resolve(process.env.DIST ?? 'dist', 'superrl.mjs'), 'serve'], {
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await new Promise((started) => child.stdout?.once('data', started));
  return { child, record: JSON.parse(readFileSync(join(state, 'superrl', serverRecordName(false)), 'utf8')) };
}

/** Milliseconds of some work, and the slowest answer that another client got meanwhile. */
async function timed(name: string, other: Client, work: () => Promise<string>): Promise<void> {
  let isOver = false;
  let slowest = 0;
  const pinging = (async () => {
    while (!isOver) {
      const asked = performance.now();
      await other.request('unsubscribe', { subscription: 0 });
      slowest = Math.max(slowest, performance.now() - asked);
      await new Promise((wait) => setTimeout(wait, 2));
    }
  })();
  const started = performance.now();
  const note = await work();
  const ms = performance.now() - started;
  isOver = true;
  await pinging;
  console.log(`${name}: ${ms.toFixed(0)} ms${note}; another client waited at most ${slowest.toFixed(0)} ms`);
}

const folder = resolve('.cache/bench');
mkdirSync(folder, { recursive: true });
const run = makeRun(folder);
const { child, record } = await startServer(mkdtempSync(join(tmpdir(), 'superrl-bench-')));
const client = await Client.connect(record);
const other = await Client.connect(record);

await timed('list runs, first', other, async () => {
  await client.request('listRuns', { directories: [folder] });
  return '';
});
await timed('list runs, again', other, async () => {
  await client.request('listRuns', { directories: [folder] });
  return '';
});
const events = steps * (groupsPerStep + 1) + 2;
await timed('replay of all events, checked by zod in the client', other, async () => {
  let seen = 0;
  const all = new Promise<void>((done) => {
    client.onEvents = (count) => {
      seen += count;
      if (seen === events) done();
    };
  });
  await client.request('subscribe', { run, fromSeq: 1 });
  await all;
  return ` (${events} events)`;
});
await timed('samples of one step', other, async () => {
  await client.request('readSamples', { run, step: steps - 1 });
  return ` (${groupsPerStep * k} completions)`;
});
for (const when of ['first', 'again']) {
  await timed(`row outcomes, ${when}`, other, async () => {
    await client.request('rowOutcomes', { run });
    return ` (${steps * groupsPerStep * k} completions)`;
  });
}
await timed('search that finds nothing', other, async () => {
  await client.request('searchSamples', { run, filter: { text: 'pears' } });
  return '';
});
child.kill('SIGKILL');
process.exit(0);
