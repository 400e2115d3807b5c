// Every mistake of docs/bad-input.md, made with the real command line: the exit code, the message, and that no file
// of the person's is changed by it.
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { root, SuperRlProgram } from '../cli/superrl-program';
import type { BadInput } from './bad-input';
import { trainOnce } from './project';
import { sections } from './sections';
import { canMount, tryBadInput } from './try-bad-input';

const superrl = new SuperRlProgram();
const disks = canMount(superrl.folder);
let run = '';
beforeAll(async () => {
  run = await trainOnce(superrl);
});
afterAll(() => superrl.remove());

for (const [index, { title, cases }] of sections.entries()) {
  describe(title, () => {
    for (const [number, input] of cases.entries()) {
      const test = input.disk && !disks ? it.skip : it.concurrent;
      test(input.mistake, () => check(input, `case-${index}-${number}`));
    }
  });
}

async function check(input: BadInput, name: string): Promise<void> {
  const { code, out, error, lost } = await tryBadInput(superrl, input, name, run);
  if (input.on === 'out') expect(out).toContain(input.says);
  else expect(error).toBe(input.says);
  expect(code).toBe(input.code);
  expect(lost).toEqual([]);
}

it('the docs hold exactly these', () => {
  execFileSync(process.execPath, [join(root, 'scripts/docs.mjs'), 'bad-input', '--check'], { cwd: root });
});
