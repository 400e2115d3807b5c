// Commands on a run: control it, look at it, compare it with others, find its files.
import { join } from 'node:path';
import * as vscode from 'vscode';
import type { RequestParams } from '../../backend/protocol/messages';
import type { RunMark } from '../contributions/views';
import { rewardSettings } from '../rewards/reward-settings';
import type { Services } from '../services';
import { type Handler, type Handlers, runArgument } from './handler';
import { pickRun, pickRuns } from './pick-run';

type RunCommands = Pick<
  Handlers,
  | 'superrl.pause'
  | 'superrl.resume'
  | 'superrl.stop'
  | 'superrl.saveCheckpoint'
  | 'superrl.openDashboard'
  | 'superrl.compareRuns'
  | 'superrl.openRunConfiguration'
  | 'superrl.revealRunFolder'
  | 'superrl.cancelQueued'
  | 'superrl.refreshRuns'
>;

export function runCommands(services: Services): RunCommands {
  const control =
    (action: RequestParams<'controlRun'>['action'], mark: RunMark, question: string): Handler =>
    async (argument) => {
      const run = runArgument(argument) ?? (await pickRun(services, question, { mark }))?.run;
      if (run === undefined) return;
      await services.connection.request('controlRun', { run, action });
      await services.runs.refresh();
    };
  return {
    'superrl.pause': control('pause', 'pausable', 'Pause which run?'),
    'superrl.stop': control('stop', 'running', 'Stop which run? It finishes its step and saves.'),
    'superrl.saveCheckpoint': control('checkpoint', 'running', 'Save a checkpoint of which run?'),
    'superrl.resume': async (argument) => {
      const run = runArgument(argument) ?? (await pickRun(services, 'Resume which run?', { mark: 'resumable' }))?.run;
      if (run !== undefined) await resume(services, run);
    },
    'superrl.openDashboard': async (argument) => {
      const run = runArgument(argument) ?? (await newestOrAsk(services));
      if (run !== undefined) services.dashboards.show([run]);
    },
    'superrl.compareRuns': async (argument) => {
      const picked = await pickRuns(services, 'Compare which runs?', runArgument(argument));
      if (picked.length > 1) services.dashboards.show(picked.map(({ run }) => run));
      else if (picked.length === 1) void vscode.window.showInformationMessage('A comparison needs at least two runs.');
    },
    'superrl.openRunConfiguration': async (argument) => {
      const run = runArgument(argument);
      if (run !== undefined) await vscode.window.showTextDocument(vscode.Uri.file(join(run, 'run.json')));
    },
    'superrl.revealRunFolder': async (argument) => {
      const run = runArgument(argument);
      if (run !== undefined) await reveal(vscode.Uri.file(join(run, 'run.json')));
    },
    'superrl.cancelQueued': async (argument) => {
      const queueId = services.runs.get(runArgument(argument) ?? '')?.queueId;
      if (queueId === undefined) return;
      await services.connection.request('cancelQueued', { queueId });
      await services.runs.refresh();
    },
    'superrl.refreshRuns': async () => {
      if (services.connection.state.kind !== 'connected') services.connection.reconnect();
      await services.files.refresh();
      await services.runs.refresh();
    },
  };
}

/** A paused run goes on where it stands; an interrupted one gets a new trainer, from its newest checkpoint. */
async function resume(services: Services, run: string): Promise<void> {
  const { summary } = await services.connection.request('readRun', { run });
  if (summary.live) await services.connection.request('controlRun', { run, action: 'resume' });
  else await services.connection.request('resumeRun', { run, settings: rewardSettings() });
  await services.runs.refresh();
  services.dashboards.show([run]);
}

/** The live run, when there is one. */
async function newestOrAsk(services: Services): Promise<string | undefined> {
  const live = services.runs.all.filter((run) => run.live);
  const [only] = live;
  return live.length === 1 && only ? only.run : (await pickRun(services, 'Open the dashboard of which run?'))?.run;
}

/** In the Explorer when the run lies in an open folder, else in the system's file manager. */
async function reveal(file: vscode.Uri): Promise<void> {
  const inside = vscode.workspace.getWorkspaceFolder(file) !== undefined;
  await vscode.commands.executeCommand(inside ? 'revealInExplorer' : 'revealFileInOS', file);
}
