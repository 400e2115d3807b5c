// The numbers of a run, one column a metric and one place a step, and how they are decimated for a chart: equal
// buckets of 2^n steps, each with minimum, mean and maximum, so that no spike of 20,000 steps is lost on 1,000 pixels.
// Pure; the extension host runs it, the webview only draws what it gives.

/** Values of one metric by bucket; NaN: nothing was measured there. `min` and `max` are left out for buckets of one step. */
export interface SeriesColumn {
  readonly mean: Float64Array<ArrayBuffer>;
  readonly min?: Float64Array<ArrayBuffer>;
  readonly max?: Float64Array<ArrayBuffer>;
}

/** Steps 1 + i·stepsPerBucket … (i + 1)·stepsPerBucket are bucket i; this holds buckets from firstBucket on. */
export interface RunSeries {
  readonly stepsPerBucket: number;
  readonly firstBucket: number;
  readonly buckets: number;
  /** The last step known; the last bucket may not be full. */
  readonly lastStep: number;
  readonly columns: Record<string, SeriesColumn>;
  /** Sentences that the switch gave as reasons; `why` refers to them. */
  readonly reasons: SwitchReason[];
  /** By bucket: pairs of index in `reasons`, number of groups; the most frequent first, at most `reasonsPerBucket`. */
  readonly why: number[][];
}

export interface SwitchReason {
  readonly kind: 'pg' | 'sft' | 'mix' | 'skip';
  readonly text: string;
}

/** Columns that the host adds to the metrics, for other axes than steps. */
export const usedTokensColumn = 'used_tokens';
export const elapsedMsColumn = 'elapsed_ms';

/** Most buckets of one series. */
export const maxBuckets = 1000;
/** One more than the gate's sentences for K = 8. */
export const reasonsPerBucket = 12;
/** Beyond this many different sentences, further ones are counted as one. */
const maxReasons = 2000;

/** The smallest 2^n for which `steps` steps are at most `limit` buckets. */
export function stepsPerBucketFor(steps: number, limit = maxBuckets): number {
  let size = 1;
  while (Math.ceil(steps / size) > limit) size *= 2;
  return size;
}

/** All metrics of a run at full resolution. */
export class RunColumns {
  #columns = new Map<string, Float64Array>();
  #lastStep = 0;
  #reasons: SwitchReason[] = [];
  readonly #reasonIndex = new Map<string, number>();
  /** By step: reason index → number of groups. */
  #why: (Map<number, number> | undefined)[] = [];

  get lastStep(): number {
    return this.#lastStep;
  }

  get names(): string[] {
    return [...this.#columns.keys()];
  }

  setStep(step: number, values: Readonly<Record<string, number>>): void {
    for (const [name, value] of Object.entries(values)) this.set(step, name, value);
  }

  set(step: number, name: string, value: number): void {
    if (step < 1) return;
    const column = this.#columns.get(name);
    if (column && step <= column.length) column[step - 1] = value;
    else this.#grown(name, step)[step - 1] = value;
    if (step > this.#lastStep) this.#lastStep = step;
  }

  addReason(step: number, kind: SwitchReason['kind'], text: string): void {
    if (step < 1) return;
    const key = `${kind} ${text}`;
    let index = this.#reasonIndex.get(key);
    if (index === undefined && this.#reasons.length >= maxReasons) {
      this.#addOtherReason(step, kind);
      return;
    }
    if (index === undefined) {
      index = this.#reasons.push({ kind, text }) - 1;
      this.#reasonIndex.set(key, index);
    }
    this.#count(step, index);
  }

  /** Forgets all steps after `step`: a resumed run does them anew. */
  truncate(step: number): void {
    for (const column of this.#columns.values()) column.fill(Number.NaN, step);
    this.#why.length = Math.min(this.#why.length, step);
    this.#lastStep = Math.min(this.#lastStep, step);
  }

  /** The value of a step; NaN when there is none. */
  at(name: string, step: number): number {
    return this.#columns.get(name)?.[step - 1] ?? Number.NaN;
  }

  /** Buckets that cover steps from … to (both inclusive, cut to what there is). */
  series(fromStep: number, toStep: number, stepsPerBucket: number): RunSeries {
    const last = Math.min(toStep, this.#lastStep);
    const firstBucket = Math.max(0, Math.floor((fromStep - 1) / stepsPerBucket));
    const buckets = Math.max(0, Math.ceil(last / stepsPerBucket) - firstBucket);
    const columns: Record<string, SeriesColumn> = {};
    for (const [name, values] of this.#columns) {
      columns[name] = decimate(values.subarray(0, this.#lastStep), firstBucket, buckets, stepsPerBucket);
    }
    return {
      stepsPerBucket,
      firstBucket,
      buckets,
      lastStep: this.#lastStep,
      columns,
      ...this.#whyOf(firstBucket, buckets, stepsPerBucket),
    };
  }

  /** The column with room for this step. */
  #grown(name: string, step: number): Float64Array {
    const column = this.#columns.get(name);
    const grown = new Float64Array(Math.max(256, 2 ** Math.ceil(Math.log2(step)))).fill(Number.NaN);
    if (column) grown.set(column);
    this.#columns.set(name, grown);
    return grown;
  }

  #count(step: number, reason: number): void {
    const counts = this.#why[step - 1] ?? new Map<number, number>();
    counts.set(reason, (counts.get(reason) ?? 0) + 1);
    while (this.#why.length < step - 1) this.#why.push(undefined);
    this.#why[step - 1] = counts;
  }

  #addOtherReason(step: number, kind: SwitchReason['kind']): void {
    const key = `other ${kind}`;
    const index =
      this.#reasonIndex.get(key) ?? this.#reasons.push({ kind, text: 'Another reason: open the step to read it.' }) - 1;
    this.#reasonIndex.set(key, index);
    this.#count(step, index);
  }

  /** The reasons of these buckets, renumbered so that only those that occur travel. */
  #whyOf(firstBucket: number, buckets: number, stepsPerBucket: number): Pick<RunSeries, 'reasons' | 'why'> {
    const reasons: SwitchReason[] = [];
    const renumbered = new Map<number, number>();
    const why = Array.from({ length: buckets }, (_, offset) => {
      const counts = new Map<number, number>();
      const start = (firstBucket + offset) * stepsPerBucket;
      for (const step of this.#why.slice(start, start + stepsPerBucket)) {
        for (const [reason, count] of step ?? []) counts.set(reason, (counts.get(reason) ?? 0) + count);
      }
      const most = [...counts].sort(([, a], [, b]) => b - a).slice(0, reasonsPerBucket);
      return most.flatMap(([reason, count]) => {
        const known = this.#reasons[reason];
        if (!known) return [];
        const index = renumbered.get(reason) ?? reasons.push(known) - 1;
        renumbered.set(reason, index);
        return [index, count];
      });
    });
    return { reasons, why };
  }
}

/** Minimum, mean and maximum of the finite values of each bucket. */
export function decimate(
  values: Float64Array,
  firstBucket: number,
  buckets: number,
  stepsPerBucket: number,
): SeriesColumn {
  const mean = new Float64Array(buckets).fill(Number.NaN);
  if (stepsPerBucket === 1) {
    mean.set(values.subarray(firstBucket, firstBucket + buckets));
    return { mean };
  }
  const min = new Float64Array(buckets).fill(Number.NaN);
  const max = new Float64Array(buckets).fill(Number.NaN);
  for (let bucket = 0; bucket < buckets; bucket++) {
    const start = (firstBucket + bucket) * stepsPerBucket;
    const end = Math.min(start + stepsPerBucket, values.length);
    let sum = 0;
    let count = 0;
    let lowest = Number.POSITIVE_INFINITY;
    let highest = Number.NEGATIVE_INFINITY;
    for (let i = start; i < end; i++) {
      const value = values[i] ?? Number.NaN;
      if (!Number.isFinite(value)) continue;
      sum += value;
      count++;
      if (value < lowest) lowest = value;
      if (value > highest) highest = value;
    }
    if (count === 0) continue;
    mean[bucket] = sum / count;
    min[bucket] = lowest;
    max[bucket] = highest;
  }
  return { mean, min, max };
}

/** `series` with the buckets from `tail.firstBucket` on replaced by those of `tail`. Both have the same stepsPerBucket. */
export function appendSeries(series: RunSeries, tail: RunSeries): RunSeries {
  const keep = Math.min(series.buckets, tail.firstBucket - series.firstBucket);
  const columns: Record<string, SeriesColumn> = {};
  for (const name of new Set([...Object.keys(series.columns), ...Object.keys(tail.columns)])) {
    const before = series.columns[name];
    const after = tail.columns[name];
    const join = (part: 'mean' | 'min' | 'max') => joined(before?.[part], after?.[part], keep, tail.buckets);
    columns[name] =
      series.stepsPerBucket === 1 ? { mean: join('mean') } : { mean: join('mean'), min: join('min'), max: join('max') };
  }
  const known = new Map(series.reasons.map((reason, index) => [`${reason.kind} ${reason.text}`, index]));
  const reasons = [...series.reasons];
  const indexOf = tail.reasons.map((reason) => {
    const key = `${reason.kind} ${reason.text}`;
    const index = known.get(key) ?? reasons.push(reason) - 1;
    known.set(key, index);
    return index;
  });
  const renumber = (pairs: readonly number[]) =>
    pairs.map((value, place) => (place % 2 === 0 ? (indexOf[value] ?? 0) : value));
  return {
    stepsPerBucket: series.stepsPerBucket,
    firstBucket: series.firstBucket,
    buckets: keep + tail.buckets,
    lastStep: tail.lastStep,
    columns,
    reasons,
    why: [...series.why.slice(0, keep), ...tail.why.map(renumber)],
  };
}

function joined(
  before: Float64Array | undefined,
  after: Float64Array | undefined,
  keep: number,
  added: number,
): Float64Array<ArrayBuffer> {
  const result = new Float64Array(keep + added).fill(Number.NaN);
  if (before) result.set(before.subarray(0, keep));
  if (after) result.set(after, keep);
  return result;
}
