// Held-out prompts that are trained on too: what is measured on them is memory. Compared is the prompt's exact text
// after mapping. While the training data are opened, each usable row is looked up among the held-out prompts.
import type { SourcePlace } from '../protocol/errors';
import { type Hash64, HashIndex, hash64 } from './hash-index';
import { describeRow } from './problems';
import type { Dataset, Row } from './row';

/** A dataset that says where its rows stand and can be gone through (OpenDataset of dataset.ts). */
interface HeldOutData extends Pick<Dataset, 'file' | 'length'> {
  place(index: number): SourcePlace;
  scan(signal?: AbortSignal): AsyncIterable<Pick<Row, 'prompt' | 'source'>>;
}

/** A usable row of a file: its place and its 0-based number. */
interface RowPlace {
  readonly place: SourcePlace;
  readonly row: number;
}

/** JSON-ready. */
export interface SharedPrompts {
  /** The held-out file. */
  readonly file: string;
  readonly heldOutRows: number;
  /** Held-out prompts that stand in the training data too. */
  readonly count: number;
  /** The first of them, in the order of the training data. */
  readonly listed: readonly { readonly heldOut: RowPlace; readonly train: RowPlace }[];
}

const listedAtMost = 50;
/** Pairs in a sentence, and lines in a report. */
const named = 3;
const shownRows = 5;

/** The prompts of held-out data, and which of them were found elsewhere. */
export class HeldOutPrompts {
  readonly #dataset: HeldOutData;
  /** Index of the held-out row by the hash of its prompt. */
  readonly #index = new HashIndex();
  /** 0-based record numbers of the held-out rows. */
  readonly #records: number[] = [];
  readonly #listed: SharedPrompts['listed'][number][] = [];
  #count = 0;

  private constructor(dataset: HeldOutData) {
    this.#dataset = dataset;
  }

  /** Goes through the dataset once. Memory: about 32 bytes a row. */
  static async of(dataset: HeldOutData, signal?: AbortSignal): Promise<HeldOutPrompts> {
    const prompts = new HeldOutPrompts(dataset);
    for await (const { prompt, source } of dataset.scan(signal)) {
      prompts.#index.add(hash64(prompt), prompts.#records.length);
      prompts.#records.push(source.row);
    }
    return prompts;
  }

  /** Takes note of a training row whose prompt has this hash, if it is a held-out one. */
  meet(hash: Hash64, train: () => RowPlace): void {
    const index = this.#index.get(hash);
    if (index === undefined) return;
    this.#count++;
    if (this.#listed.length === listedAtMost) return;
    const heldOut = { place: this.#dataset.place(index), row: this.#records[index] ?? 0 };
    this.#listed.push({ heldOut, train: train() });
  }

  get shared(): SharedPrompts {
    return {
      file: this.#dataset.file,
      heldOutRows: this.#dataset.length,
      count: this.#count,
      listed: this.#listed,
    };
  }
}

/** Lines of a report for a terminal. */
export function renderShared(shared: SharedPrompts): string[] {
  const lines = [`Held-out prompts in the training data: ${shared.count} of ${shared.heldOutRows}`];
  for (const { heldOut, train } of shared.listed.slice(0, shownRows)) {
    lines.push(`  ${describeRow(heldOut)} is ${describeRow(train)}`);
  }
  if (shared.count > shownRows) lines.push('  …');
  return lines;
}

/** "2 of 100 held-out prompts are …: heldout.jsonl:3 = train.jsonl:17, …"; undefined when there are none. */
export function describeShared({ file, heldOutRows, count, listed }: SharedPrompts): string | undefined {
  if (count === 0) return undefined;
  const pairs = listed.slice(0, named).map(({ heldOut, train }) => `${describeRow(heldOut)} is ${describeRow(train)}`);
  const more = count > pairs.length ? `, and ${count - pairs.length} more` : '';
  return (
    `${count} of ${heldOutRows} held-out prompts ${count === 1 ? 'is' : 'are'} also in the training data, so what is ` +
    `measured on ${count === 1 ? 'it' : 'them'} is memory (${pairs.join(', ')}${more}). Take them out of ${file} or of ` +
    'data.train.'
  );
}
