// Keeps the context keys that command enablement and menus read in step with the runs.
import * as vscode from 'vscode';
import type { RunSummary } from '../backend/protocol/messages';
import { contextKeys } from './contributions/commands';
import { runMarks } from './watch/run-list';

export function contextValues(runs: readonly RunSummary[]): Record<keyof typeof contextKeys, boolean> {
  const shown = runs.filter(({ state }) => state !== 'queued');
  const marked = (mark: ReturnType<typeof runMarks>[number]) => shown.some((run) => runMarks(run).includes(mark));
  return {
    hasRuns: shown.length > 0,
    hasRunning: marked('running'),
    hasPausable: marked('pausable'),
    hasResumable: marked('resumable'),
    hasCheckpoints: marked('checkpoints'),
    hasTwoRuns: shown.length > 1,
  };
}

export function updateContexts(runs: readonly RunSummary[]): void {
  for (const [name, value] of Object.entries(contextValues(runs))) {
    const key = contextKeys[name as keyof typeof contextKeys];
    void vscode.commands.executeCommand('setContext', key, value);
  }
}
