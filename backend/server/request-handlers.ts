// Every request of the protocol, by name, and what answers it.
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { SuperRlError } from '../protocol/errors';
import type { RequestName } from '../protocol/messages';
import { readRunRecord, readSummary } from '../trainer/run-folder/run-json';
import { sampledSteps } from '../trainer/run-folder/sample-file';
import type { ComputationName, ComputationResult } from './computation/computation';
import type { Computations } from './computation/computations';
import type { DataReader } from './data-reader';
import type { DebugSessions } from './debug-sessions';
import { runDoctor } from './doctor';
import type { LiveRuns } from './live-runs';
import type { RequestContext, RequestHandlers } from './request';
import { rewardFunctionsOf } from './reward-functions';
import { RowOutcomes } from './row-outcomes';
import type { RunSummaries } from './run-summaries';
import type { RunWatch } from './run-watch';
import { readGroups, searchGroups } from './stored-samples';
import type { Subscriptions } from './subscriptions';

export interface ServerParts {
  readonly readOnly: boolean;
  /** superrl.mjs. */
  readonly program: string;
  readonly liveRuns: LiveRuns;
  readonly summaries: RunSummaries;
  readonly watch: RunWatch;
  readonly subscriptions: Subscriptions;
  readonly computations: Computations;
  readonly dataReader: DataReader;
  readonly debugSessions: DebugSessions;
}

/** What a read-only server refuses: whatever trains, runs a person's code, or writes. */
const refusedReadOnly: ReadonlySet<RequestName> = new Set<RequestName>([
  'startRun',
  'resumeRun',
  'controlRun',
  'cancelQueued',
  'auditTraces',
  'probeSparsity',
  'doctor',
  'tryModel',
  'exportModel',
  'rescore',
  'debugReward',
  'debugFixture',
  'runFixtures',
]);

/** One handler a request name; a read-only server refuses those that train, execute or write. */
export function createRequestHandlers(parts: ServerParts): RequestHandlers {
  const { liveRuns, summaries, watch, subscriptions, computations, dataReader, debugSessions } = parts;
  const outcomes = new Map<string, RowOutcomes>();
  const compute =
    <N extends ComputationName>(name: N) =>
    (params: unknown, { signal, progress }: RequestContext): Promise<ComputationResult<N>> =>
      computations.run(name, params, { signal, onProgress: progress });

  const handlers: RequestHandlers = {
    async listRuns({ directories }, { client }) {
      await watch.follow(client, directories);
      return { runs: [...liveRuns.queued(), ...(await summaries.list(directories))] };
    },
    startRun: (params, { signal }) => liveRuns.start(params, signal),
    resumeRun: async ({ run, settings }, { signal }) => ({ run: await liveRuns.resume(run, settings, signal) }),
    async controlRun({ run, action }) {
      await liveRuns.control(run, action);
      return {};
    },
    async cancelQueued({ queueId }) {
      await liveRuns.cancelQueued(queueId);
      return {};
    },
    async readRun({ run }) {
      const record = { ...readRunRecord(run) };
      const end = readSummary(run);
      return { summary: await summaries.of(resolve(run)), record, ...(end && { end: { ...end } }) };
    },
    subscribe({ run, fromSeq }, { client }) {
      mustBeRun(run);
      return { subscription: subscriptions.open(client, run, fromSeq) };
    },
    unsubscribe({ subscription }, { client }) {
      subscriptions.close(client, subscription);
      return {};
    },
    ack({ subscription, seq }, { client }) {
      subscriptions.acknowledge(client, subscription, seq);
      return {};
    },
    readSamples: async ({ run, step, filter, group }) => ({ step, groups: await readGroups(run, step, filter, group) }),
    sampleSteps({ run }) {
      mustBeRun(run);
      return { steps: sampledSteps(run) };
    },
    searchSamples(params, { signal, progress }) {
      mustBeRun(params.run);
      const onProgress = (done: number, of: number): void => progress(done, of, `${done} of ${of} steps searched`);
      return searchGroups({ ...params, signal, onProgress });
    },
    async rowOutcomes({ run, ...wanted }, { signal }) {
      mustBeRun(run);
      const kept = outcomes.get(run) ?? new RowOutcomes(run);
      outcomes.set(run, kept);
      return kept.rows(wanted, signal);
    },
    inspectData: compute('inspectData'),
    readRows: (params) => dataReader.run('readRows', params),
    searchRows: (params) => dataReader.run('searchRows', params),
    traceRows: (params) => dataReader.run('traceRows', params),
    auditTraces: compute('auditTraces'),
    probeSparsity: compute('probeSparsity'),
    doctor: (_params, { signal }) => runDoctor(parts.program, signal),
    tryModel: (params, { signal, progress }) =>
      computations.tryModel(params.model, params, {
        signal,
        onProgress: (done, total, text) => progress(done, total, text, true),
      }),
    exportModel: compute('exportModel'),
    rewardFunctions: ({ file }) => rewardFunctionsOf(file),
    rescore: compute('rescore'),
    debugReward: (params, { client, signal }) => debugSessions.start(client, 'debugReward', params, signal),
    debugFixture: (params, { client, signal }) => debugSessions.start(client, 'debugFixture', params, signal),
    endDebug({ session }) {
      debugSessions.end(session);
      return {};
    },
    runFixtures: compute('runFixtures'),
  };
  return parts.readOnly ? { ...handlers, ...refusals() } : handlers;
}

function refusals(): Partial<RequestHandlers> {
  const refuse = (): never => {
    throw new SuperRlError(
      'unsupported',
      'This window is in restricted mode: runs can be viewed, and nothing can be trained or executed. Trust the workspace to do so.',
    );
  };
  return Object.fromEntries([...refusedReadOnly].map((name) => [name, refuse]));
}

function mustBeRun(run: string): void {
  if (!existsSync(join(run, 'run.json'))) readRunRecord(run); // says what is missing
}
