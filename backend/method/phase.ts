// Which objective a step trains: supervised (baselines sft and sft-then-rl), plain RL, or the Hybrid Actor
// under the Adaptive Switch.
import type { RunConfig } from '../protocol/run-config';

export type Phase = 'sft' | 'rl' | 'hybrid';

/**
 * The phase of a step that starts at `progress` (share of the budget used, [0, 1]).
 * @param dense what the last rollout probe found (switch.scope run); undefined when none was made
 */
export function phaseAt(config: RunConfig, progress: number, dense?: boolean): Phase {
  if (config.method === 'sft') return 'sft';
  if (config.method === 'sft-then-rl' && progress < config.sft.share) return 'sft';
  if (!config.switch.enabled) return 'rl';
  return config.switch.scope === 'run' && dense === true ? 'rl' : 'hybrid';
}
