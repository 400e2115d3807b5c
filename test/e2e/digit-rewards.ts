// A workspace with a finished run whose rewards are in TypeScript, JavaScript and Python, and whose dataset is gone:
// what is debugged, rescored and kept as a fixture are the stored completions.
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { inject } from 'vitest';
import type { SampleCompletion, SampleGroup, SampleLine } from '../../backend/protocol/sample';
import { smallRun } from './small-run';

/** The share of the answer's digits that stand in their place; it throws where nothing was written. */
const typed = `interface Sample {
  completion: string;
  answer: string;
}

export function typed({ completion, answer }: Sample): number {
  const start: string = completion.slice(0, answer.length);
  if (start === '') throw new Error('nothing was written');
  const right = [...start].filter((digit, at) => digit === answer[at]).length;
  return right / answer.length;
}
`;
const plain = `export const plain = ({ completion }) => {
  const length = completion.length;
  return length / 4;
};
`;
const python = `def python(completions, **columns):
    return [len(completion) / 4 for completion in completions]
`;
export const steps = 3;

export function digitRewards(): Record<string, string> {
  const run = smallRun({
    name: 'digits',
    rewards: [
      { name: 'typed', file: 'typed.reward.ts' },
      { name: 'plain', file: 'plain.reward.js', weight: 0.1 },
      { name: 'python', file: 'python.reward.py', weight: 0.1 },
    ],
    rollout: { promptsPerStep: 16, k: 4, maxNewTokens: 4, stop: ['\n'] },
    budget: { steps },
    maxInvalidShare: 1,
  });
  return { ...run, 'typed.reward.ts': typed, 'plain.reward.js': plain, 'python.reward.py': python };
}

/** Trains the run in a terminal, and then deletes its dataset. */
export function trainAndDeleteData(workspace: string): void {
  const { status, stdout } = superrl(workspace, 'train', 'small.superrl.json');
  if (status !== 0) throw new Error(`The run to debug failed:\n${stdout}`);
  rmSync(join(workspace, 'train.jsonl'));
}

/** A command of a terminal in the workspace. */
export function superrl(workspace: string, ...command: string[]): { status: number | null; stdout: string } {
  const program = join(inject('root'), 'dist/superrl.mjs');
  return spawnSync(process.execPath, [program, ...command], { cwd: workspace, encoding: 'utf8' });
}

/** All completions of the run, the newest step first. */
export function completionsOf(run: string): SampleCompletion[] {
  return linesOf(run).filter((line) => line.kind === 'completion');
}

/** All groups of the run, the newest step first. */
export function groupsOf(run: string): SampleGroup[] {
  return linesOf(run).filter((line) => line.kind === 'group');
}

function linesOf(run: string): SampleLine[] {
  const folder = join(run, 'samples');
  return readdirSync(folder)
    .sort()
    .reverse()
    .flatMap((name) => readFileSync(join(folder, name), 'utf8').trimEnd().split('\n'))
    .map((line): SampleLine => JSON.parse(line));
}

/** The completion that the editor calls "step 3, group 1, completion 2". */
export function sampleAt(run: string, place: string): SampleCompletion {
  const [, step, group, completion] = /step (\d+), group (\d+), completion (\d+)/.exec(place) ?? [];
  const found = completionsOf(run).find(
    (each) => each.step === Number(step) && each.group === Number(group) - 1 && each.index === Number(completion) - 1,
  );
  if (!found) throw new Error(`The run has no sample at "${place}".`);
  return found;
}

/** The answer that the reward gets with the completion. */
export function answerOf(run: string, { step, group }: SampleCompletion): unknown {
  return groupsOf(run).find((each) => each.step === step && each.group === group)?.answer;
}

/** What the component said as a number; undefined when it failed. */
export function scoreOf({ rewards }: SampleCompletion, component: string): number | undefined {
  const outcome = rewards[component];
  return outcome && 'value' in outcome && typeof outcome.value === 'number' ? outcome.value : undefined;
}

export function rewrite(file: string, from: string, to: string): void {
  const text = readFileSync(file, 'utf8');
  if (!text.includes(from)) throw new Error(`${file} has no ${from}.`);
  writeFileSync(file, text.replace(from, to));
}
