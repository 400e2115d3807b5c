// What may be changed of a run's configuration when it goes on: how far it trains, how often it is evaluated and saved,
// and into how small passes an update is split, which changes the last bits of its gradient and nothing else. Steps that are done must be those that the changed configuration would have made from the start, so whatever
// decides a token, a reward or a weight stays as it is, and the budget too where a schedule runs over it.
import { readRunConfig } from '../method/config-checks';
import { SuperRlError } from '../protocol/errors';
import { applyOverrides, parseOverride } from '../protocol/overrides';
import type { RunConfig } from '../protocol/run-config';
import { runFileError } from '../protocol/run-file';
import { valueAt } from '../protocol/run-file-messages';

const changeable = [
  'budget.steps',
  'budget.minutes',
  'budget.tokens',
  'eval.every',
  'checkpoint.every',
  'update.microBatchTokens',
];

/** A field of the configuration that another value was given to; null: it was not set. */
export interface ConfigChange {
  readonly path: string;
  readonly from: number | null;
  readonly to: number;
}

/**
 * The configuration of a run with `path=value` of --set applied, and what is other than before.
 * @throws SuperRlError `usage` for a field that a run can't change any more, `config` for a value that can't be.
 */
export function changeOnResume(
  config: RunConfig,
  overrides: readonly string[],
): { readonly config: RunConfig; readonly changes: readonly ConfigChange[] } {
  for (const { text, path } of overrides.map(parseOverride)) {
    const field = path.join('.');
    if (!changeable.includes(field)) {
      throw new SuperRlError(
        'usage',
        `--set ${text}: a run goes on with the configuration that made its steps so far. With --resume only ` +
          `${changeable.slice(0, -1).join(', ')} and ${changeable.at(-1)} can be changed; for anything else start a new run.`,
      );
    }
    const schedule = field.startsWith('budget.') ? scheduleOverBudget(config) : undefined;
    if (schedule !== undefined) {
      throw new SuperRlError(
        'usage',
        `--set ${text}: ${schedule} runs over the whole budget, so with another budget the steps that are done would ` +
          'have been others. Start a new run.',
      );
    }
  }
  const { problems } = readRunConfig(JSON.stringify(config), 'run.json', overrides);
  if (problems.length > 0) throw runFileError(problems);
  const changed = applyOverrides(config, overrides) as RunConfig;
  const changes = changeable.flatMap((path) => {
    const [from, to] = [numberAt(config, path), numberAt(changed, path)];
    return to === undefined || from === to ? [] : [{ path, from: from ?? null, to }];
  });
  return { config: changed, changes };
}

/** "budget.steps 6 → 12, eval.every 0 → 5". */
export function describeChanges(changes: readonly ConfigChange[]): string {
  return changes.map(({ path, from, to }) => `${path} ${from ?? 'not set'} → ${to}`).join(', ');
}

/** What of the method depends on how much of the budget is used. */
function scheduleOverBudget({ method, update, hybrid, sft }: RunConfig): string | undefined {
  if (update.schedule !== 'constant') return `update.schedule "${update.schedule}"`;
  if (hybrid.mix === 'fixed' && hybrid.lambdaSchedule !== 'constant')
    return `hybrid.lambdaSchedule "${hybrid.lambdaSchedule}"`;
  return method === 'sft-then-rl' ? `sft.share ${sft.share} of method sft-then-rl` : undefined;
}

function numberAt(config: RunConfig, path: string): number | undefined {
  const value = valueAt(config, path.split('.'));
  return typeof value === 'number' ? value : undefined;
}
