// `superrl data audit`: scores every trace with the run's own rewards, and finds those that would teach
// nothing or the wrong thing: no success, duplicates, over the completion limit, prompts that leak their answer.
import { sumRewards } from '../method/rewards-sum';
import { isSuccess } from '../method/success';
import type { SourcePlace } from '../protocol/errors';
import type { RewardOutcome } from '../protocol/sample';
import type { RewardSample, Scorer } from '../rewards/scorer';
import { findLeak } from './answer-leak';
import { describeProblem, describeRow, type Problem, ProblemList } from './problems';
import type { Row } from './row';
import type { Trace, TraceLimit } from './trace-source';
import type { TracedDataset } from './traces';

export interface AuditRequest {
  /** With traces attached under onTooLong "keep", or those over the limit never come here. */
  readonly dataset: TracedDataset;
  readonly scorer: Scorer;
  /** A trace succeeds when its correctness is above this: switch.successAbove. */
  readonly successAbove: number;
  readonly limit?: TraceLimit;
  /** Why there is no limit, for the report; default: none was given. */
  readonly whyNoLimit?: string;
  /** The prompt as the model sees it, for rewards that read it; default: the row's own. */
  renderPrompt?(row: Row): string;
  /** Token ids of a trace, for rewards that read them. */
  encode?(text: string): readonly number[];
  readonly signal?: AbortSignal;
  readonly onProgress?: (rows: number, of: number) => void;
}

export type AuditProblemKind =
  | 'noSuccess'
  | 'invalidReward'
  | 'duplicateTrace'
  | 'overLimit'
  | 'leak'
  | 'noTrace'
  | 'heldOut';

/** JSON-ready. */
export interface AuditReport {
  readonly file: string;
  readonly rows: number;
  readonly traces: number;
  /** Traces that earn success. */
  readonly successes: number;
  /** Mean of each reward component over the traces it gave a number for. */
  readonly meanRewards: Readonly<Record<string, number | null>>;
  /** heldOut is absent when there are no held-out data. */
  readonly counts: Partial<Record<AuditProblemKind, number>>;
  /** The first of each kind, in file order. */
  readonly problems: readonly Problem<AuditProblemKind>[];
  /** Why lengths could not be checked; absent when they were. */
  readonly lengthsUnchecked?: string;
}

/** Traces scored at once: enough to keep reward hosts busy, few enough to cancel soon. */
const scoredAtOnce = 64;

/** Streams over the dataset. Throws what `signal` aborts with, and SuperRlError for a file that changed. */
export async function auditTraces(request: AuditRequest): Promise<AuditReport> {
  const { dataset, signal } = request;
  const audit = new Audit(request);
  for (let index = 0; index < dataset.length; index++) {
    signal?.throwIfAborted();
    await audit.add(index, await dataset.row(index), await dataset.traces(index));
    request.onProgress?.(index + 1, dataset.length);
  }
  await audit.scorePending();
  return audit.report();
}

interface Pending {
  readonly sample: RewardSample;
  readonly place: SourcePlace;
  readonly row: number;
}

class Audit {
  private readonly problems = new ProblemList<AuditProblemKind>();
  private readonly means = new Map<string, { sum: number; count: number }>();
  private pending: Pending[] = [];
  private traces = 0;
  private successes = 0;

  constructor(private readonly request: AuditRequest) {}

  async add(index: number, row: Row, traces: readonly Trace[]): Promise<void> {
    const rowPlace = this.request.dataset.place(index);
    const leak = findLeak(row);
    if (leak !== undefined) this.problems.add({ kind: 'leak', place: rowPlace, row: row.source.row, reason: leak });
    if (traces.length === 0) {
      this.problems.add({ kind: 'noTrace', place: rowPlace, row: row.source.row, reason: 'The prompt has no trace.' });
    }
    const prompt = this.request.renderPrompt?.(row) ?? row.prompt;
    const seen = new Set<string>();
    for (const [completion, { text, place }] of traces.entries()) {
      const at = { place, row: row.source.row };
      this.traces++;
      if (seen.has(text)) {
        this.problems.add({ kind: 'duplicateTrace', ...at, reason: 'The same trace comes before for this prompt.' });
      }
      seen.add(text);
      this.checkLength(text, at);
      const sample: RewardSample = {
        prompt,
        completion: text,
        answer: row.answer,
        row: row.columns,
        group: { index, completion, size: traces.length },
        tokenIds: this.request.encode?.(text) ?? [],
      };
      this.pending.push({ sample, ...at });
    }
    if (this.pending.length >= scoredAtOnce) await this.scorePending();
  }

  async scorePending(): Promise<void> {
    const { scorer, successAbove } = this.request;
    const pending = this.pending;
    this.pending = [];
    if (pending.length === 0) return;
    const scores = await scorer.score(pending.map(({ sample }) => sample));
    for (const [index, { place, row }] of pending.entries()) {
      const outcomes = byName(scorer, scores[index] ?? []);
      this.addToMeans(outcomes);
      const sums = sumRewards(scorer.components, outcomes);
      const at = { place, row };
      if (sums.correctness === null) {
        this.problems.add({ kind: 'invalidReward', ...at, reason: sums.invalidReason });
      } else if (isSuccess(sums.correctness, successAbove)) this.successes++;
      else {
        const reason = `The trace earns ${sums.correctness}, no success (above ${successAbove}).`;
        this.problems.add({ kind: 'noSuccess', ...at, reason });
      }
    }
  }

  report(): AuditReport {
    const { dataset, scorer, limit, whyNoLimit = 'no limit was given' } = this.request;
    const shared = dataset.report.sharedPrompts;
    for (const { train, heldOut } of shared?.listed ?? []) {
      this.problems.add({ kind: 'heldOut', ...train, reason: `The prompt is held out too: ${describeRow(heldOut)}.` });
    }
    const meanRewards = scorer.components.map(({ name }) => {
      const mean = this.means.get(name);
      return [name, mean === undefined ? null : mean.sum / mean.count] as const;
    });
    return {
      file: dataset.coverage?.file ?? dataset.file,
      rows: dataset.length,
      traces: this.traces,
      successes: this.successes,
      meanRewards: Object.fromEntries(meanRewards),
      counts: { ...this.problems.counts, ...(shared && { heldOut: shared.count }) },
      problems: this.problems.listed,
      ...(limit ? {} : { lengthsUnchecked: whyNoLimit }),
    };
  }

  private checkLength(text: string, at: { place: SourcePlace; row: number }): void {
    const { limit } = this.request;
    if (limit === undefined) return;
    const tokens = limit.count(text);
    if (tokens <= limit.tokens) return;
    const reason = `The trace has ${tokens} tokens; rollout.maxNewTokens is ${limit.tokens}.`;
    this.problems.add({ kind: 'overLimit', ...at, reason });
  }

  private addToMeans(outcomes: Readonly<Record<string, RewardOutcome>>): void {
    for (const [name, outcome] of Object.entries(outcomes)) {
      if ('invalid' in outcome || typeof outcome.value !== 'number') continue;
      const mean = this.means.get(name) ?? { sum: 0, count: 0 };
      this.means.set(name, { sum: mean.sum + outcome.value, count: mean.count + 1 });
    }
  }
}

function byName(scorer: Scorer, outcomes: readonly RewardOutcome[]): Record<string, RewardOutcome> {
  const named: Record<string, RewardOutcome> = {};
  for (const [index, { name }] of scorer.components.entries()) {
    const outcome = outcomes[index];
    if (outcome !== undefined) named[name] = outcome;
  }
  return named;
}

const headings: Readonly<Record<AuditProblemKind, string>> = {
  noSuccess: 'Traces that earn no success',
  invalidReward: 'Traces whose reward is invalid',
  duplicateTrace: 'Duplicate traces',
  overLimit: 'Traces over the completion limit',
  leak: 'Prompts that leak their answer',
  noTrace: 'Prompts without a trace',
  heldOut: 'Prompts that are held out too',
};
const kinds: readonly AuditProblemKind[] = [
  'noSuccess',
  'invalidReward',
  'duplicateTrace',
  'overLimit',
  'leak',
  'noTrace',
  'heldOut',
];
const shown = 5;

/** The report as text for a terminal. */
export function renderAudit(report: AuditReport): string {
  const { traces, successes } = report;
  const share = traces === 0 ? '' : ` (${((100 * successes) / traces).toFixed(1)} %)`;
  const lines = [`${report.file}: ${successes} of ${traces} traces of ${report.rows} prompts earn success${share}`];
  for (const [name, mean] of Object.entries(report.meanRewards)) {
    lines.push(`  mean ${name}: ${mean === null ? 'never a number' : mean.toFixed(3)}`);
  }
  for (const kind of kinds) {
    const count = report.counts[kind] ?? 0;
    const unchecked = whyUnchecked(report, kind);
    lines.push(`${headings[kind]}: ${unchecked === undefined ? count : `not checked (${unchecked})`}`);
    const listed = report.problems.filter((problem) => problem.kind === kind).slice(0, shown);
    for (const problem of listed) lines.push(`  ${describeProblem(problem)}`);
    if (count > listed.length) lines.push('  …');
  }
  return lines.join('\n');
}

function whyUnchecked({ lengthsUnchecked, counts }: AuditReport, kind: AuditProblemKind): string | undefined {
  if (kind === 'overLimit') return lengthsUnchecked;
  return kind === 'heldOut' && counts.heldOut === undefined ? 'there are no held-out data' : undefined;
}
