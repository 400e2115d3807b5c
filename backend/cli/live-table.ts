// The live table of a run as lines of text: a pure function of where the run stands and of the width, so
// that tests compare its text. Parts that don't fit the width are left out, never wrapped.
import type { RunConfig } from '../protocol/run-config';
import { countText, durationText, numberText, shareText } from './number-text';
import { type Paint, printable, textWidth } from './paint';
import { evaluationParts, type RunProgress, stepText, timeLeftMs } from './run-progress';

export interface LiveTableOptions {
  readonly title: { readonly name: string; readonly method: string; readonly engine: string };
  readonly budget: RunConfig['budget'];
  readonly columns: number;
  readonly paint: Paint;
  /** The last line: what the keys do. */
  readonly hint: string;
}

const labelWidth = 9;

/** Lines without newlines, each narrower than `columns`. */
export function liveTable(progress: RunProgress, options: LiveTableOptions): string[] {
  const { title, columns, paint } = options;
  const width = Math.max(10, columns - 1); // a full last column makes some terminals wrap
  const value = (name: string): number | undefined => progress.values.get(name);
  const part = (name: string, label: string, text: (value: number) => string): string[] => {
    const found = value(name);
    return found === undefined ? [] : [label === '' ? text(found) : `${label} ${text(found)}`];
  };
  const row = (label: string, parts: readonly string[]): string[] =>
    parts.length === 0 ? [] : [joinFitting([paint.dim(label.padEnd(labelWidth)), ...parts], width)];

  const state = progress.state === 'running' ? paint.good(progress.state) : paint.warning(progress.state);
  const lines = [
    joinFitting([paint.bold(title.name), state, paint.dim(`${title.method} · ${title.engine}`)], width),
    progressLine(progress, options, width),
    ...row('reward', [
      ...part('reward', '', numberText),
      ...(progress.rewards.length > 1 ? [sparkline(progress.rewards, 24)] : []),
      ...part('reward_std', 'σ', numberText),
      ...part('frac_reward_zero_std', 'no spread', shareText),
    ]),
    ...row('held-out', heldOutParts(progress)),
    ...row('switch', switchParts(progress, paint, width)),
    ...row('solved', [
      ...part('groups/solved_none', 'none', countText),
      ...part('groups/solved_some', 'some', countText),
      ...part('groups/solved_all', 'all', countText),
    ]),
    ...row('loss', [
      ...part('loss', '', numberText),
      ...part('loss/pg', 'pg', numberText),
      ...part('loss/sft', 'sft', numberText),
      ...part('grad_norm', 'gradient', numberText),
      ...part('learning_rate', 'lr', numberText),
      ...part('entropy', 'entropy', numberText),
    ]),
    ...row('length', [
      ...part('completions/mean_length', 'mean', numberText),
      ...part('completions/max_length', 'max', numberText),
      ...part('completions/clipped_ratio', 'cut off', shareText),
    ]),
    ...row('tokens/s', [
      ...part('tokens_per_second/generate', 'generate', countText),
      ...part('tokens_per_second/train', 'train', countText),
      ...part('step_time', 'step', (seconds) => durationText(seconds * 1000)),
    ]),
  ];
  if (progress.alarm) lines.push(paint.bad(cut(`! ${printable(progress.alarm.message)}`, width)));
  lines.push(paint.dim(cut([activityText(progress), options.hint].filter(Boolean).join(' · '), width)));
  return lines;
}

function progressLine(progress: RunProgress, { budget, paint }: LiveTableOptions, width: number): string {
  const share = Math.min(1, progress.progress);
  const left = timeLeftMs(progress);
  const texts = [
    `${Math.floor(share * 100)} %`.padStart(5),
    `step ${stepText(progress, budget)}`,
    ...(progress.elapsedMs > 0 ? [durationText(progress.elapsedMs)] : []),
    ...(left === undefined || share === 1 ? [] : [`left ${durationText(left)}`]),
  ];
  const barWidth = Math.min(40, width - textWidth(texts.join('  ')) - 2);
  if (barWidth < 5) return joinFitting(texts, width);
  const filled = Math.round(share * barWidth);
  return joinFitting([`${paint.good('━'.repeat(filled))}${paint.dim('─'.repeat(barWidth - filled))}`, ...texts], width);
}

function heldOutParts({ evaluation }: RunProgress): string[] {
  if (!evaluation) return [];
  const parts = evaluationParts(evaluation).map(({ name, share }) => `${name} ${shareText(share)}`);
  return [...parts, `at step ${evaluation.step}`];
}

function switchParts({ values, trainingPhase }: RunProgress, paint: Paint, width: number): string[] {
  const share = (kind: string): number => values.get(`switch/${kind}_frac`) ?? 0;
  if (!values.has('switch/pg_frac')) return trainingPhase === 'sft' ? ['supervised phase'] : [];
  const kinds = [
    { kind: 'pg', mark: '█', color: paint.pg },
    { kind: 'mix', mark: '▓', color: paint.pg },
    { kind: 'sft', mark: '▒', color: paint.sft },
    { kind: 'skip', mark: '░', color: paint.dim },
  ].filter(({ kind }) => kind !== 'mix' || share('mix') > 0);
  const texts = kinds.map(({ kind, color }) => color(`${kind} ${shareText(share(kind))}`));
  const strip = kinds.map(({ kind, mark, color }) => color(mark.repeat(Math.round(share(kind) * 20)))).join('');
  const masked = values.get('switch/masked_by_shaping') ?? 0;
  const more = masked > 0 ? [paint.warning(`masked by shaping ${countText(masked)}`)] : [];
  return width >= 60 ? [strip, ...texts, ...more] : [...texts, ...more];
}

function activityText({ state, stateReason, activity }: RunProgress): string {
  if (state !== 'running' && state !== 'preparing') return printable(stateReason ?? '');
  return activity ? printable(activity.message) : '';
}

const bars = '▁▂▃▄▅▆▇█';

/** The values as a curve of `width` characters, neighbours averaged. */
export function sparkline(values: readonly number[], width: number): string {
  const finite = values.filter(Number.isFinite);
  const count = Math.min(width, finite.length);
  const means = Array.from({ length: count }, (_, index) => {
    const piece = finite.slice(
      Math.floor((index * finite.length) / count),
      Math.floor(((index + 1) * finite.length) / count),
    );
    return piece.reduce((sum, value) => sum + value, 0) / piece.length;
  });
  const low = Math.min(...means);
  const range = Math.max(...means) - low;
  return means
    .map((mean) => bars[range === 0 ? 0 : Math.min(bars.length - 1, Math.floor(((mean - low) / range) * bars.length))])
    .join('');
}

/** Parts joined by two blanks, as many from the left as fit. */
function joinFitting(parts: readonly string[], width: number): string {
  let line = '';
  for (const part of parts) {
    const longer = line === '' ? part : `${line}  ${part}`;
    if (textWidth(longer) > width) return line === '' ? cut(part, width) : line;
    line = longer;
  }
  return line.trimEnd();
}

function cut(text: string, width: number): string {
  const characters = [...text];
  return characters.length <= width ? text : `${characters.slice(0, width - 1).join('')}…`;
}
