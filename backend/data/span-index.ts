// Where each usable record lies in its file: offset, length, line and record number in typed arrays
// that double as they fill, 20 bytes a record.
export interface Span {
  /** Byte in the (unpacked) file. */
  readonly offset: number;
  readonly length: number;
  /** 1-based. */
  readonly line: number;
  /** 0-based number of the record in the file, bad ones counted. */
  readonly record: number;
}

export class SpanIndex {
  private capacity = 1024;
  private offsets = new Float64Array(this.capacity);
  private lengths = new Uint32Array(this.capacity);
  private lines = new Uint32Array(this.capacity);
  private records = new Uint32Array(this.capacity);
  private count = 0;

  get length(): number {
    return this.count;
  }

  get bytes(): number {
    return this.capacity * 20;
  }

  push(span: Span): void {
    if (this.count === this.capacity) this.grow();
    this.offsets[this.count] = span.offset;
    this.lengths[this.count] = span.length;
    this.lines[this.count] = span.line;
    this.records[this.count] = span.record;
    this.count++;
  }

  /** Undefined outside 0 … length - 1. */
  at(index: number): Span | undefined {
    if (!Number.isInteger(index) || index < 0 || index >= this.count) return undefined;
    const offset = this.offsets[index] ?? 0;
    return { offset, length: this.lengths[index] ?? 0, line: this.lines[index] ?? 0, record: this.records[index] ?? 0 };
  }

  private grow(): void {
    const { offsets, lengths, lines, records } = this;
    this.capacity *= 2;
    this.offsets = new Float64Array(this.capacity);
    this.lengths = new Uint32Array(this.capacity);
    this.lines = new Uint32Array(this.capacity);
    this.records = new Uint32Array(this.capacity);
    this.offsets.set(offsets);
    this.lengths.set(lengths);
    this.lines.set(lines);
    this.records.set(records);
  }
}
