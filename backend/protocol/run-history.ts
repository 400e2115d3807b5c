// What the events of a run mean together: which still count after a resume, and the state they tell. Pure, for
// the trainer, the command line and the windows alike.
import type { RunEvent, RunState } from './events';

/** The events that still count: after `resumed{fromStep}`, earlier events of later steps are dropped. */
export function dropSuperseded(events: Iterable<RunEvent>): RunEvent[] {
  let kept: RunEvent[] = [];
  for (const event of events) {
    if (event.type === 'resumed') {
      const { fromStep } = event.data;
      kept = kept.filter((earlier) => earlier.type === 'resumed' || earlier.data.step <= fromStep);
    }
    kept.push(event);
  }
  return kept;
}

/** The state that the last event about it tells, with its step; undefined when none does. */
export function lastState(events: Iterable<RunEvent>): { state: RunState; step: number; reason?: string } | undefined {
  let last: { state: RunState; step: number; reason?: string } | undefined;
  for (const event of events) {
    if (event.type === 'state') last = event.data;
    else if (event.type === 'interrupted') last = { state: 'interrupted', ...event.data };
    else if (event.type === 'resumed') last = { state: 'preparing', step: event.data.fromStep };
    else if (event.type === 'metrics' && last) last = { ...last, step: event.data.step };
  }
  return last;
}
