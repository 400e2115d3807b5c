// The run file (`NAME.superrl.json`): one zod schema from which the types, the defaults, the
// editor's JSON schema and its hovers come. z.input is what a person writes, z.output what a run stores.
import { z } from 'zod';
import { loraConfig, scratchModel } from './run-file-model';

export const methodNames = [
  'superrl',
  'superrl-a',
  'superrl-v1',
  'superrl-log-sigma',
  'hpt',
  'superrl-posterior',
  'rl',
  'sft',
  'sft-then-rl',
  'filter',
  'fixed-mix',
] as const;
export type MethodName = (typeof methodNames)[number];

export const builtInRewardNames = [
  'gsm8k',
  'boxed',
  'countdown',
  'exact',
  'regex',
  'format',
  'length',
  'repetition',
] as const;
export type BuiltInRewardName = (typeof builtInRewardNames)[number];

const positiveInt = z.int().positive();
const share = z.number().min(0).max(1);

const columnMap = z
  .record(z.string(), z.string())
  .describe(
    'Which column (or template such as "{Body} {Question}") fills each field: prompt, answer, demonstration, id. ' +
      'Columns not named here keep their own names.',
  );

const rewardComponent = z
  .strictObject({
    name: z.string().min(1).describe('Name of the component; its metrics are rewards/{name}/mean and …/std.'),
    use: z.enum(builtInRewardNames).optional().describe('A built-in reward. Give either use or file.'),
    options: z.record(z.string(), z.unknown()).optional().describe('Options of the built-in reward.'),
    file: z
      .string()
      .optional()
      .describe('A .ts, .js, .mjs or .py file with reward functions, relative to the run file.'),
    export: z
      .string()
      .optional()
      .describe('Which exported function of the file; default: default export, else the only one.'),
    weight: z.number().default(1).describe('Factor of this component in the summed reward.'),
    role: z
      .enum(['correctness', 'shaping'])
      .optional()
      .describe(
        'correctness decides success and the switch; shaping does not. Default: shaping for format, length and repetition, else correctness.',
      ),
    timeoutMs: positiveInt.default(5000).describe('Time limit of one call in milliseconds.'),
  })
  .refine((reward) => (reward.use === undefined) !== (reward.file === undefined), {
    message: 'Give exactly one of "use" (a built-in reward) and "file" (your own).',
  });

export const runConfigSchema = z.strictObject({
  $schema: z.string().optional().describe('Ignored; lets editors find the JSON schema.'),
  name: z
    .string()
    .min(1)
    .max(80)
    .regex(/^[A-Za-z0-9][A-Za-z0-9._-]*$/, 'Use letters, digits, ".", "_" and "-" only.')
    .describe('Name of the run; its folder is NAME-date-time.'),
  method: z
    .enum(methodNames)
    .default('superrl')
    .describe('Preset: superrl (the paper, per prompt), its variants, or a baseline. Fields below override it.'),
  model: z
    .union([z.string().min(1), z.strictObject({ scratch: scratchModel })])
    .describe(
      'A folder in Hugging Face layout, a .gguf file, or { "scratch": {…} } for a small model initialised at random.',
    ),
  lora: z
    .union([z.literal('off'), loraConfig])
    .default('off')
    .describe('"off" trains all weights.'),
  data: z
    .strictObject({
      train: z.string().min(1).describe('Dataset to train on: JSONL, JSON, CSV or Parquet, each also .gz.'),
      eval: z.string().min(1).optional().describe('Held-out dataset; needed when eval.every > 0.'),
      map: columnMap.prefault({}),
      limit: positiveInt.optional().describe('Use the first N rows only.'),
      onBadRow: z
        .enum(['skip', 'refuse'])
        .default('skip')
        .describe(
          'Rows without a prompt or answer, duplicates and over-long prompts: skip them (counted) or refuse to start.',
        ),
    })
    .describe('Prompts with their verifiable answers.'),
  traces: z
    .strictObject({
      path: z.string().optional().describe('File with offline traces; default: the column of the dataset itself.'),
      join: z
        .string()
        .default('prompt')
        .describe('"prompt" joins on the exact prompt text, anything else is the id column in both files.'),
      map: columnMap.prefault({}),
      onTooLong: z
        .enum(['skip', 'truncate', 'keep'])
        .default('skip')
        .describe('Demonstrations longer than rollout.maxNewTokens.'),
    })
    .optional()
    .describe('Offline traces (demonstrations). Leave out for none.'),
  prompt: z
    .strictObject({
      template: z
        .string()
        .optional()
        .describe('Template over the row, for example "Question: {prompt}\\nAnswer:"; default: the prompt itself.'),
      system: z.string().optional().describe('System message, with a chat template only.'),
      chatTemplate: z.enum(['auto', 'on', 'off']).default('auto').describe('auto: on when the tokenizer brings one.'),
    })
    .prefault({})
    .describe('How a row becomes the text the model sees.'),
  rewards: z
    .array(rewardComponent)
    .default([])
    .describe('Reward components. At least one of role correctness, except for method sft.'),
  maxInvalidShare: share
    .default(0.5)
    .describe('Pause with an alarm when more than this share of a step’s completions has an invalid reward.'),
  rollout: z
    .strictObject({
      promptsPerStep: positiveInt.default(8).describe('Prompts (groups) a step.'),
      k: positiveInt.default(8).describe('Completions a prompt (group size K).'),
      maxNewTokens: positiveInt.default(256).describe('Longest completion in tokens; a longer one is cut off there.'),
      temperature: z
        .number()
        .positive()
        .default(1)
        .describe('Sampling temperature T; log-probabilities of the losses use it too.'),
      topP: z
        .number()
        .positive()
        .max(1)
        .default(1)
        .describe('Restricts sampling only; stored log-probabilities stay full-vocabulary.'),
      stop: z
        .array(z.string().min(1))
        .default([])
        .describe('Stop strings; a demonstration gets the first one as its ending.'),
      maskTruncated: z
        .boolean()
        .default(false)
        .describe('Leave completions cut off at maxNewTokens out of the update.'),
    })
    .prefault({})
    .describe('Sampling of the completions of a step.'),
  loss: z
    .strictObject({
      type: z
        .enum(['grpo', 'bnpo', 'dapo', 'dr_grpo', 'gspo', 'cispo', 'reinforce'])
        .default('grpo')
        .describe('The policy-gradient loss, by the names TRL uses.'),
      clipLow: z.number().nonnegative().optional().describe('ε_low; default by loss type.'),
      clipHigh: z.number().nonnegative().optional().describe('ε_high; default by loss type.'),
      ratioMax: z.number().positive().default(5).describe('cispo: cap on the ratio itself.'),
      kl: z
        .strictObject({
          coefficient: z
            .number()
            .nonnegative()
            .default(0)
            .describe('β of the KL penalty against the starting weights.'),
          biasCorrection: z
            .boolean()
            .default(true)
            .describe('Multiply the k3 estimator by the importance ratio (as TRL 1.16); false: plain k3.'),
        })
        .prefault({})
        .describe('The KL penalty against the starting weights.'),
      entropyCoefficient: z.number().nonnegative().default(0).describe('Weight of the entropy bonus.'),
    })
    .prefault({})
    .describe('The policy-gradient loss. Clipping defaults depend on its type.'),
  advantage: z
    .enum(['group', 'none', 'batch'])
    .optional()
    .describe(
      'Scaling of R − mean: by the group’s std, not at all (Dr. GRPO), or by the step’s std. Default: group (dr_grpo: none).',
    ),
  switch: z
    .strictObject({
      enabled: z.boolean().default(true).describe('false: no switch; every group is pg (methods rl, filter).'),
      scope: z
        .enum(['prompt', 'run'])
        .default('prompt')
        .describe('prompt: decide for every group in every step (v2); run: one rollout probe before training (v1).'),
      signal: z
        .enum(['reward', 'advantage', 'passRate', 'posterior'])
        .default('reward')
        .describe(
          'What opens the gate to RL: reward (some completion succeeds), advantage (some completion is better than the mean), passRate (more than atMost succeed), posterior (a discounted Beta over visits).',
        ),
      reads: z
        .enum(['correctness', 'total'])
        .default('correctness')
        .describe('What the gate reads: correctness components (default) or the summed reward (the paper’s letter).'),
      successAbove: z.number().default(0).describe('A completion succeeds when its correctness reward is above this.'),
      atMost: share.default(0.25).describe('passRate: SFT when the pass rate is at most this (γ).'),
      posterior: z
        .strictObject({
          discount: share.default(0.5).describe('λ: how much of earlier visits of the prompt is kept.'),
          threshold: share.optional().describe('τ: a pass rate below this counts as sparse; default 1/K.'),
          confidence: share.default(0.5).describe('q: SFT when P(pass rate < τ) is above this.'),
        })
        .prefault({})
        .describe('Signal posterior: a discounted Beta distribution of each prompt’s pass rate over its visits.'),
      probe: z
        .strictObject({
          prompts: positiveInt.default(64).describe('Prompts the probe samples.'),
          rollouts: positiveInt.default(8).describe('Completions a prompt.'),
          sparseBelow: share
            .default(0.1)
            .describe('Sparse when the one-sided 95 % upper bound of the share of solved prompts is below this.'),
          every: z.int().nonnegative().default(0).describe('Repeat the probe every N steps; 0: once (our extension).'),
        })
        .prefault({})
        .describe('Scope run: the rollout probe before training.'),
    })
    .prefault({})
    .describe('The Adaptive Switch: where reward is too sparse for RL.'),
  hybrid: z
    .strictObject({
      mix: z
        .enum(['gated', 'fixed', 'log-sigma'])
        .default('gated')
        .describe(
          'gated: either PG or SFT per group, by the switch (v2); fixed: L_PG + λ L_SFT on every group with a demonstration; log-sigma: weights learned by uncertainty (v1 ablation).',
        ),
      sftCoefficient: z.number().nonnegative().default(1).describe('Weight b of an sft group.'),
      lambda: z
        .number()
        .nonnegative()
        .default(0.1)
        .describe('fixed: weight λ of the SFT loss on groups with a demonstration.'),
      lambdaSchedule: z
        .enum(['constant', 'linear', 'cosine'])
        .default('constant')
        .describe('fixed: decay of λ over the budget.'),
      sigmaLearningRate: z
        .number()
        .positive()
        .default(1e-3)
        .describe('log-sigma: learning rate of s_pg and s_sft; decays by 0.99 a step.'),
      sigmaFloor: z.number().default(-2).describe('log-sigma: s_pg and s_sft never fall below this.'),
    })
    .prefault({})
    .describe('The Hybrid Actor: how the policy-gradient and supervised losses are combined.'),
  sft: z
    .strictObject({
      normalize: z
        .enum(['sequence', 'token'])
        .default('sequence')
        .describe('sequence: each demonstration weighs the same; token: each token does.'),
      learningRate: z
        .number()
        .positive()
        .optional()
        .describe(
          'Learning rate of SFT phases (methods sft, sft-then-rl). Default 1e-5 for a checkpoint, else update.learningRate.',
        ),
      share: share.default(0.3).describe('sft-then-rl: share of the budget spent on SFT.'),
    })
    .prefault({})
    .describe('The supervised loss on demonstrations.'),
  filter: z
    .strictObject({
      maxAttempts: positiveInt
        .default(3)
        .describe('filter: at most this many rounds of sampling to fill a step with groups that carry signal.'),
    })
    .prefault({})
    .describe('Dynamic sampling of method filter.'),
  update: z
    .strictObject({
      optimizer: z.enum(['adamw']).default('adamw').describe('AdamW with bias correction.'),
      learningRate: z
        .number()
        .positive()
        .optional()
        .describe('Default 1e-6 for a pretrained checkpoint, 1e-3 from scratch.'),
      beta1: share.default(0.9).describe('Decay of the first moment.'),
      beta2: share.default(0.95).describe('Decay of the second moment.'),
      epsilon: z.number().positive().default(1e-8).describe('Added to the root of the second moment.'),
      weightDecay: z.number().nonnegative().default(0).describe('On matrices only.'),
      clipNorm: z.number().positive().nullable().default(1).describe('Largest gradient norm; null: no clipping.'),
      schedule: z
        .enum(['constant', 'linear', 'cosine'])
        .default('constant')
        .describe('Decay of the learning rate over the budget.'),
      warmupSteps: z.int().nonnegative().default(0).describe('Steps over which the learning rate rises to its value.'),
      epochsPerRollout: positiveInt.default(1).describe('Optimiser steps on each rollout batch.'),
      microBatchTokens: positiveInt
        .optional()
        .describe('Padded tokens of one forward and backward pass; default: chosen by the engine, stored in run.json.'),
      gradientCheckpointing: z
        .boolean()
        .default(false)
        .describe(
          'Compute each layer again in the backward pass instead of keeping its results: less memory, more time.',
        ),
      dropZeroRows: z
        .boolean()
        .default(true)
        .describe(
          'Skip the forward and backward pass of completions whose gradient is exactly zero (advantage 0, no KL, no entropy bonus).',
        ),
    })
    .prefault({})
    .describe('The optimiser.'),
  budget: z
    .strictObject({
      steps: positiveInt.optional().describe('Steps of the trainer.'),
      minutes: z.number().positive().optional().describe('Minutes of wall clock.'),
      tokens: positiveInt.optional().describe('Prefilled + generated + 3 × trained tokens.'),
    })
    .prefault({})
    .describe('The first limit reached ends the run; at least one must be given.'),
  eval: z
    .strictObject({
      every: z.int().nonnegative().default(0).describe('Evaluate every N steps (and at the start and end); 0: never.'),
      prompts: positiveInt.default(64).describe('Held-out prompts, the same ones each time.'),
      samples: positiveInt.default(8).describe('n samples a prompt.'),
      k: z.array(positiveInt).min(1).default([1, 8]).describe('pass@k for each of these, each at most samples.'),
      temperature: z.number().positive().default(1).describe('Sampling temperature of the samples.'),
      topP: z.number().positive().max(1).default(1).describe('Nucleus of the samples.'),
      greedy: z.boolean().default(true).describe('Also the greedy accuracy, eval/greedy.'),
    })
    .prefault({})
    .describe('Evaluation on held-out prompts.'),
  checkpoint: z
    .strictObject({
      every: z
        .int()
        .nonnegative()
        .default(0)
        .describe('Save every N steps (always at the end and on interruption); 0: only then.'),
      keep: positiveInt.default(2).describe('Keep the newest N.'),
      best: z.boolean().default(true).describe('Also keep the checkpoint with the best evaluation.'),
    })
    .prefault({})
    .describe('Which checkpoints are kept.'),
  engine: z
    .enum(['auto', 'onnx', 'onnx-webgpu', 'tensorflow', 'reference'])
    .default('auto')
    .describe(
      'auto picks the fastest that works here and says why; onnx runs on the CPU, onnx-webgpu trains on a GPU by WebGPU, ' +
        'tensorflow needs "superrl setup tensorflow".',
    ),
  seed: z.int().nonnegative().max(0xffffffff).default(0).describe('Seed of all randomness of the run.'),
});

/** What a person writes. */
export type RunFile = z.input<typeof runConfigSchema>;
/** After defaults, before the preset's and the model's own are filled in. */
export type ParsedRunFile = z.output<typeof runConfigSchema>;

type Filled<T, K extends keyof T> = Omit<T, K> & { [P in K]-?: Exclude<T[P], undefined> };

/** The full configuration of a run: what run.json stores. Every default is explicit. */
export type RunConfig = Omit<ParsedRunFile, 'advantage' | 'loss' | 'update' | 'sft' | 'switch' | 'rewards'> & {
  advantage: 'group' | 'none' | 'batch';
  loss: Filled<ParsedRunFile['loss'], 'clipLow' | 'clipHigh'>;
  update: Filled<ParsedRunFile['update'], 'learningRate'>;
  sft: Filled<ParsedRunFile['sft'], 'learningRate'>;
  switch: Omit<ParsedRunFile['switch'], 'posterior'> & {
    posterior: Filled<ParsedRunFile['switch']['posterior'], 'threshold'>;
  };
  rewards: Filled<ParsedRunFile['rewards'][number], 'role'>[];
};
export type RewardConfig = RunConfig['rewards'][number];
export type LossType = RunConfig['loss']['type'];
export type SwitchConfig = RunConfig['switch'];
