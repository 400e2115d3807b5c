// `npm run study -- NAME`: trains every cell (arm × seed) of a study by the command line, stores each finished cell as
// docs/results/NAME/ARM-SEED.json (spaces as dashes) and goes on with what is missing when started again. `--tables` only rewrites the tables
// of docs/results.md from the stored cells. Arms of a study get equal budget.tokens (METHOD: "Budget and comparison").
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { cacheFolder, root } from './prepare.mjs';
import { studies } from './studies.mjs';
import { summariseRun } from './study-cell.mjs';
import { writeTables } from './study-tables.mjs';

/** Linux tells user space in 1/100 s on every architecture that Node runs on. */
const clockTicksPerSecond = 100;

const [name, ...flags] = process.argv.slice(2);
const study = studies[name];
if (!study) {
  console.error(`Usage: npm run study -- NAME [--tables]; studies: ${Object.keys(studies).join(', ')}`);
  process.exit(2);
}
const results = join(root, 'docs/results', name);
mkdirSync(results, { recursive: true });

if (!flags.includes('--tables')) {
  for (const seed of study.seeds) {
    for (const [arm, overrides] of Object.entries(study.arms)) {
      if (study.tuning.includes(arm) && seed !== study.seeds[0]) continue;
      const cell = join(results, `${arm}-${seed}.json`.replaceAll(' ', '-'));
      if (!existsSync(cell)) writeFileSync(cell, `${JSON.stringify(trainCell(arm, overrides, seed), null, 1)}\n`);
    }
  }
}
writeTables();

/** Trains one cell and returns what is worth keeping of it. */
function trainCell(arm, overrides, seed) {
  const runs = join(cacheFolder, 'study', name);
  mkdirSync(runs, { recursive: true });
  const runName = `${arm}-${seed}`.replace(/[^A-Za-z0-9._-]/g, '-');
  const model = study.model && { model: study.model() };
  const settings = { ...study.settings, ...model, ...overrides, name: runName, seed, budget: study.budget };
  const sets = Object.entries(settings).flatMap(([path, value]) => [
    '--set',
    `${path}=${typeof value === 'string' ? value : JSON.stringify(value)}`,
  ]);
  const before = new Set(readdirSync(runs));
  console.log(`\n── ${name}: ${arm}, seed ${seed}`);
  const cpuBefore = childrenCpuSeconds();
  const { status } = spawnSync(
    process.execPath,
    [join(root, 'dist/superrl.mjs'), 'train', join(root, study.runFile), '--runs', runs, ...sets],
    {
      cwd: root,
      stdio: 'inherit',
    },
  );
  if (status !== 0)
    throw new Error(`${arm}, seed ${seed}: superrl train ended with exit code ${status}; the cell was not stored.`);
  const folder = readdirSync(runs).find((entry) => entry.startsWith(`${runName}-`) && !before.has(entry));
  if (!folder) throw new Error(`${arm}, seed ${seed}: no run folder appeared under ${runs}.`);
  // The log is kept, not the weights: 1.6 GB a cell at 135 M parameters.
  rmSync(join(runs, folder, 'checkpoints'), { recursive: true, force: true });
  return {
    arm,
    seed,
    budget: study.budget,
    overrides,
    machine: `${cpus()[0]?.model.trim()}, ${cpus().length} cores`,
    ...summariseRun(join(runs, folder)),
    cpuSeconds: cpuBefore === null ? null : Math.round(childrenCpuSeconds() - cpuBefore),
  };
}

/** Processor time of all ended child processes with their own children, in seconds: what a shared machine doesn't change; null off Linux. */
function childrenCpuSeconds() {
  if (process.platform !== 'linux') return null;
  const fields = readFileSync('/proc/self/stat', 'utf8').split(') ')[1].split(' ');
  return (Number(fields[13]) + Number(fields[14])) / clockTicksPerSecond;
}
