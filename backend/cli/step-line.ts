// Without a terminal: one line a step, and one for each thing worth knowing beside them.
import type { RunEvent } from '../protocol/events';
import type { RunConfig } from '../protocol/run-config';
import { countText, durationText, numberText, shareText } from './number-text';
import { printable } from './paint';
import { evaluationParts, type RunProgress, stepText, timeLeftMs } from './run-progress';

/** The line of a step that has just got its metrics, newline included. */
export function stepLine(progress: RunProgress, budget: RunConfig['budget']): string {
  const { values } = progress;
  const parts = [`step ${stepText(progress, budget)}`];
  const add = (name: string, label: string, text: (value: number) => string): void => {
    const value = values.get(name);
    if (value !== undefined) parts.push(`${label} ${text(value)}`);
  };
  add('reward', 'reward', numberText);
  const shares = ['pg', 'mix', 'sft', 'skip'].flatMap((kind) => {
    const share = values.get(`switch/${kind}_frac`);
    return share === undefined || (kind === 'mix' && share === 0) ? [] : [`${kind} ${shareText(share)}`];
  });
  if (shares.length > 0) parts.push(shares.join(' '));
  add('loss', 'loss', numberText);
  add('completions/mean_length', 'length', numberText);
  add('tokens_per_second/generate', 'tokens/s', countText);
  add('step_time', 'step', (seconds) => durationText(seconds * 1000));
  const left = timeLeftMs(progress);
  if (left !== undefined && progress.progress < 1) parts.push(`left ${durationText(left)}`);
  return `${parts.join('  ')}\n`;
}

/** The line of any other event that a person wants to see; undefined for the rest. */
export function eventLine(event: RunEvent): string | undefined {
  const text = eventText(event);
  return text === undefined ? undefined : `${printable(text)}\n`;
}

function eventText(event: RunEvent): string | undefined {
  switch (event.type) {
    case 'evaluation': {
      const parts = evaluationParts(event.data).map(({ name, share }) => `${name} ${shareText(share)}`);
      return `held-out at step ${event.data.step}: ${parts.join('  ')}  (${event.data.prompts} prompts)`;
    }
    case 'probe':
      return `probe: ${event.data.solved} of ${event.data.prompts} prompts solved; reward is ${event.data.sparse ? 'sparse' : 'dense'}. ${event.data.reason}`;
    case 'alarm':
      return `alarm at step ${event.data.step}: ${event.data.message} ${event.data.advice}`;
    case 'alarmOver':
      return `step ${event.data.step}: ${event.data.message}`;
    case 'note':
      return event.data.level === 'warning' ? `warning: ${event.data.message}` : event.data.message;
    case 'emptyStep':
      return `step ${event.data.step} changed nothing: ${event.data.reason}`;
    case 'checkpoint':
      return `saved ${event.data.path}${event.data.best ? ' (best so far)' : ''}`;
    case 'state':
      return event.data.reason ? `${event.data.state}: ${event.data.reason}` : undefined;
    case 'interrupted':
      return `interrupted: ${event.data.reason}`;
    case 'resumed':
      return `resumed from step ${event.data.fromStep}`;
    default:
      return undefined;
  }
}
