// Two windows at once share one server; the record of one that died is replaced.
import { writeFileSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { exited, killed, printed, ServerBench } from './served';

let bench: ServerBench;
beforeAll(() => {
  bench = new ServerBench();
});
afterEach(() => bench.reset());
afterAll(() => bench.close());

it('of many started at once exactly one stays, and the others end with code 0', async () => {
  const children = Array.from({ length: 6 }, () => bench.spawn());
  const outcomes = await Promise.all(
    children.map((child) => Promise.race([printed(child, /Serving on/).then(() => 'serves'), exited(child)])),
  );
  expect(outcomes.filter((outcome) => outcome === 'serves')).toHaveLength(1);
  expect(outcomes.filter((outcome) => outcome === 0)).toHaveLength(5);
  const serving = children[outcomes.indexOf('serves')];
  expect(bench.record().pid).toBe(serving!.pid);
  expect((await bench.connect()).socket.readyState).toBe(1);
});

it('replaces the record and the lock of a server that was killed, and one that is torn', async () => {
  await killed(await bench.start());
  const dead = bench.record();
  await bench.start();
  const record = bench.record();
  expect(record.token).not.toBe(dead.token);
  await bench.connect(record);
  await bench.reset();
  writeFileSync(bench.recordFile(), '{"pid":1');
  await bench.start();
  await bench.connect();
});

it('serves restricted windows by a server of their own', async () => {
  const [full, restricted] = [await bench.start(), await bench.start('--read-only')];
  expect(bench.record().pid).toBe(full.pid);
  expect(bench.record(true)).toMatchObject({ pid: restricted.pid, readOnly: true });
});
