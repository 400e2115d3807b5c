// What a run last made of each dataset row, for the decorations beside the data. Kept a run and brought up to
// date file by file: a step's sample file is read once, and again only when a resumed run has replaced it.
import { readFile, stat } from 'node:fs/promises';
import { z } from 'zod';
import type { RequestResult } from '../protocol/messages';
import { sourceSchema } from '../protocol/sample';
import { describeRun } from '../trainer/run-folder/run-listing';
import { sampledSteps, sampleFilePath } from '../trainer/run-folder/sample-file';
import { systemCode } from '../trainer/run-folder/storage-error';

export type RowOutcome = RequestResult<'rowOutcomes'>['rows'][number];
type AnsweredOutcomes = RequestResult<'rowOutcomes'>;

/** Which rows are asked for; all of these must hold. */
export interface WantedRows {
  /** Rows whose newest group is of a later step. */
  readonly afterStep: number;
  readonly file?: string | undefined;
  readonly rowHashes?: readonly string[] | undefined;
}

/** What a group says of its row. */
type GroupOutcome = Omit<RowOutcome, 'decisions'>;

interface StepOutcomes {
  /** Tells a replaced file. */
  readonly version: string;
  readonly groups: readonly GroupOutcome[];
}

const readAtOnce = 16;

export class RowOutcomes {
  readonly #steps = new Map<number, StepOutcomes>();
  #rows = new Map<string, RowOutcome>();
  #working: Promise<void> = Promise.resolve();

  constructor(private readonly run: string) {}

  /** Outcomes of the wanted rows, in order of file and row. */
  async rows({ afterStep, file, rowHashes }: WantedRows, signal: AbortSignal): Promise<AnsweredOutcomes> {
    // One update at a time; a client that leaves ends only its own wait.
    this.#working = this.#working.catch(() => undefined).then(() => this.#update(signal));
    await this.#working;
    const hashes = rowHashes && new Set(rowHashes);
    const ofFile = [...this.#rows.values()].filter((row) => file === undefined || row.file === file);
    const rows = ofFile
      .filter(({ step, rowHash }) => step > afterStep && (hashes === undefined || hashes.has(rowHash)))
      .sort((a, b) => (a.file === b.file ? a.row - b.row : a.file < b.file ? -1 : 1));
    return file === undefined ? { rows } : { rows, split: splitOf(ofFile) };
  }

  async #update(signal: AbortSignal): Promise<void> {
    // After a resume, files of later steps than the run has reached again are of a past that no longer counts.
    const reached = describeRun(this.run).step + 1;
    const steps = sampledSteps(this.run).filter((step) => step <= reached);
    const there = new Set(steps);
    let rebuild = false;
    for (const step of this.#steps.keys()) {
      if (there.has(step)) continue;
      this.#steps.delete(step);
      rebuild = true;
    }
    for (let from = 0; from < steps.length; from += readAtOnce) {
      signal.throwIfAborted();
      const some = steps.slice(from, from + readAtOnce);
      const reading = some.map((step) => readStep(this.run, step, this.#steps.get(step)?.version));
      for (const [index, read] of (await Promise.all(reading)).entries()) {
        const step = some[index];
        if (!read || step === undefined) continue;
        if (this.#steps.has(step)) rebuild = true;
        else if (!rebuild) addTo(this.#rows, read.groups);
        this.#steps.set(step, read);
      }
    }
    if (!rebuild) return;
    this.#rows = new Map();
    for (const step of steps) addTo(this.#rows, this.#steps.get(step)?.groups ?? []);
  }
}

function splitOf(rows: readonly RowOutcome[]): NonNullable<AnsweredOutcomes['split']> {
  const split = { none: 0, some: 0, all: 0 };
  for (const { solved, k } of rows) split[solved === 0 ? 'none' : solved < k ? 'some' : 'all']++;
  return split;
}

function addTo(rows: Map<string, RowOutcome>, groups: readonly GroupOutcome[]): void {
  for (const group of groups) {
    const key = `${group.row} ${group.file}`;
    const decisions = { ...rows.get(key)?.decisions };
    decisions[group.decision] = (decisions[group.decision] ?? 0) + 1;
    rows.set(key, { ...group, decisions });
  }
}

/** undefined: there is nothing new. */
async function readStep(run: string, step: number, known: string | undefined): Promise<StepOutcomes | undefined> {
  const file = sampleFilePath(run, step);
  try {
    const { size, mtimeMs, ino } = await stat(file);
    const version = `${size} ${mtimeMs} ${ino}`;
    if (version === known) return undefined;
    return { version, groups: groupOutcomes(await readFile(file, 'utf8')) };
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined; // replaced or removed this moment
    throw error;
  }
}

/** The part of a sample file's lines that is needed here. */
const groupSchema = z.object({
  step: z.int(),
  group: z.int(),
  promptId: z.string(),
  source: sourceSchema,
  decision: z.object({ kind: z.string(), successes: z.int(), k: z.int() }),
});
const rewardSchema = z.object({ group: z.int(), reward: z.number().nullable() });

/** What the groups of one sample file say. Exported for tests. */
export function groupOutcomes(text: string): GroupOutcome[] {
  const outcomes = new Map<number, GroupOutcome>();
  const sums = new Map<number, { sum: number; valid: number }>();
  for (const line of text.split('\n')) {
    if (line.startsWith('{"kind":"group"')) {
      const { step, group, promptId, source, decision } = groupSchema.parse(JSON.parse(line));
      const { kind, successes, k } = decision;
      outcomes.set(group, { ...source, promptId, step, group, solved: successes, k, decision: kind, lastReward: null });
    } else if (line !== '') {
      const { group, reward } = rewardOf(line);
      if (reward === null) continue;
      const { sum, valid } = sums.get(group) ?? { sum: 0, valid: 0 };
      sums.set(group, { sum: sum + reward, valid: valid + 1 });
    }
  }
  return [...outcomes.values()].map((outcome) => {
    const mean = sums.get(outcome.group);
    return mean ? { ...outcome, lastReward: mean.sum / mean.valid } : outcome;
  });
}

const completionHead = /^\{"kind":"completion","step":\d+,"group":(\d+),/;
const completionEnd =
  /,"reward":(null|-?\d[\d.eE+-]*),"correctness":[^,{}[\]"]+,"success":\w+,"advantage":[^,{}[\]"]+,"stopReason":"\w+","truncated":\w+\}$/;

/** As the trainer writes lines, group and reward stand at fixed places: no need to parse texts and token ids. */
function rewardOf(line: string): z.infer<typeof rewardSchema> {
  const group = completionHead.exec(line)?.[1];
  const reward = completionEnd.exec(line.slice(-300))?.[1];
  if (group === undefined || reward === undefined) return rewardSchema.parse(JSON.parse(line));
  return { group: Number(group), reward: reward === 'null' ? null : Number(reward) };
}
