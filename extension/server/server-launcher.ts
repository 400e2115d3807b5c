// Finds the running server by its record or starts one. Two windows may do so at once: the server itself makes sure
// that one stays, and both find its record.
import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { childEnvironment } from '../../backend/protocol/child-environment';
import { SuperRlError } from '../../backend/protocol/errors';
import type { ServerRecord } from '../../backend/protocol/messages';
import { serverLogName, serverRecordName, stateFolder } from '../../backend/protocol/server-record';
import type { Runtime } from './runtime';
import { readServerRecord } from './server-record';

export interface ServerLauncherOptions {
  /** dist/superrl.mjs of this extension. */
  readonly script: string;
  /** Asked at each start, since trust can be granted while the window is open. */
  readonly isReadOnly: () => boolean;
  readonly chooseRuntime: () => Promise<Runtime>;
  readonly log: (message: string) => void;
}

interface StartedServer {
  problem: string | undefined;
  /** It ended in good order since there was another one. */
  yielded: boolean;
}

const startTimeoutMs = 20_000;
const pollMs = 50;

export class ServerLauncher {
  private readonly folder = stateFolder(process.platform, process.env, homedir());

  constructor(private readonly options: ServerLauncherOptions) {}

  get logFile(): string {
    return join(this.folder, serverLogName(this.options.isReadOnly()));
  }

  /**
   * @param failed the record that led nowhere the last time, if any: a reused process id, or a server that hangs. The
   *   new server then decides whether that one is alive.
   * @throws SuperRlError `server` with the end of its log when it doesn't come up.
   */
  async findOrStart(failed?: ServerRecord): Promise<ServerRecord> {
    const readOnly = this.options.isReadOnly();
    const recordFile = join(this.folder, serverRecordName(readOnly));
    const found = readServerRecord(recordFile);
    if (found && found.token !== failed?.token) return found;
    const runtime = await this.options.chooseRuntime();
    this.options.log(`Starting the server on ${runtime.executable}. ${runtime.reason}`);
    const child = this.start(runtime, readOnly);
    for (const deadline = Date.now() + startTimeoutMs; Date.now() < deadline; ) {
      const record = readServerRecord(recordFile);
      // One that found another server alive ends with code 0: that one's record is the one to use.
      if (record && (record.token !== failed?.token || child.yielded)) return record;
      if (child.problem !== undefined) throw this.notStarted(child.problem);
      await sleep(pollMs);
    }
    throw this.notStarted(`did not answer within ${startTimeoutMs / 1000} s`);
  }

  private start(runtime: Runtime, readOnly: boolean): StartedServer {
    mkdirSync(this.folder, { recursive: true, mode: 0o700 });
    const log = openSync(this.logFile, 'a', 0o600);
    const state: StartedServer = { problem: undefined, yielded: false };
    try {
      const child = spawn(runtime.executable, [this.options.script, 'serve', ...(readOnly ? ['--read-only'] : [])], {
        cwd: this.folder,
        // It outlives this window. A detached child with pipes would die at its first line after a reload.
        detached: true,
        stdio: ['ignore', log, log],
        windowsHide: true,
        env: childEnvironment('server', process.platform, process.env, {
          editorExecutable: runtime.isEditor && process.versions.electron !== undefined,
        }),
      });
      child.on('error', (error) => {
        state.problem = `could not be started (${error.message})`;
      });
      child.on('exit', (code, signal) => {
        if (code === 0) state.yielded = true;
        else state.problem = signal ? `was ended by ${signal}` : `ended with code ${code}`;
      });
      child.unref();
    } finally {
      closeSync(log);
    }
    return state;
  }

  private notStarted(what: string): SuperRlError {
    const said = lastLines(this.logFile);
    return new SuperRlError(
      'server',
      `The SuperRL server ${what}.${said === '' ? '' : ` It said: ${said}`} Its log is ${this.logFile}.`,
    );
  }
}

function lastLines(file: string): string {
  try {
    return readFileSync(file, 'utf8').trim().split('\n').slice(-3).join(' ').slice(-600);
  } catch {
    return '';
  }
}
