// A run's switch report as a person reads it in a terminal.
import type { RunRecord } from '../trainer/run-folder/run-json';
import type { Aftermath, EpochDecisions, SwitchReport, Visit } from '../trainer/switch-report';
import { countText, durationText, shareText } from './number-text';
import type { RescueTexts } from './rescue-texts';
import { evaluationParts } from './run-progress';
import { type TextColumn, textTable } from './text-table';

/** What is told of a run. */
export interface ReportedRun {
  readonly id: string;
  readonly folder: string;
  readonly record: RunRecord;
  readonly report: SwitchReport;
  readonly examples: readonly RescueTexts[];
}

/** Several runs, a line each. */
export function comparisonText(runs: readonly ReportedRun[]): string {
  const passAt = [...new Set(runs.flatMap(({ report }) => heldOut(report).map(({ name }) => name)))];
  return textTable<ReportedRun>(
    [
      { title: 'RUN', cell: ({ id }) => id },
      { title: 'METHOD', cell: ({ record }) => record.config.method },
      right('STEPS', ({ report }) => countText(report.steps)),
      right('TOKENS', ({ report }) => countText(report.usedTokens)),
      right('TRAINING', ({ report }) => durationText(report.elapsedMs)),
      ...passAt.map((wanted) =>
        right<ReportedRun>(wanted.toUpperCase(), ({ report }) => {
          const part = heldOut(report).find(({ name }) => name === wanted);
          return part ? shareText(part.share) : '–';
        }),
      ),
      right('FALLBACKS', ({ report }) => countText(total(report, ({ kinds }) => kinds.sft + kinds.mix))),
      right('UNSOLVED, THEN SOLVED', ({ report }) => thenSolved(bothOf(report))),
    ],
    runs,
  );
}

/** One run: fallbacks an epoch, what followed them, how K was chosen, and examples. */
export function reportText({ id, record, report, examples }: ReportedRun): string {
  const { switch: settings, method } = record.config;
  const facts = [
    method,
    ...(settings.enabled ? [`switch by ${settings.scope}, reads ${settings.signal}`] : []),
    `${countText(report.steps)} steps`,
    `${countText(report.usedTokens)} tokens`,
    `${durationText(report.elapsedMs)} of training`,
  ];
  const figures = heldOut(report).map(({ name, share }) => `${name} ${shareText(share)}`);
  const heads = [`${id}  ${facts.join(' · ')}`, ...(figures.length > 0 ? [`held out: ${figures.join('  ')}`] : [])];
  if (report.groups === 0) return `${heads.join('\n')}\nNo groups were sampled: this method makes no decisions.\n`;
  const parts = [
    `${heads.join('\n')}\n`,
    epochTable(report.epochs),
    `An unsolved group, and the next group of the same prompt\n${aftermathTable(report)}The model learns from every other prompt in between: compare with a run of method rl.\n`,
    unsolvedLine(report),
    ...(examples.length === 0 ? [] : [exampleTexts(examples)]),
  ];
  return parts.join('\n');
}

function epochTable(epochs: readonly EpochDecisions[]): string {
  const share = (title: string, part: (epoch: EpochDecisions) => number): TextColumn<EpochDecisions> =>
    right(title, (epoch) => shareText(part(epoch) / epoch.groups));
  return textTable<EpochDecisions>(
    [
      right('EPOCH', ({ epoch }) => String(epoch + 1)),
      right('GROUPS', ({ groups }) => countText(groups)),
      right('FALLBACKS', ({ kinds }) => countText(kinds.sft + kinds.mix)),
      share('PG', ({ kinds }) => kinds.pg),
      share('SFT', ({ kinds }) => kinds.sft),
      share('MIX', ({ kinds }) => kinds.mix),
      share('SKIP', ({ kinds }) => kinds.skip),
      share('NO SIGNAL', ({ noSignal }) => noSignal),
      share('MASKED', ({ maskedByShaping }) => maskedByShaping),
      share('SOLVED NONE', ({ solved }) => solved.none),
      share('SOME', ({ solved }) => solved.some),
      share('ALL', ({ solved }) => solved.all),
    ],
    epochs,
  );
}

function aftermathTable({ afterTrace, withoutTrace }: SwitchReport): string {
  const rows = [
    { learned: 'from its trace', aftermath: afterTrace },
    { learned: 'no trace used', aftermath: withoutTrace },
  ];
  return textTable<(typeof rows)[number]>(
    [
      { title: 'LEARNED', cell: ({ learned }) => learned },
      right('UNSOLVED', ({ aftermath }) => countText(aftermath.unsolved)),
      right('SEEN AGAIN', ({ aftermath }) => countText(aftermath.seenAgain)),
      right('THEN SOLVED', ({ aftermath }) => thenSolved(aftermath)),
    ],
    rows.filter(({ aftermath }) => aftermath.unsolved > 0),
  );
}

function unsolvedLine({ unsolvedAt, epochs }: SwitchReport): string {
  const solvedByAll = epochs.reduce((sum, { solved }) => sum + solved.all, 0);
  const groups = epochs.reduce((sum, epoch) => sum + epoch.groups, 0);
  const byK = unsolvedAt.map(({ k, share }) => `K ${k}: ${shareText(share)}`).join('  ');
  return (
    `Groups without a success, by how many completions are sampled   ${byK}\n` +
    `Groups solved by all completions: ${shareText(solvedByAll / groups)}. There superrl-a learns from the trace and superrl stays with PG.\n`
  );
}

function exampleTexts(examples: ReportedRun['examples']): string {
  const blocks = examples.map(
    ({ prompt, before, after, sampledBefore, trace, succeededAfter }) =>
      `  ${short(prompt)}\n` +
      `    step ${before.step}: ${visitText(before)}   ${short(sampledBefore)}\n` +
      `    trace   ${short(trace)}\n` +
      `    step ${after.step}: ${visitText(after)}   ${short(succeededAfter)}\n`,
  );
  return `Prompts that were unsolved, learned from their trace, and then had successes\n${blocks.join('')}`;
}

function visitText({ successes, valid }: Visit): string {
  return `${successes} of ${valid}`;
}

/** One line of at most 100 characters. */
function short(text: string): string {
  const line = text.replace(/\s+/g, ' ').trim();
  return line.length > 100 ? `${line.slice(0, 99)}…` : line;
}

function thenSolved({ seenAgain, thenSolved: solved }: Aftermath): string {
  return seenAgain === 0 ? '–' : `${countText(solved)} (${shareText(solved / seenAgain)})`;
}

function bothOf({ afterTrace, withoutTrace }: SwitchReport): Aftermath {
  return {
    unsolved: afterTrace.unsolved + withoutTrace.unsolved,
    seenAgain: afterTrace.seenAgain + withoutTrace.seenAgain,
    thenSolved: afterTrace.thenSolved + withoutTrace.thenSolved,
  };
}

function total({ epochs }: SwitchReport, part: (epoch: EpochDecisions) => number): number {
  return epochs.reduce((sum, epoch) => sum + part(epoch), 0);
}

function heldOut({ evaluation }: SwitchReport): { name: string; share: number }[] {
  return evaluation ? evaluationParts(evaluation) : [];
}

function right<T>(title: string, cell: (row: T) => string): TextColumn<T> {
  return { title, align: 'right', cell };
}
