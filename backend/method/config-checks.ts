// What a configuration demands beyond the type of each field: rules between fields, each a problem with
// the path of the field to change. Pure; run-file.ts turns paths into places.
import type { MethodName, RunConfig } from '../protocol/run-config';
import { locateProblems, parseRunFile, type RunFileProblem } from '../protocol/run-file';
import type { FieldPath } from '../protocol/run-file-schema';
import { expandRunConfig } from './presets';
import { fewestProbePrompts, probeCanFire } from './run-probe';

export interface ConfigProblem {
  readonly path: FieldPath;
  readonly message: string;
}

export interface RunConfigReading {
  /** Present exactly when there are no problems. */
  readonly config?: RunConfig;
  readonly problems: RunFileProblem[];
}

/**
 * The whole way from the text of a run file to the configuration a run stores.
 * @throws SuperRlError `usage` for an override that cannot be read or applied
 */
export function readRunConfig(text: string, file: string, overrides: readonly string[] = []): RunConfigReading {
  const { parsed, raw, problems } = parseRunFile(text, file, overrides);
  if (!parsed) return { problems };
  const config = expandRunConfig(parsed, raw);
  const found = checkRunConfig(config);
  return found.length === 0 ? { config, problems: [] } : { problems: locateProblems(text, file, overrides, found) };
}

/** Every rule the configuration breaks. */
export function checkRunConfig(config: RunConfig): ConfigProblem[] {
  return [checkRewards, checkTraces, checkSwitch, checkModel, checkLoss, checkBudgetAndEval].flatMap((check) =>
    check(config),
  );
}

const needTraces: readonly MethodName[] = ['sft', 'sft-then-rl'];

function checkRewards(config: RunConfig): ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  const seen = new Set<string>();
  config.rewards.forEach(({ name }, index) => {
    if (seen.has(name))
      problems.push({
        path: ['rewards', index, 'name'],
        message: `Two rewards are named "${name}". Rename one of them.`,
      });
    seen.add(name);
  });
  const hasCorrectness = config.rewards.some(({ role }) => role === 'correctness');
  if (!hasCorrectness && config.method !== 'sft')
    problems.push({
      path: ['rewards'],
      message:
        `Method "${config.method}" needs a reward of role "correctness": it decides which completions succeed. ` +
        'Add one to "rewards", for example { "name": "answer", "use": "exact" }.',
    });
  if (!hasCorrectness && config.method === 'sft' && config.eval.every > 0)
    problems.push({
      path: ['eval', 'every'],
      message: 'Evaluation needs a reward of role "correctness". Add one to "rewards" or set eval.every to 0.',
    });
  return problems;
}

function checkTraces(config: RunConfig): ConfigProblem[] {
  if (config.traces || !(config.switch.enabled || needTraces.includes(config.method))) return [];
  return [
    {
      path: ['traces'],
      message:
        `Method "${config.method}" learns from offline traces, and the run file names none. Add "traces": { "path": "…" }, ` +
        'or "traces": {} when they are a column of the dataset, or choose method "rl".',
    },
  ];
}

function checkSwitch(config: RunConfig): ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  const { enabled, scope, probe } = config.switch;
  if (enabled && (needTraces.includes(config.method) || config.method === 'filter'))
    problems.push({
      path: ['switch', 'enabled'],
      message: `Method "${config.method}" is a baseline without the switch. Remove switch.enabled or choose method "superrl".`,
    });
  if (enabled && scope === 'run' && !probeCanFire(probe.prompts, probe.sparseBelow)) {
    const fewest = fewestProbePrompts(probe.sparseBelow);
    problems.push({
      path: ['switch', 'probe', 'prompts'],
      message:
        `A probe of ${probe.prompts} prompts can never find a share of solvable prompts below ${probe.sparseBelow} with 95 % ` +
        'confidence, even when it solves none. ' +
        (Number.isFinite(fewest) ? `Probe at least ${fewest} prompts or raise` : 'Raise') +
        ' switch.probe.sparseBelow.',
    });
  }
  if (config.method === 'sft-then-rl' && (config.sft.share <= 0 || config.sft.share >= 1))
    problems.push({
      path: ['sft', 'share'],
      message: `"sft.share" is ${config.sft.share}, which leaves only one phase. Choose a share between 0 and 1, or method "sft" or "rl".`,
    });
  if (config.method === 'sft' && config.sft.share !== 1)
    problems.push({
      path: ['sft', 'share'],
      message: 'Method "sft" spends the whole budget on SFT. Remove sft.share or choose method "sft-then-rl".',
    });
  return problems;
}

function checkModel(config: RunConfig): ConfigProblem[] {
  if (typeof config.model === 'string') return [];
  const { hidden, heads, kvHeads, context } = config.model.scratch;
  const problems: ConfigProblem[] = [];
  if (config.lora !== 'off')
    problems.push({
      path: ['lora'],
      message:
        'Adapters are trained beside frozen weights, and those of a model from scratch are random. Remove "lora", ' +
        'or name a checkpoint in "model".',
    });
  const at = (field: string): FieldPath => ['model', 'scratch', field];
  if (hidden % heads !== 0)
    problems.push({
      path: at('heads'),
      message: `hidden ${hidden} is not divisible by ${heads} heads. Change one of them.`,
    });
  else if ((hidden / heads) % 2 !== 0)
    problems.push({
      path: at('heads'),
      message: `hidden / heads is ${hidden / heads}; rotary positions need an even head width. Change one of them.`,
    });
  if (kvHeads !== undefined && heads % kvHeads !== 0)
    problems.push({
      path: at('kvHeads'),
      message: `${heads} heads cannot share ${kvHeads} key/value heads evenly. Choose a divisor of ${heads}.`,
    });
  if (config.rollout.maxNewTokens >= context)
    problems.push({
      path: at('context'),
      message:
        `rollout.maxNewTokens ${config.rollout.maxNewTokens} leaves no room for a prompt in a context of ${context} tokens. ` +
        'Raise the context or lower maxNewTokens.',
    });
  return problems;
}

function checkLoss(config: RunConfig): ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  const { type, clipLow, clipHigh } = config.loss;
  if (type === 'cispo' || type === 'reinforce')
    for (const [field, value] of Object.entries({ clipLow, clipHigh }))
      if (value !== 0)
        problems.push({
          path: ['loss', field],
          message: `Loss "${type}" does not clip by ${field}. Remove it${type === 'cispo' ? '; its cap is loss.ratioMax' : ''}.`,
        });
  if (config.rollout.k < 2 && config.method !== 'sft')
    problems.push({
      path: ['rollout', 'k'],
      message: 'With one completion a prompt every advantage is 0, so RL learns nothing. Choose k of at least 2.',
    });
  for (const field of ['beta1', 'beta2'] as const)
    if (config.update[field] === 1)
      problems.push({ path: ['update', field], message: `"update.${field}" must be less than 1, not 1.` });
  return problems;
}

function checkBudgetAndEval(config: RunConfig): ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  const { steps, minutes, tokens } = config.budget;
  if (steps === undefined && minutes === undefined && tokens === undefined)
    problems.push({
      path: ['budget'],
      message: 'The run has no end. Give budget.steps, budget.minutes or budget.tokens.',
    });
  if (config.eval.every > 0 && config.data.eval === undefined)
    problems.push({
      path: ['eval', 'every'],
      message: 'Evaluation needs held-out prompts. Name their file in data.eval or set eval.every to 0.',
    });
  config.eval.k.forEach((k, index) => {
    if (k > config.eval.samples)
      problems.push({
        path: ['eval', 'k', index],
        message: `pass@${k} needs at least ${k} samples a prompt, and eval.samples is ${config.eval.samples}.`,
      });
  });
  return problems;
}
