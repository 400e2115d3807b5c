// The examples as they ship: every run file is right, under every method, and no held-out prompt is trained on.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { openDataset } from '../../../backend/data/dataset';
import { attachTraces } from '../../../backend/data/traces';
import { methodNames } from '../../../backend/protocol/run-config';
import { readRunSettings } from '../../../backend/trainer/run-settings';

const examples = fileURLToPath(new URL('../../../examples/', import.meta.url));
const runFiles = readdirSync(examples)
  .map((name) => join(examples, name, 'superrl.superrl.json'))
  .filter((file) => existsSync(file));

describe.each(runFiles)('%s', (runFile) => {
  it.each(methodNames)('is a right run file for %s', (method) => {
    expect(readRunSettings(runFile, [`method=${method}`]).config.method).toBe(method);
  });

  it('has a trace for every prompt, and no held-out prompt among them', async () => {
    const { config, baseFolder } = readRunSettings(runFile);
    const open = (path: string) =>
      openDataset({ file: join(baseFolder, path), map: config.data.map, onBadRow: 'refuse' });
    const train = await attachTraces(await open(config.data.train), config.traces);
    expect(train.coverage?.promptsWithTraces).toBe(train.length);
    const prompts = new Set<string>();
    for await (const { prompt } of train.scan()) prompts.add(prompt);
    const heldOut = await open(config.data.eval ?? '');
    const shared: string[] = [];
    for await (const { prompt } of heldOut.scan()) if (prompts.has(prompt)) shared.push(prompt);
    expect(shared).toEqual([]);
    await train.close();
    await heldOut.close();
  });
});

it('Countdown: no held-out puzzle is a training one in another order', () => {
  const puzzle = z.object({ nums: z.array(z.int()), target: z.int() });
  const keysOf = (name: string) =>
    readFileSync(join(examples, 'countdown', name), 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => puzzle.parse(JSON.parse(line)))
      .map(({ nums, target }) => `${[...nums].sort((a, b) => a - b).join(' ')} ${target}`);
  const trained = new Set(keysOf('train.jsonl'));
  expect(trained.size).toBe(5030);
  expect(keysOf('heldout.jsonl').filter((key) => trained.has(key))).toEqual([]);
});
