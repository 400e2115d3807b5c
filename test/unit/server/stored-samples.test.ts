// Filters and search over stored completions.
import { describe, expect, it } from 'vitest';
import { readGroups, searchGroups } from '../../../backend/server/stored-samples';
import { completion, group, makeRun, writeSamples } from './run-files';

function sampledRun(): string {
  const run = makeRun();
  for (const step of [1, 2, 3]) {
    writeSamples(run, step, [
      group(step, 0, 1, { kind: 'sft', solved: 'none', maskedByShaping: true }),
      completion(step, 0, 0, 0, `Größe "${step}"\nend`),
      completion(step, 0, 1, 0, 'plain'),
      group(step, 1, 2, { kind: 'pg', solved: 'some' }),
      completion(step, 1, 0, 1, 'plain too'),
    ]);
  }
  return run;
}
const search = (run: string, filter: object, limit = 100, beforeStep?: number) =>
  searchGroups({ run, filter, limit, beforeStep, signal: new AbortController().signal, onProgress: () => {} });

describe('stored samples', () => {
  it('gives the groups of a step, one of them, or those that pass a filter', async () => {
    const run = sampledRun();
    const kinds = async (filter: object, index?: number) =>
      (await readGroups(run, 2, filter, index)).map((one) => `${one.group.decision.kind} ${one.completions.length}`);
    expect(await kinds({})).toEqual(['sft 2', 'pg 1']);
    expect(await kinds({}, 1)).toEqual(['pg 1']);
    expect(await kinds({ solved: 'none' })).toEqual(['sft 2']);
    expect(await kinds({ maskedByShaping: false })).toEqual(['pg 1']);
    expect(await kinds({ decision: 'skip' })).toEqual([]);
    await expect(readGroups(run, 9, {})).rejects.toThrow('no samples of step 9. There are samples of steps 1 to 3.');
  });

  it('searches newest first, by texts as they are spelled, and goes on before a step', async () => {
    const run = sampledRun();
    const found = await search(run, { text: 'größe "2"\nEND' });
    expect(found.groups.map(({ group: { step }, completions }) => [step, completions.length])).toEqual([[2, 1]]);
    const first = await search(run, { text: 'plain' }, 1);
    expect(first).toMatchObject({ complete: false, groups: [{ group: { step: 3 } }, { group: { step: 3 } }] });
    const rest = await search(run, { text: 'plain' }, 100, 3);
    expect(rest.complete).toBe(true);
    expect(rest.groups.map(({ group: { step } }) => step)).toEqual([2, 2, 1, 1]);
  });

  it('finds the earlier groups of a prompt', async () => {
    const run = sampledRun();
    const [newest] = await readGroups(run, 3, {}, 1);
    const promptId = newest?.group.promptId ?? '';
    const earlier = await search(run, { promptId }, 100, 3);
    expect(earlier.groups.map(({ group: { step, group: index } }) => [step, index])).toEqual([
      [2, 1],
      [1, 1],
    ]);
    expect((await search(run, { promptId: 'another' })).groups).toEqual([]);
  });
});
