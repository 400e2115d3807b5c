// The rows that the page has, and which blocks of them are still to be asked for. Blocks far from what is shown are
// forgotten, so that memory stays the same in a file of any size. Pure.
import type { ViewedRow } from '../../backend/protocol/rows-view';

export const blockRows = 200;
/** Blocks that are kept: three pages of rows. */
const mostBlocks = 150;

export interface RowsAnswer {
  readonly rows: readonly ViewedRow[];
  readonly known: number;
  readonly complete: boolean;
  readonly problem?: string | undefined;
}

export class RowStore {
  known = 0;
  complete = false;
  problem: string | undefined;
  /** Names of all columns met so far, in that order. */
  readonly columns: string[] = [];
  private readonly blocks = new Map<number, readonly ViewedRow[]>();
  private readonly asked = new Set<number>();
  private readonly outcomes = new Map<number, string>();

  row(number: number): ViewedRow | undefined {
    return this.blocks.get(Math.floor(number / blockRows))?.[number % blockRows];
  }

  outcome(number: number): string {
    return this.outcomes.get(number) ?? '';
  }

  setOutcomes(outcomes: readonly { readonly row: number; readonly text: string }[]): void {
    for (const { row, text } of outcomes) {
      if (text === '') this.outcomes.delete(row);
      else this.outcomes.set(row, text);
    }
  }

  /** First rows of the blocks in [from, to) that are neither there in full nor on their way; they are on their way then. */
  take(from: number, to: number): number[] {
    const wanted: number[] = [];
    for (let block = Math.floor(Math.max(from, 0) / blockRows); block * blockRows < to; block++) {
      if (this.asked.has(block) || this.isFull(block)) continue;
      this.asked.add(block);
      wanted.push(block * blockRows);
    }
    return wanted;
  }

  /** The answer to a block of `take`; undefined: it failed, and may be asked for again. */
  give(from: number, answer: RowsAnswer | undefined): void {
    const block = Math.floor(from / blockRows);
    this.asked.delete(block);
    if (!answer) return;
    this.update(answer);
    this.blocks.delete(block); // to the end: used last
    this.blocks.set(block, answer.rows);
    for (const { cells } of answer.rows) {
      for (const name of Object.keys(cells)) if (!this.columns.includes(name)) this.columns.push(name);
    }
    for (const oldest of this.blocks.keys()) {
      if (this.blocks.size <= mostBlocks) break;
      this.blocks.delete(oldest);
    }
  }

  /** How many rows there are. */
  update({ known, complete, problem }: RowsAnswer): void {
    this.known = known;
    this.complete = complete;
    this.problem = problem;
  }

  /** The file is another one. */
  clear(): void {
    this.known = 0;
    this.complete = false;
    this.problem = undefined;
    this.columns.length = 0;
    this.blocks.clear();
    this.asked.clear();
    this.outcomes.clear();
  }

  private isFull(block: number): boolean {
    const rows = this.blocks.get(block);
    if (!rows) return this.complete && block * blockRows >= this.known;
    return rows.length === Math.min(blockRows, Math.max(this.known - block * blockRows, 0));
  }
}
