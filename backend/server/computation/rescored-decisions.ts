// What the Adaptive Switch would have decided with other rewards: the trainer's own rules over stored groups.
import { decideGroup, posteriorAfter, type SwitchGroup } from '../../method/adaptive-switch';
import { stepAdvantages } from '../../method/advantages';
import type { BetaCounts } from '../../method/posterior';
import { sumRewards } from '../../method/rewards-sum';
import type { RunConfig } from '../../protocol/run-config';
import type { RewardOutcome } from '../../protocol/sample';
import type { StoredGroup } from './rescore-batches';
import type { Phase } from './run-phases';

export class RescoredDecisions {
  readonly #posterior = new Map<string, BetaCounts>();

  constructor(
    private readonly config: RunConfig,
    private readonly component: string,
    private readonly phases: ReadonlyMap<number, Phase>,
  ) {}

  /** Whether a group must be decided anew even where no outcome has changed: the posterior remembers all. */
  get needEveryGroup(): boolean {
    return this.config.switch.signal === 'posterior';
  }

  /**
   * The decision with the new outcomes of the component, one a completion, of which `changed` tells whether any is
   * another than it was. Groups must come in the run's order, since the posterior of a prompt remembers its earlier
   * visits.
   */
  decide(sampled: StoredGroup, outcomes: readonly RewardOutcome[], changed: boolean): string {
    const { config, component, phases } = this;
    const { group } = sampled;
    if (!changed && !this.needEveryGroup) return group.decision.kind;
    const completions = sampled.completions.map(({ rewards }, index) => {
      const outcome = outcomes[index];
      return sumRewards(config.rewards, outcome ? { ...rewards, [component]: outcome } : rewards);
    });
    const [advantages = []] = stepAdvantages([completions.map(({ reward }) => reward)], config.advantage);
    const seen: SwitchGroup = {
      completions,
      advantages,
      demonstrations: group.decision.missingDemonstration ? 0 : group.demonstrations.length,
      posterior: this.#posterior.get(group.promptId),
    };
    const phase = phases.get(group.step) === 'rl' ? 'rl' : 'hybrid';
    const decision = decideGroup(seen, { phase, switch: config.switch, mix: config.hybrid.mix });
    if (this.needEveryGroup) {
      this.#posterior.set(group.promptId, posteriorAfter(seen, config.switch));
    }
    return config.method === 'filter' && decision.noSignal ? 'skip' : decision.kind;
  }
}
