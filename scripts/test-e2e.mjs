// `npm run test:e2e`: packs the extension and runs the end-to-end specs with it in a real VS Code, as a person installs it;
// the last part of `npm test`, or some of it: `npm run test:e2e -- recovery`. SUPERRL_PROJECT
// names another project that needs the same.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { cacheFolder, prepareModules, prepareTools, root } from './prepare.mjs';

const tools = prepareTools(['python', 'chromium', 'compiler']);
prepareModules();
const env = {
  ...process.env,
  SUPERRL_PYTHON: tools.python,
  SUPERRL_CHROMIUM: tools.chromium,
  SUPERRL_VSIX: join(cacheFolder, 'e2e/superrl.vsix'),
};
for (const args of [
  ['scripts/build.mjs'],
  ['scripts/package.mjs', '--no-build', '--out', env.SUPERRL_VSIX],
  [
    'node_modules/vitest/vitest.mjs',
    'run',
    '--project',
    process.env.SUPERRL_PROJECT ?? 'e2e',
    '--reporter=verbose',
    ...process.argv.slice(2),
  ],
]) {
  const { status } = spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit', env });
  if (status !== 0) process.exit(status ?? 1);
}
