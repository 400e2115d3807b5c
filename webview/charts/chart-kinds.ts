// Which metrics of a run go together in a chart, under what title, in what colour. Names as TRL’s GRPO trainer has them. Pure.
import { compactText, shareText } from '../ui/number-text';
import { freeLines, type PaletteName } from '../ui/palette';

export interface Line {
  readonly label: string;
  readonly column: string;
  readonly colour: PaletteName;
  readonly dash?: readonly number[];
}

export interface ChartKind {
  readonly title: string;
  readonly explanation: string;
  readonly lines: readonly Line[];
  readonly include?: readonly number[];
  readonly valueText?: (value: number) => string;
}

export const dotted = [4, 3] as const;

/** The small charts; one whose metrics a run doesn't have isn't shown. */
export const smallCharts: readonly ChartKind[] = [
  {
    title: 'Loss',
    explanation: 'The policy-gradient and the supervised loss of each step',
    include: [0],
    lines: [
      { label: 'policy gradient', column: 'loss/pg', colour: 'pg' },
      { label: 'traces', column: 'loss/sft', colour: 'sft' },
    ],
  },
  {
    title: 'Entropy',
    explanation: 'Mean entropy of the sampled tokens, in nats: how much sampling still explores',
    include: [0],
    lines: [{ label: 'nats a token', column: 'entropy', colour: 'line-1' }],
  },
  {
    title: 'Length',
    explanation: 'Tokens of the completions',
    include: [0],
    lines: [
      { label: 'mean', column: 'completions/mean_length', colour: 'line-2' },
      { label: 'longest', column: 'completions/max_length', colour: 'muted', dash: dotted },
      { label: 'shortest', column: 'completions/min_length', colour: 'muted', dash: dotted },
    ],
  },
  {
    title: 'Cut off',
    explanation: 'Share of completions that ended at maxNewTokens',
    include: [0],
    valueText: shareText,
    lines: [{ label: 'of completions', column: 'completions/clipped_ratio', colour: 'alarm' }],
  },
  {
    title: 'Gradient norm',
    explanation: 'Norm of the gradient before clipping',
    include: [0],
    lines: [{ label: 'norm', column: 'grad_norm', colour: 'line-3' }],
  },
  {
    title: 'KL',
    explanation: 'Divergence from the starting weights, token mean',
    include: [0],
    lines: [{ label: 'token mean', column: 'kl', colour: 'line-4' }],
  },
  {
    title: 'Clipped',
    explanation: 'Share of tokens whose ratio left the clip range',
    include: [0],
    valueText: shareText,
    lines: [
      { label: 'low', column: 'clip_ratio/low_mean', colour: 'line-2' },
      { label: 'high', column: 'clip_ratio/high_mean', colour: 'line-3' },
      { label: 'either', column: 'clip_ratio/region_mean', colour: 'text' },
    ],
  },
  {
    title: 'Groups without spread',
    explanation: 'Share of groups whose rewards are all equal: they have no policy gradient',
    include: [0, 1],
    valueText: shareText,
    lines: [{ label: 'of groups', column: 'frac_reward_zero_std', colour: 'pg-idle' }],
  },
  {
    title: 'Trace likelihood',
    explanation: 'Negative log-likelihood of the demonstrations at temperature 1, in nats a token',
    include: [0],
    lines: [{ label: 'nats a token', column: 'sft/nll', colour: 'sft' }],
  },
  {
    title: 'Log-sigma weights',
    explanation: 'Weights that log-sigma has learned for the two losses',
    lines: [
      { label: 'policy gradient', column: 'log_sigma/pg_weight', colour: 'pg' },
      { label: 'traces', column: 'log_sigma/sft_weight', colour: 'sft' },
    ],
  },
  {
    title: 'Tokens a second',
    explanation: 'Speed of sampling and of the update',
    include: [0],
    valueText: compactText,
    lines: [
      { label: 'sampled', column: 'tokens_per_second/generate', colour: 'line-1' },
      { label: 'trained', column: 'tokens_per_second/train', colour: 'line-5' },
    ],
  },
  {
    title: 'Seconds a step',
    explanation: 'Where the time of a step goes',
    include: [0],
    lines: [
      { label: 'step', column: 'step_time', colour: 'text' },
      { label: 'sampling', column: 'time/generate', colour: 'line-1' },
      { label: 'rewards', column: 'time/reward', colour: 'line-3' },
      { label: 'update', column: 'time/update', colour: 'line-5' },
    ],
  },
  {
    title: 'Learning rate',
    explanation: 'Of this step',
    include: [0],
    lines: [{ label: 'rate', column: 'learning_rate', colour: 'muted' }],
  },
];

export interface RewardComponent {
  readonly name: string;
  readonly role: 'correctness' | 'shaping';
}

/** Lines of the reward chart: the weighted sum, and over it every component, those of correctness first. */
export function rewardLines(columns: readonly string[], components: readonly RewardComponent[]): Line[] {
  const named = columns.flatMap((column) => /^rewards\/(.+)\/mean$/.exec(column)?.[1] ?? []);
  const roleOf = (name: string) => components.find((component) => component.name === name)?.role;
  const correct = named.filter((name) => roleOf(name) === 'correctness');
  const others = named.filter((name) => roleOf(name) !== 'correctness');
  const lines = [...correct, ...others].map((name, index): Line => {
    const isCorrect = index < correct.length;
    const colour =
      index === 0 && isCorrect ? 'correct' : (freeLines[(index + freeLines.length - 1) % freeLines.length] ?? 'text');
    return {
      label: isCorrect ? `${name} (correctness)` : name,
      column: `rewards/${name}/mean`,
      colour,
      ...(!isCorrect && { dash: dotted }),
    };
  });
  return lines.length === 1 && correct.length === 1
    ? lines
    : [{ label: 'weighted sum', column: 'reward', colour: 'total' }, ...lines];
}
