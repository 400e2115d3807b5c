// The Node host's worker thread: writes out the replies that the main thread has put together, while it is busy.
import { parentPort } from 'node:worker_threads';
import type { ReplyBuffer } from './reply-buffer';

/** What the main thread tells the worker. */
export type HostState = 'busy' | 'idle';

const everyMs = 10;

export function writeWhileBusy(replies: ReplyBuffer): void {
  let timer: NodeJS.Timeout | undefined;
  parentPort?.on('message', (state: HostState) => {
    clearInterval(timer);
    if (state === 'busy') timer = setInterval(() => replies.flush(), everyMs);
  });
}
