// events.jsonl as everyone but its writer sees it: whole lines only. The last line may be unfinished at any
// moment and is left for the next look.
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { errorText, SuperRlError } from '../../protocol/errors';
import { type RunEvent, runEventSchema } from '../../protocol/events';
import { systemCode } from './storage-error';

const newline = 0x0a;
const pieceBytes = 1 << 20;

export function eventLogPath(runFolder: string): string {
  return join(runFolder, 'events.jsonl');
}

/**
 * All events of a run from `fromSeq` on, in order; empty when there is no log yet.
 * @throws SuperRlError `run` naming file and line when a line isn't an event.
 */
export function* readEvents(runFolder: string, fromSeq = 1): Generator<RunEvent> {
  const file = eventLogPath(runFolder);
  let line = 0;
  let offset = 0;
  for (;;) {
    const piece = readWholeLines(file, offset);
    if (piece.lines.length === 0) return;
    offset = piece.nextOffset;
    for (const text of piece.lines) {
      line++;
      const event = parseEvent(text, file, line);
      if (event.seq >= fromSeq) yield event;
    }
  }
}

/** The newest events of a run, as many whole ones as `bytes` hold: enough for its state and progress. */
export function readLastEvents(runFolder: string, bytes = 1 << 18): RunEvent[] {
  const file = eventLogPath(runFolder);
  const descriptor = openForReading(file);
  if (descriptor === undefined) return [];
  try {
    const size = fstatSync(descriptor).size;
    const start = Math.max(0, size - bytes);
    const tail = Buffer.alloc(size - start);
    const read = readSync(descriptor, tail, 0, tail.length, start);
    const first = start === 0 ? 0 : tail.indexOf(newline) + 1;
    const end = tail.lastIndexOf(newline, read - 1);
    if (end < first) return [];
    return tail
      .toString('utf8', first, end)
      .split('\n')
      .map((text) => parseEvent(text, file));
  } finally {
    closeSync(descriptor);
  }
}

export interface WholeLines {
  readonly lines: string[];
  /** Offset behind the last whole line: where the next look begins. */
  readonly nextOffset: number;
}

/** Reads whole lines from a byte offset on, about 1 MiB at a time; none when there is nothing new. */
export function readWholeLines(file: string, offset: number): WholeLines {
  const descriptor = openForReading(file);
  if (descriptor === undefined) return { lines: [], nextOffset: offset };
  try {
    for (let length = pieceBytes; ; length *= 2) {
      const piece = Buffer.alloc(length);
      const read = readSync(descriptor, piece, 0, length, offset);
      const end = read === 0 ? -1 : piece.lastIndexOf(newline, read - 1);
      if (end >= 0) return { lines: piece.toString('utf8', 0, end).split('\n'), nextOffset: offset + end + 1 };
      if (read < length) return { lines: [], nextOffset: offset };
    }
  } finally {
    closeSync(descriptor);
  }
}

/** One line of the log. The line number is for the message only. */
export function parseEvent(text: string, file: string, line?: number): RunEvent {
  try {
    return runEventSchema.parse(JSON.parse(text));
  } catch (error) {
    const why = error instanceof z.ZodError ? z.prettifyError(error) : errorText(error);
    throw new SuperRlError(
      'run',
      `This line is not an event that this version of SuperRL knows; update it, or restore the file. ${why}`,
      { place: { file, ...(line === undefined ? {} : { line }) }, cause: error },
    );
  }
}

function openForReading(file: string): number | undefined {
  try {
    return openSync(file, 'r');
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}
