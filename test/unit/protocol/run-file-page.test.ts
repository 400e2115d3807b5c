// docs/run-file.md is made from the schema of the run file.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const root = fileURLToPath(new URL('../../../', import.meta.url));

it('docs/run-file.md is up to date with the schema', () => {
  execFileSync(process.execPath, [join(root, 'scripts/docs.mjs'), 'run-file', '--check'], { cwd: root });
});

it('describes every field', () => {
  const rows = readFileSync(join(root, 'docs/run-file.md'), 'utf8').match(/^\| `.*$/gm) ?? [];
  expect(rows.length).toBeGreaterThan(90);
  expect(rows.filter((row) => / \| {2}\|$/.test(row))).toEqual([]);
});
