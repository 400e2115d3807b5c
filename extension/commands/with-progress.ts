// A request that the person waits for: a notification with what it does, and a cancel button that reaches the server.
import * as vscode from 'vscode';
import type { RequestName, RequestParams, RequestResult } from '../../backend/protocol/messages';
import type { Progress, ServerConnection } from '../server/server-connection';

export async function requestWithProgress<N extends RequestName>(
  connection: Pick<ServerConnection, 'request'>,
  title: string,
  method: N,
  params: RequestParams<N>,
  onProgress?: (progress: Progress) => void,
): Promise<RequestResult<N>> {
  const options = { location: vscode.ProgressLocation.Notification, title, cancellable: true };
  return vscode.window.withProgress(options, (progress, token) => {
    const abort = new AbortController();
    token.onCancellationRequested(() => abort.abort());
    let shown = 0;
    return connection.request(method, params, {
      signal: abort.signal,
      onProgress: (step) => {
        onProgress?.(step);
        const part = step.total === undefined || step.total === 0 ? undefined : (100 * step.done) / step.total;
        progress.report({
          ...(onProgress ? {} : { message: step.message }),
          ...(part === undefined ? {} : { increment: part - shown }),
        });
        shown = part ?? shown;
      },
    });
  });
}
