// What New Reward Function writes, a working function in each language.

export interface RewardFileTemplate {
  readonly label: string;
  readonly description: string;
  readonly extension: 'ts' | 'js' | 'py';
  readonly text: (name: string, data?: RewardData) => string;
}

/** What is known of the rows that the function will be given (reward-examples.ts). */
export interface RewardData {
  /** Comment lines without their mark. */
  readonly lines: readonly string[];
  /** A TypeScript type. */
  readonly answerType: string;
}

const comment = (mark: string, name: string, data: RewardData | undefined) =>
  [
    `${mark} A reward function. Name it in a run file:`,
    `${mark}   "rewards": [{ "name": "${name}", "file": "${name}.reward.EXT", "export": "${name}" }]`,
    `${mark} It runs in a process of its own with a time limit; what it throws is shown with the sample, never scored as 0.`,
    ...(data?.lines ?? []).map((line) => `${mark} ${line}`),
  ].join('\n');

export const rewardFileTemplates: readonly RewardFileTemplate[] = [
  {
    label: 'TypeScript',
    description: 'called once for each completion',
    extension: 'ts',
    text: (name, data) => `${comment('//', name, data).replace('EXT', 'ts')}

interface Sample {
  /** As the model saw it. */
  prompt: string;
  /** Without its ending. */
  completion: string;
  /** What data.map.answer found in the row. */
  answer: ${data?.answerType ?? 'unknown'};
  /** All columns of the row. */
  row: Record<string, unknown>;
}

/** 1 when the last line is the answer, else 0. */
export function ${name}({ completion, answer }: Sample): number {
  return completion.trim().split('\\n').at(-1)?.trim() === String(answer) ? 1 : 0;
}
`,
  },
  {
    label: 'JavaScript',
    description: 'called once for each completion',
    extension: 'js',
    text: (name, data) => `${comment('//', name, data).replace('EXT', 'js')}

/** 1 when the last line is the answer, else 0. The sample has prompt, completion, answer, row and group. */
export function ${name}({ completion, answer }) {
  return completion.trim().split('\\n').at(-1)?.trim() === String(answer) ? 1 : 0;
}
`,
  },
  {
    label: 'Python',
    description: 'called once a step, with lists, as TRL does',
    extension: 'py',
    text: (name, data) => `${comment('#', name, data).replace('EXT', 'py')}


def ${name}(prompts, completions, answer, **columns):
    """1 when the last line is the answer, else 0."""
    return [
        1.0 if completion.strip().splitlines()[-1:] == [str(expected)] else 0.0
        for completion, expected in zip(completions, answer)
    ]
`,
  },
];
