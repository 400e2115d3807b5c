// The task type `superrl`: a run from tasks.json. It trains in the server like every run, so it goes on when the
// window closes; the terminal shows a line a step, and ending the task ends the run after its step, saved.
import { basename, dirname, isAbsolute, join } from 'node:path';
import * as vscode from 'vscode';
import { z } from 'zod';
import { errorText } from '../backend/protocol/errors';
import type { RunEvent } from '../backend/protocol/events';
import { taskType } from './contributions/task';
import { eventLine } from './event-line';
import type { Subscription } from './listeners';
import { rewardSettings } from './rewards/reward-settings';
import type { Services } from './services';
import { setting } from './setting';

const definitionSchema = z.object({
  runFile: z.string(),
  overrides: z.array(z.string()).default([]),
  resume: z.string().optional(),
});
type Definition = z.infer<typeof definitionSchema>;

export class RunTasks implements vscode.TaskProvider {
  constructor(private readonly services: Services) {}

  provideTasks(): vscode.Task[] {
    return this.services.files.runFiles.map((uri) => {
      const folder = vscode.workspace.getWorkspaceFolder(uri);
      const runFile = folder ? vscode.workspace.asRelativePath(uri, false) : uri.fsPath;
      return this.task({ type: taskType.type, runFile }, folder ?? vscode.TaskScope.Workspace);
    });
  }

  resolveTask(task: vscode.Task): vscode.Task | undefined {
    if (!definitionSchema.safeParse(task.definition).success) return undefined; // the editor marks it in tasks.json
    return this.task(task.definition, task.scope ?? vscode.TaskScope.Workspace);
  }

  private task(definition: vscode.TaskDefinition, scope: vscode.TaskScope | vscode.WorkspaceFolder): vscode.Task {
    const execution = new vscode.CustomExecution(async (resolved) => {
      const base = typeof scope === 'object' ? scope.uri.fsPath : vscode.workspace.workspaceFolders?.[0]?.uri.fsPath;
      return new RunTerminal(this.services, definitionSchema.parse(resolved), base ?? '');
    });
    const name = `train ${basename(String(definition.runFile))}`;
    const task = new vscode.Task(definition, scope, name, 'superrl', execution, []);
    task.isBackground = false;
    return task;
  }
}

const exitCodes = { finished: 0, failed: 1, interrupted: 130 } as const;

class RunTerminal implements vscode.Pseudoterminal {
  private readonly written = new vscode.EventEmitter<string>();
  readonly onDidWrite = this.written.event;
  private readonly closed = new vscode.EventEmitter<number>();
  readonly onDidClose = this.closed.event;
  private run: string | undefined;
  private following: Subscription | undefined;

  constructor(
    private readonly services: Services,
    private readonly definition: Definition,
    private readonly base: string,
  ) {}

  open(): void {
    void this.start().catch((error: unknown) => {
      this.line(errorText(error));
      this.closed.fire(exitCodes.failed);
    });
  }

  close(): void {
    this.following?.dispose();
    if (this.run !== undefined) void this.stop(this.run);
  }

  handleInput(data: string): void {
    if (data !== '\x03' || this.run === undefined) return;
    this.line('Stopping after this step…');
    void this.stop(this.run);
  }

  private async start(): Promise<void> {
    const { connection, runs } = this.services;
    const runFile = absolute(this.base, this.definition.runFile);
    const runsDirectory = setting('superrl.runsDirectory');
    const settings = rewardSettings();
    if (this.definition.resume !== undefined) {
      const { run } = await connection.request('resumeRun', {
        run: absolute(this.base, this.definition.resume),
        settings,
      });
      this.run = run;
    } else {
      const started = await connection.request('startRun', {
        runFile,
        overrides: this.definition.overrides,
        startNow: true,
        settings,
        ...(runsDirectory === '' ? {} : { runsDirectory }),
      });
      for (const warning of started.warnings) this.line(warning);
      this.run = started.run;
    }
    if (this.run === undefined) throw new Error('The server started no run.');
    runs.addDirectory(dirname(this.run));
    this.line(this.run);
    this.following = connection.follow(
      this.run,
      1,
      (events) => this.show(events),
      (error) => {
        this.line(error.message);
        this.closed.fire(exitCodes.failed);
      },
    );
  }

  private show(events: readonly RunEvent[]): void {
    for (const event of events) {
      const text = eventLine(event);
      if (text !== undefined) this.line(text);
      const end = endOf(event);
      if (end !== undefined) {
        this.run = undefined;
        this.closed.fire(exitCodes[end]);
        return;
      }
    }
  }

  private async stop(run: string): Promise<void> {
    try {
      await this.services.connection.request('controlRun', { run, action: 'stop' });
    } catch (error) {
      this.services.log.warn(`${run} could not be stopped: ${errorText(error)}`);
    }
  }

  private line(text: string): void {
    this.written.fire(`${text.replaceAll('\n', '\r\n')}\r\n`);
  }
}

function absolute(base: string, path: string): string {
  return isAbsolute(path) ? path : join(base, path);
}

function endOf(event: RunEvent): keyof typeof exitCodes | undefined {
  if (event.type === 'interrupted') return 'interrupted';
  if (event.type !== 'state') return undefined;
  const { state } = event.data;
  return state === 'finished' || state === 'failed' || state === 'interrupted' ? state : undefined;
}
