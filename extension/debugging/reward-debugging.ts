// Reward functions under the editor's own debugger: the server starts the host of training, stopped at its first line,
// with a stored completion as input, and the debugger attaches. Restart starts over on the same sample.
import { randomUUID } from 'node:crypto';
import { basename, extname } from 'node:path';
import * as vscode from 'vscode';
import { z } from 'zod';
import { SuperRlError } from '../../backend/protocol/errors';
import type { RequestParams } from '../../backend/protocol/messages';
import type { RewardOutcome } from '../../backend/protocol/sample';
import { outcomeText } from '../documents/group-text';
import { rewardSettings } from '../rewards/reward-settings';
import type { DebugEnd, ServerConnection } from '../server/server-connection';
import { attachesToInspector, type DebugHost, RestartablePort } from './restartable-port';

/** What is debugged: a reward function with its input. */
export interface DebugTarget {
  readonly rewardFile: string;
  readonly export: string | undefined;
  /** "solved on step 12, group 3, completion 1", for titles and messages. */
  readonly title: string;
  /** Starts a host with this input. */
  readonly start: () => Promise<DebugHost>;
}

const ownSession = 'superrlDebugSession';
const debuggerTypes = ['pwa-node', 'debugpy'];
const pythonDebuggers = ['ms-python.debugpy', 'ms-python.python'];

export interface RewardDebuggingOptions {
  readonly connection: Pick<ServerConnection, 'request' | 'onDebugEnded'>;
  readonly showError: (error: unknown) => void;
}

export class RewardDebugging implements vscode.Disposable {
  private readonly ports = new Map<string, RestartablePort>();
  private readonly targets = new Map<string, DebugTarget>();
  /** The host under way behind each port. */
  private readonly hosts = new Map<string, string>();
  private readonly disposables: { dispose(): unknown }[] = [];
  private last: DebugTarget | undefined;

  constructor(private readonly options: RewardDebuggingOptions) {
    this.disposables.push(
      vscode.debug.onDidTerminateDebugSession((session) => this.terminated(session)),
      options.connection.onDebugEnded((end) => this.ended(end)),
      ...debuggerTypes.map((type) =>
        vscode.debug.registerDebugAdapterTrackerFactory(type, {
          createDebugAdapterTracker: (session) => {
            const id = ownId(session);
            if (id === undefined) return undefined;
            return { onWillReceiveMessage: (message: unknown) => asksToRestart(message) && this.restarts(id) };
          },
        }),
      ),
    );
  }

  /** The target of one stored completion, or of a whole group without `index`. */
  onSample(params: Omit<RequestParams<'debugReward'>, 'settings'>, component: string): DebugTarget {
    const { step, group, index } = params;
    const which = index === undefined ? '' : `, completion ${index + 1}`;
    return {
      rewardFile: params.rewardFile,
      export: params.export,
      title: `${component} on step ${step}, group ${group + 1}${which}`,
      start: () => this.options.connection.request('debugReward', { ...params, settings: rewardSettings() }),
    };
  }

  /** Whether the editor has a debugger for the file's language; tells the person what to install if not. */
  async canDebug(rewardFile: string): Promise<boolean> {
    return !isPython(rewardFile) || hasPythonDebugger();
  }

  /** @throws SuperRlError, or what the server says, when it can't start. */
  async debug(target: DebugTarget): Promise<void> {
    if (!(await this.canDebug(target.rewardFile))) return;
    await vscode.workspace.saveAll(false); // what is on disk is what runs
    await this.stopAtFunction(target);
    this.last = target;
    const id = randomUUID();
    const port = await RestartablePort.open({
      start: async () => {
        const host = await target.start();
        this.targets.set(host.session, target);
        this.hosts.set(id, host.session);
        return host;
      },
      end: (session) => this.endHost(session),
      failed: this.options.showError,
      attaches: isPython(target.rewardFile) ? () => true : attachesToInspector,
    });
    this.ports.set(id, port);
    const folder = vscode.workspace.getWorkspaceFolder(vscode.Uri.file(target.rewardFile));
    const started = await vscode.debug.startDebugging(folder, configuration(target, port.port, id));
    if (started) return;
    this.closePort(id);
    throw new SuperRlError(
      'reward',
      `The debugger did not start on ${basename(target.rewardFile)}: see the debug console.`,
    );
  }

  /** The last debugged function on the same sample. */
  async debugAgain(): Promise<void> {
    if (!this.last)
      throw new SuperRlError('usage', 'No reward was debugged in this window yet. Debug one on a sample first.');
    await this.debug(this.last);
  }

  dispose(): void {
    for (const id of [...this.ports.keys()]) this.closePort(id);
    for (const disposable of this.disposables) disposable.dispose();
  }

  /** Without any breakpoint in the file nothing would stop: the function's first line gets one. */
  private async stopAtFunction({ rewardFile, export: name }: DebugTarget): Promise<void> {
    const inFile = vscode.debug.breakpoints.some(
      (breakpoint) =>
        breakpoint instanceof vscode.SourceBreakpoint &&
        breakpoint.enabled &&
        breakpoint.location.uri.fsPath === rewardFile,
    );
    if (inFile) return;
    const { functions } = await this.options.connection.request('rewardFunctions', { file: rewardFile });
    const found = functions.find((each) => each.name === (name ?? 'default')) ?? functions[0];
    if (!found) return;
    const uri = vscode.Uri.file(rewardFile);
    const document = await vscode.workspace.openTextDocument(uri);
    const opensBlock = /[{:]\s*$/.test(document.lineAt(found.line - 1).text);
    const line = Math.min(opensBlock ? found.line : found.line - 1, document.lineCount - 1);
    const location = new vscode.Location(uri, new vscode.Position(line, 0));
    vscode.debug.addBreakpoints([new vscode.SourceBreakpoint(location)]);
  }

  private terminated(session: vscode.DebugSession): void {
    const id = ownId(session);
    if (session.parentSession === undefined && id !== undefined) this.closePort(id);
  }

  /** What the function still says once it is let go is about the code as it was. */
  private restarts(id: string): void {
    const host = this.hosts.get(id);
    if (host !== undefined) this.targets.delete(host);
  }

  private closePort(id: string): void {
    this.ports.get(id)?.close();
    this.ports.delete(id);
    this.hosts.delete(id);
  }

  private endHost(session: string): void {
    this.options.connection.request('endDebug', { session }).catch(() => undefined); // gone with the connection
  }

  private async ended({ session, outcomes, message }: DebugEnd): Promise<void> {
    const target = this.targets.get(session);
    this.targets.delete(session);
    if (!target) return;
    const said = message ?? endText(outcomes);
    const again = 'Debug Again';
    const answer = await vscode.window.showInformationMessage(`${target.title}: ${said}`, again);
    if (answer === again) await this.debug(target).catch(this.options.showError);
  }
}

/** What the function said under the debugger: one outcome, or a list of a group's. */
export function endText(outcomes: readonly RewardOutcome[]): string {
  if (outcomes.length === 0) return 'it ended without a score.';
  return outcomes.map(outcomeText).join(', ');
}

/** Of our port, if the session or the one it belongs to attaches to one. */
function ownId(session: vscode.DebugSession): string | undefined {
  const id: unknown = (session.parentSession ?? session).configuration[ownSession];
  return typeof id === 'string' ? id : undefined;
}

/** Requests of the debug adapter protocol by which an editor starts over. */
const restartSchema = z.union([
  z.object({ command: z.literal('restart') }),
  z.object({ command: z.enum(['disconnect', 'terminate']), arguments: z.object({ restart: z.literal(true) }) }),
]);

function asksToRestart(message: unknown): boolean {
  return restartSchema.safeParse(message).success;
}

function isPython(rewardFile: string): boolean {
  return extname(rewardFile).toLowerCase() === '.py';
}

function configuration({ title, rewardFile }: DebugTarget, port: number, id: string): vscode.DebugConfiguration {
  const name = `SuperRL: ${title}`;
  if (isPython(rewardFile)) {
    const connect = { host: '127.0.0.1', port };
    return { type: 'debugpy', request: 'attach', name, connect, justMyCode: true, [ownSession]: id };
  }
  return {
    type: 'pwa-node',
    request: 'attach',
    name,
    address: '127.0.0.1',
    port,
    continueOnAttach: true,
    autoAttachChildProcesses: false,
    // What runs is the person's file with its types blanked out, place by place: show theirs, not ours.
    enableContentValidation: false,
    skipFiles: ['<node_internals>/**', '**/dist/reward-host.mjs', '**/dist/typescript-hook.mjs', '**/dist/chunk-*.mjs'],
    [ownSession]: id,
  };
}

async function hasPythonDebugger(): Promise<boolean> {
  if (pythonDebuggers.some((id) => vscode.extensions.getExtension(id) !== undefined)) return true;
  const show = 'Show Extension';
  const answer = await vscode.window.showErrorMessage(
    'Debugging a reward in Python needs the extension Python Debugger (ms-python.debugpy), which is not installed or is disabled. Install it and debug again; the reward itself runs without it.',
    show,
  );
  if (answer === show) await vscode.commands.executeCommand('workbench.extensions.search', '@id:ms-python.debugpy');
  return false;
}
