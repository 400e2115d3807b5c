// Rescoring a run's stored completions, asked of a real server as the editor does, beside a script of one's own that
// reads the same files and calls the same function, and beside a loop over completions already in memory:
//   npm run build && npm run bench -- rescore [COMPLETIONS [ROUNDS]]
// The made-up run of the Countdown example stays under .cache/bench and is used again.
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import WebSocket from 'ws';
import { maxServerMessageBytes, type ServerRecord, serverMessageSchema } from '../../backend/protocol/messages';
import { serverRecordName } from '../../backend/protocol/server-record';
import { solved } from '../../examples/countdown/countdown.reward';
import { nearest, same } from './rescored/rewards';

const completions = Number(process.argv[2] ?? 100_000);
const rounds = Number(process.argv[3] ?? 3);
const k = 8;
const groupsPerStep = 8;

interface Row {
  readonly nums: number[];
  readonly target: number;
  readonly trace: string;
}

type Reward = (sample: { prompt: string; completion: string; row: Row }) => number;

const functions: readonly { name: string; file: string; reward: Reward }[] = [
  { name: 'same', file: resolve('test/bench/rescored/rewards.ts'), reward: same },
  { name: 'solved', file: resolve('examples/countdown/countdown.reward.ts'), reward: solved },
  { name: 'nearest', file: resolve('test/bench/rescored/rewards.ts'), reward: nearest },
];

/** As after some hundreds of steps: of eight completions two are right, two belong to other puzzles, four are fragments. */
function completionText(rows: readonly Row[], at: number, index: number): string {
  const { trace } = rows[at % rows.length] ?? { trace: '' };
  if (index < 2) return trace;
  if (index < 4) return rows[(at + index) % rows.length]?.trace ?? '';
  return trace.slice(0, trace.length - index);
}

function makeRun(folder: string): string {
  const run = join(folder, `rescore-${completions}`);
  if (existsSync(run)) return run;
  const partial = `${run}.partial`;
  mkdirSync(join(partial, 'samples'), { recursive: true });
  const rows = readFileSync('examples/countdown/train.jsonl', 'utf8')
    .trimEnd()
    .split('\n')
    .map((line): Row => JSON.parse(line));
  const config = {
    name: 'rescore',
    method: 'superrl',
    seed: 0,
    advantage: 'group',
    hybrid: { mix: 'gated' },
    switch: { enabled: true, signal: 'reward', reads: 'correctness', successAbove: 0 },
    rewards: [{ name: 'solved', file: 'countdown.reward.ts', weight: 1, role: 'correctness', timeoutMs: 5000 }],
  };
  const record = {
    format: 1,
    id: 'rescore',
    superrl: '0',
    createdAt: '2026-01-01T00:00:00.000Z',
    runFile: resolve('examples/countdown/superrl.superrl.json'),
    config,
    machine: { platform: 'linux', release: '', arch: 'x64', cpu: '', cores: 2, memoryBytes: 1, node: '20' },
    engine: { engine: 'onnx', device: 'CPU', versions: {}, deterministic: true },
    plan: { threads: 2, microBatchTokens: 2048, tokenBucket: 32, decodeWeights: 'inputs' },
  };
  writeFileSync(join(partial, 'run.json'), JSON.stringify(record));
  const event = { seq: 1, ts: 1.76e12, type: 'state', data: { state: 'finished', step: 1, reason: 'Done.' } };
  writeFileSync(join(partial, 'events.jsonl'), `${JSON.stringify(event)}\n`);
  const groups = Math.ceil(completions / k);
  for (let step = 1, at = 0; at < groups; step++) {
    const lines: string[] = [];
    for (let group = 0; group < groupsPerStep && at < groups; group++, at++) {
      lines.push(...groupLines(rows, step, group, at).map((line) => JSON.stringify(line)));
    }
    writeFileSync(join(partial, 'samples', `step-${String(step).padStart(6, '0')}.jsonl`), `${lines.join('\n')}\n`);
  }
  renameSync(partial, run);
  return run;
}

function groupLines(rows: readonly Row[], step: number, group: number, at: number): object[] {
  const row = rows[at % rows.length];
  if (!row) return [];
  const question = `${row.nums.join(', ')}>${row.target}:`;
  const decision = {
    ...{ kind: 'pg', reason: '2 of 8 completions succeed.', passRate: 0.25, successes: 2, valid: k, k },
    ...{ solved: 'some', noSignal: false, maskedByShaping: false, missingDemonstration: false },
  };
  const source = { file: resolve('examples/countdown/train.jsonl'), row: at % rows.length, rowHash: String(at) };
  const head = {
    ...{ kind: 'group', step, group, attempt: 0, promptId: `p${at % rows.length}`, occurrence: 0, source },
    ...{ prompt: question, question, answer: { nums: row.nums, target: row.target }, columns: row },
    ...{ demonstrations: [row.trace], decision },
  };
  const each = Array.from({ length: k }, (_, index) => {
    const text = completionText(rows, at, index);
    const value = index < 2 ? 1 : 0;
    return {
      ...{ kind: 'completion', step, group, index, text, tokenIds: [...text].map((letter) => letter.charCodeAt(0)) },
      ...{ rewards: { solved: { value, ms: 0.013 } }, reward: value, correctness: value, success: value > 0 },
      ...{ advantage: value - 0.25, stopReason: 'stop', truncated: false },
    };
  });
  return [head, ...each];
}

interface RescoreAnswer {
  readonly completions: number;
  readonly changedCount: number;
}

class Client {
  readonly #answers = new Map<number, { resolve: (result: RescoreAnswer) => void; reject: (error: Error) => void }>();
  onProgress: (done: number, total: number) => void = () => {};
  #id = 0;

  constructor(readonly socket: WebSocket) {
    socket.on('message', (data) => {
      const message = serverMessageSchema.parse(JSON.parse(String(data)));
      if (message.kind === 'progress') this.onProgress(message.done, message.total ?? 0);
      if (message.kind !== 'response') return;
      const waiting = this.#answers.get(message.id);
      if (message.ok) waiting?.resolve(message.result as RescoreAnswer);
      else waiting?.reject(new Error(message.error.code));
    });
  }

  static async connect({ port, token }: ServerRecord): Promise<Client> {
    const socket = new WebSocket(`ws://127.0.0.1:${port}`, {
      ...{ headers: { authorization: `Bearer ${token}` }, maxPayload: maxServerMessageBytes, perMessageDeflate: false },
    });
    await new Promise((opened) => socket.once('open', opened));
    return new Client(socket);
  }

  rescore(run: string, rewardFile: string, name: string): Promise<RescoreAnswer> {
    const id = ++this.#id;
    const params = { run, rewardFile, component: 'solved', export: name };
    this.socket.send(JSON.stringify({ kind: 'request', id, method: 'rescore', params }));
    return new Promise((resolve, reject) => this.#answers.set(id, { resolve, reject }));
  }

  cancel(): void {
    this.socket.send(JSON.stringify({ kind: 'cancel', id: this.#id }));
  }
}

async function startServer(): Promise<{ child: ChildProcess; record: ServerRecord }> {
  const state = mkdtempSync(join(tmpdir(), 'superrl-bench-'));
  const child = spawn(process.execPath, [resolve(process.env.DIST ?? 'dist', 'superrl.mjs'), 'serve'], {
    env: { ...process.env, XDG_STATE_HOME: state },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await new Promise((started) => child.stdout?.once('data', started));
  return { child, record: JSON.parse(readFileSync(join(state, 'superrl', serverRecordName(false)), 'utf8')) };
}

/** A script of one's own: completions a second with and without reading the files. */
function bareLoop(run: string, reward: Reward): { reading: number; inMemory: number } {
  const samples: Parameters<Reward>[0][] = [];
  const started = performance.now();
  for (const name of readdirSync(join(run, 'samples')).sort()) {
    let group = { question: '', columns: { nums: [], target: 0, trace: '' } as Row };
    for (const line of readFileSync(join(run, 'samples', name), 'utf8')
      .trimEnd()
      .split('\n')) {
      const parsed = JSON.parse(line);
      if (parsed.kind === 'group') group = parsed;
      else samples.push({ prompt: group.question, completion: parsed.text, row: group.columns });
    }
  }
  const read = performance.now();
  let sum = 0;
  for (const sample of samples) sum += reward(sample);
  const called = performance.now();
  if (!(sum > 0)) throw new Error(`No completion was right: ${sum}`);
  return { reading: samples.length / ((called - started) / 1000), inMemory: samples.length / ((called - read) / 1000) };
}

const percent = (share: number) => `${(100 * share).toFixed(0)} %`;
const folder = resolve('.cache/bench');
mkdirSync(folder, { recursive: true });
const run = makeRun(folder);
const { child, record } = await startServer();
const client = await Client.connect(record);

for (const { name, file, reward } of functions) {
  for (let round = 1; round <= rounds; round++) {
    const load = loadavg()[0] ?? 0;
    const { reading, inMemory } = bareLoop(run, reward);
    let told = 0;
    client.onProgress = () => void told++;
    const started = performance.now();
    const answer = await client.rescore(run, file, name);
    const seconds = (performance.now() - started) / 1000;
    const rate = answer.completions / seconds;
    console.log(
      `${name} (${(1e6 / inMemory).toFixed(2)} µs a call), ${answer.completions} completions in ${seconds.toFixed(2)} s, ` +
        `${told} times told how far: ${rate.toFixed(0)}/s. A script that reads the files and calls it: ` +
        `${reading.toFixed(0)}/s (rescore: ${percent(rate / reading)}); calls alone, completions in memory: ` +
        `${inMemory.toFixed(0)}/s (rescore: ${percent(rate / inMemory)}). ${answer.changedCount} changed; load ${load.toFixed(1)}`,
    );
  }
}
let isCancelled = false;
let cancelled = 0;
client.onProgress = (done, total) => {
  if (isCancelled || done < total / 4) return;
  isCancelled = true;
  cancelled = performance.now();
  client.cancel();
};
const [last] = functions.slice(-1);
const end = await client.rescore(run, last?.file ?? '', last?.name ?? '').catch((error: Error) => error.message);
console.log(
  `cancelled after a quarter: ${(performance.now() - cancelled).toFixed(0)} ms to the answer (${String(end)})`,
);
child.kill('SIGKILL');
process.exit(0);
