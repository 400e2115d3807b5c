// A dataset's row after mapping: what every later part works on.
import type { RowSource } from '../protocol/sample';
import type { Message } from './text';

export interface Row {
  /** A named column or a stable hash of the prompt. */
  readonly id: string;
  readonly prompt: string;
  /** The prompt's messages where the source has a conversation beyond one user message; prompt is their text. */
  readonly messages?: readonly Message[] | undefined;
  readonly answer: unknown;
  /** All columns of the source, for rewards. */
  readonly columns: Readonly<Record<string, unknown>>;
  readonly source: RowSource;
  /** Offline traces of this prompt, in file order; M ≥ 0. */
  readonly demonstrations: readonly string[];
}

/** Random access to mapped rows; reads from the file through an offset index, in constant memory. */
export interface Dataset {
  readonly file: string;
  readonly length: number;
  row(index: number): Promise<Row>;
  close(): Promise<void>;
}
