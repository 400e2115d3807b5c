// The reward host for TypeScript and JavaScript: one process, apart from the trainer, in which user code
// runs. Requests come one at a time over stdin (read by a worker thread); replies go out over file
// descriptor 3, so that whatever user code prints can't corrupt them. Bundled to dist/reward-host.mjs.
import { register } from 'node:module';
import { pathToFileURL } from 'node:url';
import { isMainThread, MessageChannel, receiveMessageOnPort, Worker, workerData } from 'node:worker_threads';
import type { RewardOutcome } from '../../protocol/sample';
import { placeInStack } from '../../protocol/stack-place';
import type { RewardSample } from '../scorer';
import { columnsOf } from './batch-columns';
import { ConsoleCapture } from './console-capture';
import { chooseExport, exportedFunctions, type RewardFunction, signatureOf } from './exported-function';
import type { HostAnswer, HostReply, HostRequest } from './host-protocol';
import { unpackSample } from './packed-samples';
import { ReplyBuffer } from './reply-buffer';
import { type HostState, writeWhileBusy } from './reply-writer';
import { outcomeOfReturned, outcomesOfBatch } from './returned-value';
import { watchStdin } from './stdin-watch';
import { type StoredReference, StoredSamples } from './stored-samples';
import type { HookDiagnostic } from './typescript-hook';
import { thrownText, userStack } from './user-stack';

const captured = new ConsoleCapture();
const replies = new ReplyBuffer();
/** Rejects the call in progress: for what user code throws outside of it (timers, promises nobody awaits). */
let failCall: ((error: unknown) => void) | undefined;

function main(): void {
  const worker = new Worker(new URL(import.meta.url), { execArgv: [], workerData: replies.shared });
  process.on('exit', () => replies.flush());
  captured.install();
  const diagnostics = registerHook();
  const escaped = (error: unknown) => {
    if (failCall) failCall(error);
    else captured.add(`Outside of a call: ${userStack(error, import.meta.url)}\n`);
  };
  process.on('uncaughtException', escaped);
  process.on('unhandledRejection', escaped);
  let queue = Promise.resolve();
  worker.on('message', (line: string | null) => {
    if (line === null) process.exit(0);
    queue = queue.then(async () => {
      worker.postMessage('busy' satisfies HostState);
      await answer(JSON.parse(line) as HostRequest, diagnostics);
      worker.postMessage('idle' satisfies HostState);
    });
  });
  reply({ type: 'ready', version: process.versions.node });
}

/** Installs the module hook; returns a function that takes the syntax errors it has seen since last time. */
function registerHook(): () => HookDiagnostic[] {
  const { port1, port2 } = new MessageChannel();
  port1.unref();
  register('./typescript-hook.mjs', import.meta.url, { data: { port: port2 }, transferList: [port2] });
  return () => {
    const seen: HookDiagnostic[] = [];
    for (let next = receiveMessageOnPort(port1); next; next = receiveMessageOnPort(port1)) seen.push(next.message);
    return seen;
  };
}

async function answer(request: HostRequest, diagnostics: () => HookDiagnostic[]): Promise<void> {
  if (request.type === 'load') reply(await load(request, diagnostics));
  else if (request.type === 'read') reply({ id: request.id, type: 'read', files: stored(request.stored)?.files });
  else await score(request);
}

async function load(
  { id, file, export: wanted }: Extract<HostRequest, { type: 'load' }>,
  diagnostics: () => HookDiagnostic[],
): Promise<HostAnswer> {
  try {
    const chosen = chooseExport(exportedFunctions(await importFile(file)), wanted);
    if ('problem' in chosen) return { id, type: 'loadFailed', reason: chosen.problem, place: { file } };
    return { id, type: 'loaded', export: chosen.name, signature: signatureOf(chosen.function) };
  } catch (error) {
    const stack = userStack(error, import.meta.url);
    const [syntax] = error instanceof SyntaxError ? diagnostics() : [];
    if (syntax) {
      const { message, ...place } = syntax;
      return { id, type: 'loadFailed', reason: `Syntax error: ${message}`, place, stack };
    }
    const place = placeInStack(stack) ?? { file };
    return {
      id,
      type: 'loadFailed',
      reason: `${thrownText(error)}${typeImportAdvice(error, place.file)}`,
      place,
      stack,
    };
  }
}

/** Stripping keeps every import, so that one of a type fails as a missing export. */
function typeImportAdvice(error: unknown, file: string): string {
  const name = error instanceof SyntaxError ? /export named '([^']+)'/.exec(error.message)?.[1] : undefined;
  return name !== undefined && /\.m?ts$/.test(file) ? ` (if ${name} is a type, write: import type { ${name} })` : '';
}

const imported = new Map<string, object>();

/** Importing again would give the same module, after some milliseconds in the module hook. */
async function importFile(file: string): Promise<object> {
  const module = imported.get(file) ?? ((await import(pathToFileURL(file).href)) as object);
  imported.set(file, module);
  return module;
}

let held: { readonly key: string; readonly samples: StoredSamples | undefined } | undefined;

/** Read once for the request that asks what there is and the one that scores it. */
function stored(reference: StoredReference): StoredSamples | undefined {
  const key = JSON.stringify(reference);
  if (held?.key !== key) held = { key, samples: StoredSamples.read(reference) };
  return held.samples;
}

function samplesOf({ samples }: Extract<HostRequest, { type: 'score' }>): (index: number) => RewardSample | undefined {
  if (!('files' in samples)) return (index) => unpackSample(samples, index);
  const read = stored(samples);
  return (index) => read?.sample(index);
}

async function score(request: Extract<HostRequest, { type: 'score' }>): Promise<void> {
  const { id, direct } = request;
  const reward = exportedFunctions(await importFile(request.file)).get(request.export);
  if (!reward) throw new Error(`score before load: ${request.export}`);
  const batched = signatureOf(reward) === 'batched';
  const sampleAt = samplesOf(request);
  replies.beginRequest(id);
  for (const [call, indices] of request.calls.entries()) {
    const samples = indices.flatMap((index) => sampleAt(index) ?? []);
    if (samples.length < indices.length) {
      tell(
        id,
        call,
        indices.map(() => readNoMore),
        false,
        { ms: 0 },
      );
      continue;
    }
    captured.take();
    replies.beginCall(call);
    if (direct) replies.flush(); // what was said before a crash arrives
    const started = performance.now();
    const { outcomes, whole } = await callFunction(reward, batched, samples);
    const ms = performance.now() - started;
    tell(id, call, outcomes, whole, { ms, ...withConsole(captured.take()) });
    if (direct) replies.flush();
  }
  reply({ id, type: 'done' });
}

const readNoMore: RewardOutcome = {
  invalid: 'hostFailed',
  reason: 'Its stored completion was there before, and could not be read again.',
};

/** A batch's console output and time belong to the call; they stand with its first sample. */
function tell(
  id: number,
  call: number,
  outcomes: readonly RewardOutcome[],
  whole: boolean,
  facts: { ms: number; console?: string },
): void {
  const [only] = outcomes;
  if (outcomes.length === 1 && only && 'value' in only && only.details === undefined && facts.console === undefined) {
    if (typeof only.value !== 'string') {
      replies.addScore(call, only.value, facts.ms);
      return;
    }
  }
  const told = outcomes.map((outcome, index) => (index === 0 ? { ...outcome, ...facts } : outcome));
  replies.add({ id, type: 'result', call, outcomes: told, whole });
}

async function callFunction(
  reward: RewardFunction,
  batched: boolean,
  samples: readonly RewardSample[],
): Promise<{ outcomes: RewardOutcome[]; whole: boolean }> {
  try {
    const called = batched ? callBatched(reward, samples) : reward(samples[0]);
    const returned = isThenable(called) ? await unlessEscaped(called) : called;
    const outcomes = batched ? outcomesOfBatch(returned, samples.length) : [outcomeOfReturned(returned)];
    return { outcomes, whole: false };
  } catch (error) {
    const outcome: RewardOutcome = {
      invalid: 'threw',
      reason: thrownText(error),
      stack: userStack(error, import.meta.url),
    };
    return { outcomes: samples.map(() => outcome), whole: true };
  } finally {
    failCall = undefined;
  }
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function';
}

/** What the call comes to, unless something that it has started throws outside of it first. */
function unlessEscaped(called: PromiseLike<unknown>): Promise<unknown> {
  const escaped = new Promise<never>((_, reject) => {
    failCall = reject;
  });
  return Promise.race([escaped, called]);
}

/** An array of promises, from `completions.map(async …)`, is awaited too. */
async function callBatched(reward: RewardFunction, samples: readonly RewardSample[]): Promise<unknown> {
  const returned = await reward(
    samples.map((sample) => sample.prompt),
    samples.map((sample) => sample.completion),
    columnsOf(samples),
  );
  return Array.isArray(returned) ? Promise.all(returned) : returned;
}

function withConsole(text: string): { console?: string } {
  return text === '' ? {} : { console: text };
}

function reply(message: HostReply): void {
  replies.add(message);
  replies.flush();
}

if (isMainThread) main();
else {
  watchStdin();
  writeWhileBusy(new ReplyBuffer(workerData));
}
