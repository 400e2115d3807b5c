// Writes the tables of docs/results.md, between its markers, from the cells under docs/results/.
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './prepare.mjs';
import { studies } from './studies.mjs';

const percent = (value) => (value === undefined ? '–' : `${(100 * Number(value)).toFixed(1)}`);
const range = (values) =>
  values.length === 0 ? '–' : `${percent(Math.min(...values))}–${percent(Math.max(...values))}`;
const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;

/** Mean processor minutes of the cells that have them (the first cells were trained before they were counted). */
function cpuMinutes(cells) {
  const counted = cells.map((cell) => cell.cpuSeconds).filter((seconds) => typeof seconds === 'number');
  return counted.length === 0 ? '–' : (mean(counted) / 60).toFixed(1);
}

/** Share of groups that learnt from a trace in the last steps of a run. */
function sftShareAtEnd(cell, lastSteps) {
  return cell.byStep ? mean(cell.byStep.slice(-lastSteps).map(({ sft }) => sft)) : cell.sftShareOfLast20;
}

/** The evaluation before training, which all arms of a seed share. */
function beforeTraining(cells) {
  const before = cells.map((cell) => cell.curve[0]).filter((point) => point?.step === 0);
  if (before.length === 0) return '';
  const shown = (key) => `${percent(mean(before.map((point) => Number(point[key]))))}`;
  return ` Before training: pass@1 ${shown('eval/pass@1')}, pass@8 ${shown('eval/pass@8')}, greedy ${shown('eval/greedy')}.`;
}

/** Rewrites the part of docs/results.md between `<!-- table NAME -->` and `<!-- end NAME -->` for each study. */
export function writeTables() {
  const page = join(root, 'docs/results.md');
  let text = readFileSync(page, 'utf8');
  for (const [name, study] of Object.entries(studies)) {
    const folder = join(root, 'docs/results', name);
    const cells = existsSync(folder)
      ? readdirSync(folder)
          .filter((file) => file.endsWith('.json'))
          .map((file) => JSON.parse(readFileSync(join(folder, file), 'utf8')))
      : [];
    const open = `<!-- table ${name} -->`;
    const close = `<!-- end ${name} -->`;
    const [before, rest] = text.split(open);
    const after = rest?.split(close)[1];
    if (after === undefined) throw new Error(`docs/results.md lacks the markers ${open} and ${close}.`);
    text = `${before}${open}\n${table(study, cells)}\n${close}${after}`;
  }
  writeFileSync(page, text);
}

/** One row a finished arm: means over seeds with min–max, and the first seed's bootstrap interval over prompts. */
function table(study, cells) {
  const lastSteps = study.lastSteps ?? 20;
  const rows = Object.keys(study.arms).flatMap((arm) => {
    const own = cells.filter((cell) => cell.arm === arm).sort((a, b) => a.seed - b.seed);
    if (own.length === 0) return [];
    const values = (key) => own.map((cell) => Number(cell.final.values[key]));
    const shown = (key) => `${percent(mean(values(key)))} (${range(values(key))})`;
    const interval = own[0].final.intervals['eval/pass@1'];
    return [
      `| ${arm} | ${own.map((cell) => cell.seed).join(', ')} | ${shown('eval/pass@1')} | ${interval ? `${percent(interval[0])}–${percent(interval[1])}` : '–'} | ` +
        `${shown('eval/pass@8')} | ${shown('eval/greedy')} | ${Math.round(mean(own.map((cell) => cell.steps)))} | ` +
        `${mean(own.map((cell) => cell.trainingSeconds)).toFixed(0)} | ${cpuMinutes(own)} | ${percent(mean(own.map((cell) => cell.switch.sft)))} → ${percent(mean(own.map((cell) => sftShareAtEnd(cell, lastSteps))))} |`,
    ];
  });
  if (rows.length === 0) return '\nNo cell has been trained yet.\n';
  return [
    '',
    `${study.title}; budget ${study.budget.tokens.toLocaleString('en')} tokens a cell; percent, mean over seeds (min–max).${beforeTraining(cells)}`,
    '',
    `| arm | seeds | pass@1 | 95 % over prompts, first seed | pass@8 | greedy | steps | training s | CPU min | sft share, run → last ${lastSteps} steps |`,
    '|---|---|---|---|---|---|---|---|---|---|',
    ...rows,
    '',
  ].join('\n');
}
