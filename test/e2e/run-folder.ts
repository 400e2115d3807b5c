// What stands in a run folder, read from its files, which are the one truth.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface LoggedEvent {
  readonly seq: number;
  readonly type: string;
  readonly data: {
    readonly state?: string;
    readonly step?: number;
    readonly reason?: string;
    readonly fromStep?: number;
  };
}

/** All whole lines of events.jsonl. */
export function eventsOf(run: string): LoggedEvent[] {
  const lines = readFileSync(join(run, 'events.jsonl'), 'utf8').split('\n');
  return lines.slice(0, -1).map((line): LoggedEvent => JSON.parse(line));
}

export function stateOf(run: string): string | undefined {
  const told = eventsOf(run).findLast(({ type }) => type === 'state' || type === 'interrupted');
  return told?.type === 'interrupted' ? 'interrupted' : told?.data.state;
}

/** Steps with metrics that still count, in order: what a resume did anew is dropped. */
export function stepsOf(run: string): number[] {
  let steps: number[] = [];
  for (const { type, data } of eventsOf(run)) {
    if (type === 'resumed') steps = steps.filter((step) => step <= (data.fromStep ?? 0));
    if (type === 'metrics' && data.step !== undefined) steps.push(data.step);
  }
  return steps;
}

/** 1, 2, 3 … */
export function counted(length: number): number[] {
  return Array.from({ length }, (_, index) => index + 1);
}
