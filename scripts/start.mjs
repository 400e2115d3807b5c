// `npm start`: installs what is missing, builds, and runs the main job: for now the Countdown example, trained in this terminal.
// `npm start -- train [superrl train options]` always does that.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { prepareModules, prepareTools, root } from './prepare.mjs';

prepareTools([]);
prepareModules();
const built = spawnSync(process.execPath, [join(root, 'scripts/build.mjs')], { cwd: root, stdio: 'inherit' });
if (built.status !== 0) process.exit(built.status ?? 1);

const [command = 'train', ...rest] = process.argv.slice(2);
if (command !== 'train') {
  console.error(
    `npm start takes nothing, or "-- train [options]"; it got "${command}". Other commands: npx superrl --help`,
  );
  process.exit(2);
}
const example = join(root, 'examples/countdown/superrl.superrl.json');
const { status } = spawnSync(process.execPath, [join(root, 'dist/superrl.mjs'), 'train', example, ...rest], {
  cwd: root,
  stdio: 'inherit',
});
process.exit(status ?? 1);
