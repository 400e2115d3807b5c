// The presets and baselines of the method (METHOD.md): the values each one stands for, and the expansion
// of a run file to the full configuration. What a person wrote always wins; the rest comes from the
// preset, then from defaults that depend on the loss type, the kind of model and K.
import type { LossType, MethodName, ParsedRunFile, RewardConfig, RunConfig } from '../protocol/run-config';
import { valueAt } from '../protocol/run-file-messages';

type Preset = { readonly [Section in 'switch' | 'hybrid' | 'sft']?: Partial<ParsedRunFile[Section]> };

/** The switch decides per prompt and opens on a success (SuperRL v2, ICLR revision). */
const perPrompt = { enabled: true, scope: 'prompt', signal: 'reward', reads: 'correctness' } as const;
/** One rollout probe before training (SuperRL v1). */
const perRun = { ...perPrompt, scope: 'run' } as const;
const off = { enabled: false } as const;

export const presets: Readonly<Record<MethodName, Preset>> = {
  superrl: { switch: perPrompt, hybrid: { mix: 'gated' } },
  'superrl-a': { switch: { ...perPrompt, signal: 'advantage' }, hybrid: { mix: 'gated' } },
  'superrl-v1': { switch: perRun, hybrid: { mix: 'fixed' } },
  'superrl-log-sigma': { switch: perRun, hybrid: { mix: 'log-sigma' } },
  hpt: { switch: { ...perPrompt, signal: 'passRate', atMost: 0.25 }, hybrid: { mix: 'gated' } },
  'superrl-posterior': { switch: { ...perPrompt, signal: 'posterior' }, hybrid: { mix: 'gated' } },
  rl: { switch: off },
  sft: { switch: off, sft: { share: 1 } },
  'sft-then-rl': { switch: off, sft: { share: 0.3 } },
  filter: { switch: off },
  'fixed-mix': { switch: perPrompt, hybrid: { mix: 'fixed' } },
};

/** ε_low and ε_high by loss type; 0 where the loss does not clip. */
export const clipDefaults: Readonly<Record<LossType, { readonly clipLow: number; readonly clipHigh: number }>> = {
  grpo: { clipLow: 0.2, clipHigh: 0.2 },
  bnpo: { clipLow: 0.2, clipHigh: 0.2 },
  dr_grpo: { clipLow: 0.2, clipHigh: 0.2 },
  dapo: { clipLow: 0.2, clipHigh: 0.28 },
  gspo: { clipLow: 3e-4, clipHigh: 4e-4 },
  cispo: { clipLow: 0, clipHigh: 0 },
  reinforce: { clipLow: 0, clipHigh: 0 },
};

const shapingRewards: readonly string[] = ['format', 'length', 'repetition'];

/**
 * The full configuration of a run, every default explicit.
 * @param parsed the run file after the schema's own defaults
 * @param raw the same as written, which tells what the preset may fill in
 */
export function expandRunConfig(parsed: ParsedRunFile, raw: unknown): RunConfig {
  const preset = presets[parsed.method];
  const pretrained = typeof parsed.model === 'string';
  const learningRate = parsed.update.learningRate ?? (pretrained ? 1e-6 : 1e-3);
  const { clipLow, clipHigh } = clipDefaults[parsed.loss.type];
  const switchConfig = withPreset('switch', parsed, raw, preset.switch);
  const sft = withPreset('sft', parsed, raw, preset.sft);
  return {
    ...parsed,
    rewards: parsed.rewards.map(withRole),
    loss: {
      ...parsed.loss,
      clipLow: parsed.loss.clipLow ?? clipLow,
      clipHigh: parsed.loss.clipHigh ?? clipHigh,
    },
    advantage: parsed.advantage ?? (parsed.loss.type === 'dr_grpo' ? 'none' : 'group'),
    switch: {
      ...switchConfig,
      posterior: {
        ...switchConfig.posterior,
        threshold: switchConfig.posterior.threshold ?? 1 / parsed.rollout.k,
      },
    },
    hybrid: withPreset('hybrid', parsed, raw, preset.hybrid),
    sft: { ...sft, learningRate: sft.learningRate ?? (pretrained ? 1e-5 : learningRate) },
    update: { ...parsed.update, learningRate },
  };
}

/** A section with the preset's values in every field that the person left out. */
function withPreset<Section extends keyof Preset>(
  section: Section,
  parsed: ParsedRunFile,
  raw: unknown,
  values: Preset[Section],
): ParsedRunFile[Section] {
  const unwritten = Object.entries(values ?? {}).filter(([field]) => valueAt(raw, [section, field]) === undefined);
  return { ...parsed[section], ...Object.fromEntries(unwritten) };
}

function withRole(reward: ParsedRunFile['rewards'][number]): RewardConfig {
  const shaping = shapingRewards.includes(reward.use ?? reward.name);
  return { ...reward, role: reward.role ?? (shaping ? 'shaping' : 'correctness') };
}
