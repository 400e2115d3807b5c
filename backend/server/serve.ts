// `superrl serve`: the one backend process that all windows of a user share. It ends by itself when no run is
// live and nobody has been there for a while.
import { randomBytes } from 'node:crypto';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { version } from '../../package.json';
import { closeCodes, protocolVersion, type ServerRecord } from '../protocol/messages';
import { queueName, stateFolder } from '../protocol/server-record';
import { ownIdentity } from '../trainer/run-folder/process-identity';
import { Computations } from './computation/computations';
import { Connection } from './connection';
import { DataReader } from './data-reader';
import { DebugSessions } from './debug-sessions';
import { LiveRuns } from './live-runs';
import { createRequestHandlers } from './request-handlers';
import { RunQueue } from './run-queue';
import { RunSummaries } from './run-summaries';
import { RunWatch } from './run-watch';
import { ServerPlace } from './server-place';
import { openSocketServer } from './socket-server';
import { Subscriptions } from './subscriptions';

export interface ServeOptions {
  /** For windows in restricted mode: runs can be viewed, nothing is trained or executed. */
  readonly readOnly: boolean;
  /** How long without a client and a live run until it ends. */
  readonly idleMs: number;
  readonly log: (text: string) => void;
  /** Where superrl.mjs, trainer.mjs and computation.mjs lie; default: beside the running bundle. */
  readonly bundleFolder?: string;
}

export interface RunningServer {
  readonly record: ServerRecord;
  readonly recordFile: string;
  /** Why it ended. */
  readonly ended: Promise<string>;
  /** Trainers that are under way finish their step, save and end first. */
  stop(reason: string): Promise<void>;
}

/** undefined: another server of this user is alive. @throws SuperRlError `storage`, `server`. */
export async function serve(options: ServeOptions): Promise<RunningServer | undefined> {
  const { readOnly, idleMs, log } = options;
  const folder = stateFolder(process.platform, process.env, homedir());
  const place = ServerPlace.take(folder, readOnly);
  if (!place) return undefined;
  const bundles = options.bundleFolder ?? dirname(fileURLToPath(import.meta.url));
  const watch = new RunWatch();
  const queue = await RunQueue.open(join(folder, queueName(readOnly)), log);
  const onChange = (): void => watch.announce();
  const liveRuns = new LiveRuns({ trainerEntry: join(bundles, 'trainer.mjs'), queue, log, onChange });
  const computations = new Computations(join(bundles, 'computation.mjs'));
  const dataReader = new DataReader(join(bundles, 'computation.mjs'));
  const debugSessions = new DebugSessions(join(bundles, 'computation.mjs'));
  const handlers = createRequestHandlers({
    readOnly,
    program: join(bundles, 'superrl.mjs'),
    liveRuns,
    summaries: new RunSummaries(readOnly),
    watch,
    subscriptions: new Subscriptions(),
    computations,
    dataReader,
    debugSessions,
  });
  const connections = new Set<Connection>();
  const token = randomBytes(32).toString('hex');
  try {
    const socketServer = await openSocketServer(token, (socket) => {
      const connection = new Connection(socket, handlers, log);
      connections.add(connection);
      connection.closed.addEventListener('abort', () => connections.delete(connection));
      connection.send({ kind: 'hello', protocol: protocolVersion, version, readOnly, pid: process.pid });
    });
    const { port } = socketServer;
    const { pid, startTime } = ownIdentity();
    const record = { pid, processStart: startTime, port, protocol: protocolVersion, version, token, readOnly };
    await place.publish(record);

    let reportEnd: (reason: string) => void = () => {};
    const ended = new Promise<string>((resolve) => {
      reportEnd = resolve;
    });
    let isStopping = false;
    const stop = async (reason: string): Promise<void> => {
      if (isStopping) return;
      isStopping = true;
      idle.stop();
      place.leave();
      for (const connection of connections) connection.close(closeCodes.serverEnds, reason);
      watch.stop();
      debugSessions.endAll();
      computations.end();
      dataReader.end();
      await socketServer.close();
      await liveRuns.stopAll();
      reportEnd(reason);
    };
    liveRuns.startNext();
    const idle = new IdleClock(idleMs, () => socketServer.clients > 0 || liveRuns.isBusy, stop);
    return { record, recordFile: place.recordFile, ended, stop };
  } catch (error) {
    place.leave();
    throw error;
  }
}

/** Looks often enough that the server ends at most a quarter later than it should. */
class IdleClock {
  readonly #timer: NodeJS.Timeout;
  #idleSince = performance.now();

  constructor(idleMs: number, isNeeded: () => boolean, stop: (reason: string) => Promise<void>) {
    this.#timer = setInterval(
      () => {
        const now = performance.now();
        if (isNeeded()) this.#idleSince = now;
        else if (now - this.#idleSince >= idleMs) void stop('No window and no run needs the server.');
      },
      Math.min(10_000, Math.max(20, idleMs / 4)),
    );
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}
