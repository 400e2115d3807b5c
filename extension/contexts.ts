// Keeps the context keys that command enablement and menus read in step with the runs.
import * as vscode from 'vscode';
import type { RunSummary } from '../backend/protocol/messages';
import { contextKeys } from './contributions/commands';
import { contextValues } from './watch/context-values';

export function updateContexts(runs: readonly RunSummary[]): void {
  for (const [name, value] of Object.entries(contextValues(runs))) {
    const key = contextKeys[name as keyof typeof contextKeys];
    void vscode.commands.executeCommand('setContext', key, value);
  }
}
