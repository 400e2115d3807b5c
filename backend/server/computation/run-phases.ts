// Which phase each step of a run was in, from its log: what the switch was allowed to decide then.
import { eventData } from '../../protocol/events';
import { LogLines } from '../log-lines';

export type Phase = 'rl' | 'sft' | 'hybrid';

/** The training phase of each step that a run's log holds. */
export async function phasesOf(run: string): Promise<Map<number, Phase>> {
  const phases = new Map<number, Phase>();
  const log = new LogLines(run);
  for (let lines = await log.next(1); lines; lines = await log.next(1)) {
    for (const { text } of lines) {
      if (!text.includes('"type":"metrics","data":{')) continue;
      const event: unknown = JSON.parse(text);
      if (typeof event !== 'object' || event === null || !('data' in event)) continue;
      const { step, phase } = eventData.metrics.parse(event.data);
      phases.set(step, phase);
    }
  }
  return phases;
}
