// All mistakes that are tried, in the order of the docs.
import { type BadInput, type BadInputSection, defaultCommand } from './bad-input';
import { dataCases } from './data-cases';
import { modelCases } from './model-cases';
import { rewardCases } from './reward-cases';
import { runCases } from './run-cases';
import { runFileCases } from './run-file-cases';
import { usageCases } from './usage-cases';

export const sections: readonly BadInputSection[] = [
  { title: 'The command line', cases: usageCases },
  { title: 'The run file', cases: runFileCases },
  { title: 'Data and traces', cases: dataCases },
  { title: 'Rewards', cases: rewardCases },
  { title: 'Models, and what is scored with them', cases: modelCases },
  { title: 'Runs, checkpoints, disks', cases: runCases },
];

/** What a person typed, as the docs show it. */
export function commandLine({ command = defaultCommand, fileLimitKb, environment }: BadInput): string {
  const words = command.map((word) => {
    const short = word.length > 40 ? `${word.slice(0, 20)}…` : word;
    return short === '' || /[^\w./=:[\]-]/.test(short) ? `'${short}'` : short;
  });
  const before = [
    ...(fileLimitKb === undefined ? [] : [`ulimit -f ${fileLimitKb};`]),
    ...Object.entries(environment ?? {}).map(([name, value]) => `${name}=${value}`),
  ];
  return [...before, 'superrl', ...words].join(' ');
}
