// The Node host's worker thread: reads requests from stdin, so that the end of stdin (the client is gone) is
// seen even while user code blocks the main thread, and then ends the whole process group.
import { Socket } from 'node:net';
import { parentPort } from 'node:worker_threads';

/** How long the main thread gets to end by itself, in milliseconds. */
const grace = 500;

/** Runs in the worker: posts each line of stdin to the main thread, then null. */
export function watchStdin(): void {
  let rest = '';
  const input = new Socket({ fd: 0, readable: true, writable: false });
  input.setEncoding('utf8');
  input.on('data', (chunk: string) => {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) if (line !== '') parentPort?.postMessage(line);
  });
  input.on('error', end);
  input.on('close', end);
}

function end(): void {
  parentPort?.postMessage(null);
  setTimeout(() => {
    // The host leads its process group, except on Windows, which has none.
    if (process.platform !== 'win32') process.kill(-process.pid, 'SIGKILL');
    process.kill(process.pid, 'SIGKILL');
  }, grace);
}
