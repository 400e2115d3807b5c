// The same host under a debugger: breakpoints hold at the line of the .ts file, and no time limit applies.
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import WebSocket from 'ws';
import { RewardWorkbench, sample } from './bundled-hosts';

let bench: RewardWorkbench;
beforeAll(async () => {
  bench = await RewardWorkbench.make();
});
afterAll(() => bench.close());

it('stops at a breakpoint in TypeScript, longer than the time limit, and then scores', async () => {
  const file = bench.write(
    'debugged.reward.ts',
    `interface Sample { completion: string }

export function f({ completion }: Sample): number {
  const length: number = completion.length;
  return length;
}
`,
  );
  const stops: { line: number; url: string }[] = [];
  let session: Promise<WebSocket> | undefined;
  const onInspector = (address: string) => {
    session = debug(address, pathToFileURL(file).href, 4, stops);
  };
  const outcomes = await bench.outcomes({ file: 'debugged.reward.ts', timeoutMs: 200 }, [sample('four')], {
    debugging: { nodeArguments: ['--inspect-brk=127.0.0.1:0'], onInspector },
  });
  (await session!).close();
  expect(outcomes).toMatchObject([{ value: 4 }]);
  expect(stops).toEqual([{ url: pathToFileURL(file).href, line: 4 }]);
});

/** A minimal debugger: breaks at a line (1-based), stays there for half a second, goes on. */
async function debug(address: string, url: string, line: number, stops: { line: number; url: string }[]) {
  const socket = new WebSocket(address);
  await new Promise((resolve) => socket.once('open', resolve));
  let id = 0;
  const send = (method: string, params: object = {}) => socket.send(JSON.stringify({ id: ++id, method, params }));
  const urls = new Map<string, string>();
  socket.on('message', async (data) => {
    const message = JSON.parse(String(data));
    if (message.method === 'Debugger.scriptParsed') urls.set(message.params.scriptId, message.params.url);
    if (message.method !== 'Debugger.paused') return;
    if (message.params.reason !== 'Break on start') {
      const { location } = message.params.callFrames[0];
      stops.push({ url: urls.get(location.scriptId) ?? '', line: location.lineNumber + 1 });
      await sleep(500);
    }
    send('Debugger.resume');
  });
  send('Debugger.enable');
  send('Debugger.setBreakpointByUrl', { url, lineNumber: line - 1 });
  send('Runtime.runIfWaitingForDebugger');
  return socket;
}
