// How an error reaches the person: a sentence of ours as it is, with its place one click away; anything else is a
// defect, whose stack goes to the log.
import * as vscode from 'vscode';
import { type SourcePlace, SuperRlError } from '../backend/protocol/errors';
import { CancelledError, ServerError } from './server/server-connection';

export async function showError(error: unknown, log: vscode.LogOutputChannel): Promise<void> {
  if (error instanceof CancelledError || error instanceof vscode.CancellationError) return;
  const expected = error instanceof SuperRlError || error instanceof ServerError;
  if (expected) log.error(error.message);
  else log.error(error instanceof Error ? error : String(error));
  const message = expected
    ? error.message
    : `SuperRL ran into a defect: ${error instanceof Error ? error.message : String(error)}`;
  const openPlace = 'Show in File';
  const showLog = 'Show Log';
  const place = expected ? error.place : undefined;
  const answer = await vscode.window.showErrorMessage(message, ...(place ? [openPlace, showLog] : [showLog]));
  if (answer === showLog) log.show();
  else if (answer === openPlace && place) await revealPlace(place);
}

export async function revealPlace(place: SourcePlace): Promise<void> {
  const at = new vscode.Position(Math.max((place.line ?? 1) - 1, 0), Math.max((place.column ?? 1) - 1, 0));
  await vscode.window.showTextDocument(vscode.Uri.file(place.file), { selection: new vscode.Range(at, at) });
}
