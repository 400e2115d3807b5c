// A run's events as lines of a task's terminal.
import { fromLoggedNumber, type RunEvent } from '../backend/protocol/events';

/** One line of the terminal for what a person wants to see go by; undefined for the rest. */
export function eventLine(event: RunEvent): string | undefined {
  switch (event.type) {
    case 'metrics': {
      const { step, values, progress } = event.data;
      const shown = (name: string, label: string) => {
        const value = values[name];
        return value === undefined ? '' : `  ${label} ${fromLoggedNumber(value).toFixed(3)}`;
      };
      const percent = `${Math.round(progress * 100)} %`.padStart(5);
      return `step ${String(step).padStart(5)} ${percent}${shown('reward', 'reward')}${shown('switch/sft_frac', 'sft')}${shown('loss', 'loss')}`;
    }
    case 'evaluation': {
      const values = Object.entries(event.data.values).map(
        ([name, value]) => `${name} ${fromLoggedNumber(value).toFixed(3)}`,
      );
      return `evaluation at step ${event.data.step}: ${values.join('  ')}`;
    }
    case 'state':
      return event.data.reason === undefined ? event.data.state : `${event.data.state}: ${event.data.reason}`;
    case 'alarm':
      return `${event.data.message} ${event.data.advice}`;
    case 'note':
    case 'error':
    case 'alarmOver':
      return event.data.message;
    case 'interrupted':
      return `interrupted: ${event.data.reason}`;
    case 'checkpoint':
      return `checkpoint ${event.data.path}`;
    default:
      return undefined;
  }
}
