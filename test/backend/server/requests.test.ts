// Every other request against a real server: what windows ask about runs, data, rewards and models.
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import WebSocket from 'ws';
import { type Client, quick, ServerBench, until } from './served';

let bench: ServerBench;
let client: Client;
let run: string;
let rewardFile: string;
const lineOfReturn = 4;

beforeAll(async () => {
  bench = new ServerBench();
  await bench.start();
  client = await bench.connect();
  rewardFile = join(bench.folder, 'digits/reversed.reward.ts');
  writeFileSync(
    rewardFile,
    `interface Sample { completion: string; answer: unknown; row: Record<string, unknown> }

export function reversed({ completion, answer }: Sample): number {
  return completion === answer ? 1 : 0;
}
`,
  );
  const overrides = [...quick(4), 'rewards=[{"name":"reversed","file":"reversed.reward.ts"}]', 'checkpoint.every=2'];
  const started = await client.request('startRun', { runFile: bench.runFile, overrides });
  run = started.run!;
  const following = await client.follow(run);
  await until(
    () => following.events.some(({ type, data }) => type === 'state' && data.state === 'finished') || undefined,
  );
});
afterAll(() => bench.close());

it('describes runs', async () => {
  const { runs } = await client.request('listRuns', { directories: [join(bench.folder, 'digits/runs'), '/nowhere'] });
  expect(runs).toHaveLength(1);
  expect(runs[0]).toMatchObject({
    run,
    state: 'finished',
    live: false,
    resumable: false,
    method: 'superrl',
    engine: expect.stringMatching(/^onnx on /),
    step: 4,
    progress: 1,
    checkpoints: [
      { step: 2, path: join(run, 'checkpoints/step-000002'), best: false },
      { step: 4, path: join(run, 'checkpoints/step-000004'), best: false },
    ],
  });
  const { summary, record, end } = await client.request('readRun', { run });
  expect(summary).toEqual(runs[0]);
  expect(record).toMatchObject({ runFile: bench.runFile, config: { name: 'digits' } });
  expect(end).toMatchObject({ state: 'finished', step: 4 });
  await expect(client.request('readRun', { run: bench.folder })).rejects.toThrow(/is not a run folder/);
});

it('gives samples, searches them, and tells the outcome of each row', async () => {
  expect(await client.request('sampleSteps', { run })).toEqual({ steps: [1, 2, 3, 4] });
  const { groups } = await client.request('readSamples', { run, step: 2 });
  expect(groups.map(({ completions }) => completions.length)).toEqual([4, 4, 4, 4]);
  const text = groups[1]!.completions[2]!.text;
  const found = await client.request('searchSamples', { run, filter: { text } });
  expect(found.complete).toBe(true);
  expect(found.groups.some(({ group }) => group.step === 2 && group.group === 1)).toBe(true);
  const { rows } = await client.request('rowOutcomes', { run });
  expect(rows.length).toBeGreaterThan(12);
  expect(rows.length).toBeLessThanOrEqual(16);
  expect(rows[0]).toMatchObject({ file: join(bench.folder, 'digits/train.jsonl'), k: 4, decision: expect.any(String) });
  const later = await client.request('rowOutcomes', { run, afterStep: 3 });
  expect(later.rows.every(({ step }) => step === 4)).toBe(true);
  const [first] = rows;
  const one = await client.request('rowOutcomes', { run, file: first!.file, rowHashes: [first!.rowHash] });
  expect(one.rows).toEqual([first]);
  expect(one.split!.none + one.split!.some + one.split!.all).toBe(rows.length);
  const none = await client.request('rowOutcomes', { run, file: 'another.jsonl' });
  expect(none).toEqual({ rows: [], split: { none: 0, some: 0, all: 0 } });
  await expect(client.request('readSamples', { run, step: 77 })).rejects.toThrow(/no samples of step 77/);
});

it('inspects data and audits traces', async () => {
  const file = join(bench.folder, 'digits/train.jsonl');
  const inspection = await client.request('inspectData', { file, traces: { map: { demonstration: 'trace' } } });
  expect(inspection).toMatchObject({ report: { rows: 800 }, coverage: { promptsWithTraces: 800 } });
  await expect(client.request('inspectData', { file: join(bench.folder, 'none.csv') })).rejects.toMatchObject({
    error: { code: 'data' },
  });
  const report = await client.request('auditTraces', { runFile: bench.runFile });
  expect(report).toMatchObject({ rows: 800, traces: 800, successes: 800 });
});

it('asks the engine doctor', async () => {
  const { findings } = await client.request('doctor', {});
  expect(findings).toEqual(expect.arrayContaining([expect.objectContaining({ name: 'Node.js', level: 'good' })]));
});

it('probes sparsity without a run', async () => {
  const probeFile = join(bench.folder, 'digits/probe.superrl.json');
  const text = readFileSync(bench.runFile, 'utf8').replace(
    '"method": "superrl"',
    '"method": "superrl", "switch": { "probe": { "prompts": 64, "rollouts": 2 } }',
  );
  writeFileSync(probeFile, text);
  const verdict = await client.request('probeSparsity', { runFile: probeFile });
  expect(verdict).toMatchObject({ prompts: 64, reason: expect.stringContaining('of 64 probed prompts') });
});

it('lets a model write, tells it as it is written, and exports it', async () => {
  const told: string[] = [];
  client.onMessage((message) => {
    if (message.kind === 'progress') told.push(message.message);
  });
  const prompt = { model: run, prompt: '123>', maxNewTokens: 12 };
  const first = await client.request('tryModel', prompt);
  expect(first.tokens).toBeGreaterThan(0);
  if (first.stopReason === 'length') expect(told.join('')).toBe(first.text);
  else expect(told.join('').startsWith(first.text)).toBe(true);
  const started = performance.now();
  const greedy = [
    await client.request('tryModel', { ...prompt, temperature: 0 }),
    await client.request('tryModel', { ...prompt, temperature: 0 }),
  ];
  expect(greedy[0]).toEqual(greedy[1]);
  console.log(`two more completions of the loaded model: ${(performance.now() - started).toFixed(0)} ms`);
  await expect(client.request('tryModel', { ...prompt, model: join(bench.folder, 'none') })).rejects.toMatchObject({
    error: { code: 'model' },
  });

  const to = join(bench.folder, 'exported.gguf');
  await expect(
    client.request('exportModel', { model: run, to: join(bench.folder, 'x'), format: 'gguf', dtype: 'float16' }),
  ).rejects.toThrow('The name of this export ends in .gguf.');
  const folder = join(bench.folder, 'exported');
  const exported = await client.request('exportModel', {
    model: run,
    to: folder,
    format: 'huggingface',
    dtype: 'float32',
  });
  expect(exported.path).toBe(folder);
  expect(exported.bytes).toBeGreaterThan(1000);
  expect(existsSync(join(folder, 'model.safetensors'))).toBe(true);
  expect(existsSync(to)).toBe(false);
});

it('finds the reward functions of a file', async () => {
  expect(await client.request('rewardFunctions', { file: rewardFile })).toEqual({
    functions: [{ name: 'reversed', line: 3, batched: false }],
  });
});

it('rescores: nothing changes with the same function, and with another one it says what, decisions included', async () => {
  const same = await client.request('rescore', { run, rewardFile, component: 'reversed' });
  expect(same).toEqual({ completions: 64, changed: [], changedCount: 0, decisionsChanged: [] });
  const kind = join(bench.folder, 'digits/kind.reward.ts');
  writeFileSync(kind, 'export const kind = ({ completion }: { completion: string }) => completion.length % 2;\n');
  const other = await client.request('rescore', { run, rewardFile: kind, component: 'reversed' });
  expect(other.changedCount).toBeGreaterThan(0);
  expect(other.changed[0]).toMatchObject({ before: { value: 0 }, after: { value: 1 } });
  expect(other.decisionsChanged.length).toBeGreaterThan(0);
  expect(other.decisionsChanged[0]).toMatchObject({ before: 'sft', after: 'pg' });
  await expect(client.request('rescore', { run, rewardFile, component: 'speed' })).rejects.toThrow(
    'This run has no reward "speed". It has reversed.',
  );
});

it('cancels a rescore whose function hangs, and its host is gone', async () => {
  const hanging = join(bench.folder, 'digits/hanging.reward.ts');
  const mark = join(bench.folder, 'host.pid');
  writeFileSync(
    hanging,
    `import { writeFileSync } from 'node:fs';
export const hanging = () => { writeFileSync(${JSON.stringify(mark)}, String(process.pid)); for (;;) {} };
`,
  );
  const id = client.nextId;
  const asked = client.request('rescore', { run, rewardFile: hanging, component: 'reversed' });
  asked.catch(() => {});
  const host = await until(() => (existsSync(mark) && readFileSync(mark, 'utf8')) || undefined);
  const started = performance.now();
  client.cancel(id);
  await expect(asked).rejects.toMatchObject({ error: { code: 'cancelled' } });
  expect(performance.now() - started).toBeLessThan(2000);
  await until(() => !existsSync(`/proc/${host}`) || undefined, 5000);
});

it('runs fixtures', async () => {
  const file = join(bench.folder, 'digits/reversed.reward.json');
  const cases = [
    { name: 'right', completion: '321', answer: '321', expected: 1 },
    { name: 'wrong', completion: '123', answer: '321', expected: 1 },
  ];
  writeFileSync(file, JSON.stringify({ file: 'reversed.reward.ts', cases }));
  const { results } = await client.request('runFixtures', { files: [file] });
  expect(results).toMatchObject([
    { fixtureFile: file, cases: [{ passed: true }, { passed: false, message: 'expected 1, got 0' }] },
  ]);
});

it('debugs a reward on a stored completion, with the dataset deleted: a breakpoint holds with the right values', async () => {
  rmSync(join(bench.folder, 'digits/train.jsonl'));
  const { groups } = await client.request('readSamples', { run, step: 3, group: 1 });
  const { port, session } = await client.request('debugReward', { rewardFile, run, step: 3, group: 1, index: 2 });
  const stop = await breakOnce(port, pathToFileURL(rewardFile).href, lineOfReturn);
  expect(stop.line).toBe(lineOfReturn);
  expect(stop.values).toEqual({ completion: groups[0]!.completions[2]!.text, answer: groups[0]!.group.answer });
  await sleep(300); // longer than no limit
  stop.goOn();
  const ended = await until(() => client.messages.find((message) => message.kind === 'debugEnded'));
  expect(ended).toMatchObject({ session, outcomes: [{ value: groups[0]!.completions[2]!.reward }] });
});

it('ends a debugged reward on request, while it stands at its first line', async () => {
  const { port, session } = await client.request('debugReward', { rewardFile, run, step: 1, group: 0 });
  await client.request('endDebug', { session });
  await until(async () => !(await fetch(`http://127.0.0.1:${port}/json`).catch(() => undefined)) || undefined, 5000);
  await expect(
    client.request('debugReward', { rewardFile: `${rewardFile}x`, run, step: 1, group: 0 }),
  ).rejects.toMatchObject({ error: { code: 'reward' } });
  await expect(client.request('debugReward', { rewardFile, run, step: 1, group: 9 })).rejects.toThrow(/no group 9/);
});

/** A minimal debugger: breaks at a line (1-based) and reads the function's parameters. */
async function breakOnce(port: number, url: string, line: number) {
  const [target] = (await (await fetch(`http://127.0.0.1:${port}/json`)).json()) as { webSocketDebuggerUrl: string }[];
  const socket = new WebSocket(target!.webSocketDebuggerUrl);
  await new Promise((resolve) => socket.once('open', resolve));
  let id = 0;
  const answers = new Map<number, (result: object) => void>();
  const send = (method: string, params: object = {}): Promise<object> => {
    socket.send(JSON.stringify({ id: ++id, method, params }));
    return new Promise((resolve) => answers.set(id, resolve));
  };
  const paused = new Promise<{ callFrameId: string; location: { lineNumber: number } }>((resolve) => {
    socket.on('message', (data) => {
      const message = JSON.parse(String(data));
      answers.get(message.id)?.(message.result);
      if (message.method !== 'Debugger.paused') return;
      if (message.params.reason === 'Break on start') void send('Debugger.resume');
      else resolve(message.params.callFrames[0]);
    });
  });
  await send('Debugger.enable');
  await send('Debugger.setBreakpointByUrl', { url, lineNumber: line - 1 });
  await send('Runtime.runIfWaitingForDebugger');
  const frame = await paused;
  const value = async (expression: string): Promise<unknown> => {
    const { result } = (await send('Debugger.evaluateOnCallFrame', {
      callFrameId: frame.callFrameId,
      expression,
      returnByValue: true,
    })) as { result: { value: unknown } };
    return result.value;
  };
  const values = { completion: await value('completion'), answer: await value('answer') };
  return {
    line: frame.location.lineNumber + 1,
    values,
    goOn: () => {
      void send('Debugger.resume');
      socket.close();
    },
  };
}
