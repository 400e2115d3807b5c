// The events of a run that still count, read from its log piece by piece: for logs that don't fit memory.
import type { RunEvent } from '../../protocol/events';
import { readEvents } from './read-events';

interface Resumption {
  readonly seq: number;
  readonly fromStep: number;
}

/**
 * What `dropSuperseded` keeps of a run's log, in order: without the steps that a later resume did anew. The log is
 * read twice and never held whole.
 * @throws SuperRlError `run` naming file and line when a line isn't an event
 */
export function* readStandingEvents(runFolder: string): Generator<RunEvent> {
  const resumptions: Resumption[] = [];
  for (const { seq, type, data } of readEvents(runFolder)) {
    if (type === 'resumed') resumptions.push({ seq, fromStep: data.fromStep });
  }
  let next = 0;
  for (const event of readEvents(runFolder)) {
    while ((resumptions[next]?.seq ?? Number.POSITIVE_INFINITY) <= event.seq) next++;
    if (event.type === 'resumed' || resumptions.slice(next).every(({ fromStep }) => event.data.step <= fromStep)) {
      yield event;
    }
  }
}
