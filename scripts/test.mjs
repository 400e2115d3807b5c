// `npm test`: installs what is missing, then runs the checks and tests, and ends with the line `N passed, N failed`.
// A part that cannot even start counts as one failure. The last part is the packed extension in a real VS Code (Linux).
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { cacheFolder, prepareModules, prepareTools, root } from './prepare.mjs';

const tools = prepareTools(['python', 'chromium', 'compiler']);
process.env.SUPERRL_PYTHON ??= tools.python;
process.env.SUPERRL_CHROMIUM ??= tools.chromium;
process.env.SUPERRL_VSIX = join(cacheFolder, 'e2e/superrl.vsix');
prepareModules();

let passed = 0;
let failed = 0;

/** Runs a command whose exit code is its whole result. */
function step(name, command, args) {
  console.log(`\n── ${name}`);
  const { status } = spawnSync(command, args, { cwd: root, stdio: 'inherit', shell: process.platform === 'win32' });
  if (status === 0) passed++;
  else failed++;
  return status === 0;
}

/** Runs a vitest project and adds its counts. */
function vitest(project) {
  console.log(`\n── tests: ${project}`);
  const report = join(cacheFolder, `vitest-${project}.json`);
  rmSync(report, { force: true });
  const { status } = spawnSync(
    process.execPath,
    [
      join(root, 'node_modules/vitest/vitest.mjs'),
      'run',
      '--project',
      project,
      // The end-to-end specs are few and slow: each says at once how it went.
      `--reporter=${project === 'e2e' ? 'verbose' : 'default'}`,
      '--reporter=json',
      `--outputFile.json=${report}`,
    ],
    { cwd: root, stdio: 'inherit' },
  );
  const counts = existsSync(report)
    ? JSON.parse(readFileSync(report, 'utf8'))
    : { numPassedTests: 0, numFailedTests: 0 };
  passed += counts.numPassedTests;
  // A file that fails to load has no failed test of its own.
  failed += Math.max(counts.numFailedTests, status === 0 ? 0 : 1);
  if (counts.numPassedTests + counts.numFailedTests === 0) failed++;
}

step('checks', process.execPath, ['scripts/check.mjs']);
// The engines' tests run on it too; it runs on Linux only.
if (process.platform === 'linux') step('superrl setup tensorflow', process.execPath, ['scripts/tensorflow.mjs']);
if (step('build', process.execPath, ['scripts/build.mjs'])) {
  for (const project of ['unit', 'golden', 'backend', 'webview']) vitest(project);
  const pack = ['scripts/package.mjs', '--no-build', '--out', process.env.SUPERRL_VSIX];
  if (process.platform === 'linux' && step('package', process.execPath, pack)) vitest('e2e');
}

console.log(`\n${passed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);
