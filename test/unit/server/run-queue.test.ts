// The queue of runs is what its file says, whatever server looks at it.
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { type QueuedRun, RunQueue } from '../../../backend/server/run-queue';

const folder = mkdtempSync(join(tmpdir(), 'superrl-queue-test-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const silent = () => {};

function queued(name: string): QueuedRun {
  const start = { kind: 'start' as const, runFile: `/w/${name}.superrl.json`, overrides: ['seed=2'] };
  return { queueId: `queued-${name}`, start, name, method: 'superrl', since: 5 };
}

describe('RunQueue', () => {
  it('is found again as it was left, in its order', async () => {
    const file = join(folder, 'queue.json');
    const queue = await RunQueue.open(file, silent);
    await Promise.all([queue.add(queued('a')), queue.add(queued('b')), queue.add(queued('c'))]);
    await Promise.all([queue.remove('queued-a'), queue.fail('queued-c', 'No such file.')]);
    const again = await RunQueue.open(file, silent);
    expect(again.runs).toEqual([queued('b'), { ...queued('c'), failure: 'No such file.' }]);
    expect(again.runs).toEqual(queue.runs);
  });

  it.each(['{"format":1,"runs":[{"queueId":3}]}', 'not json', '{"format":2,"runs":[]}'])(
    'puts %s aside and begins anew',
    async (text) => {
      const file = join(folder, 'damaged.json');
      writeFileSync(file, text);
      const told: string[] = [];
      const queue = await RunQueue.open(file, (line) => told.push(line));
      expect(queue.runs).toEqual([]);
      expect(told[0]).toContain(`The queue of runs can't be read and was put aside as ${file}.damaged: `);
      expect([existsSync(file), existsSync(`${file}.damaged`)]).toEqual([false, true]);
    },
  );

  it('queues nothing that it can’t keep', async () => {
    const queue = await RunQueue.open(join(folder, 'none', 'queue.json'), silent);
    await expect(queue.add(queued('a'))).rejects.toMatchObject({ code: 'storage' });
    expect(queue.runs).toEqual([]);
  });
});
