// Asks which run is meant when the command was called without one; with one candidate there is nothing to ask.
import * as vscode from 'vscode';
import type { RunSummary } from '../../backend/protocol/messages';
import type { RunMark } from '../contributions/views';
import type { Services } from '../services';
import { runDescription, runMarks } from '../watch/run-list';

export async function pickRun(
  { runs }: Pick<Services, 'runs'>,
  placeHolder: string,
  options: { readonly mark?: RunMark; readonly without?: string } = {},
): Promise<RunSummary | undefined> {
  const { mark, without } = options;
  const candidates = runs.all.filter(
    (run) => run.state !== 'queued' && run.run !== without && (mark === undefined || runMarks(run).includes(mark)),
  );
  if (candidates.length === 1) return candidates[0];
  const picked = await vscode.window.showQuickPick(candidates.map(runItem), { placeHolder, matchOnDescription: true });
  return picked?.summary;
}

export async function pickRuns(
  { runs }: Pick<Services, 'runs'>,
  placeHolder: string,
  chosen: string | undefined,
): Promise<RunSummary[]> {
  const candidates = runs.all.filter(({ state }) => state !== 'queued' && state !== 'damaged');
  const items = candidates.map((run) => ({ ...runItem(run), picked: run.run === chosen }));
  const picked = await vscode.window.showQuickPick(items, { placeHolder, canPickMany: true, matchOnDescription: true });
  return (picked ?? []).map(({ summary }) => summary);
}

function runItem(summary: RunSummary): vscode.QuickPickItem & { readonly summary: RunSummary } {
  return {
    label: summary.name,
    description: `${summary.method} · ${runDescription(summary)}`,
    detail: summary.run,
    summary,
  };
}
