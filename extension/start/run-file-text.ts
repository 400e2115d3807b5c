// The run file that Start Training writes: everything that was picked, with comments on what to change next. Pure.
import type { RunFile } from '../../backend/protocol/run-config';

export interface RunFileChoices {
  readonly name: string;
  /** Paths as they stand in the file: relative to it, or absolute where it lies elsewhere. */
  readonly train: string;
  readonly heldOut?: string | undefined;
  readonly map?: Readonly<Record<string, string>> | undefined;
  readonly traces: NonNullable<RunFile['traces']> | undefined;
  readonly reward: NonNullable<RunFile['rewards']>[number];
  readonly model: RunFile['model'];
  readonly lengths: SequenceLengths;
}

export interface SequenceLengths {
  /** Longest completion in tokens. */
  readonly completion: number;
  /** Prompt and completion together, for a model from scratch. */
  readonly context: number;
}

/** The text of the run file: JSON with comments, accepted by the schema as it is. */
export function runFileText(choices: RunFileChoices): string {
  const { name, train, heldOut, map, traces, reward, model, lengths } = choices;
  const scratch = typeof model === 'object';
  const json = (value: unknown) => JSON.stringify(value, null, 1).replace(/\n\s*/g, ' ');
  const data = {
    train,
    ...(heldOut === undefined ? {} : { eval: heldOut }),
    ...(map && Object.keys(map).length > 0 ? { map } : {}),
  };
  const lines = [
    '{',
    '  // Every field is explained on hover; Ctrl+Space lists what else there is.',
    `  "name": ${json(name)},`,
    '',
    '  // superrl: reinforcement learning, and the traces where no completion earns a reward. "rl" leaves the traces out.',
    `  "method": ${json(traces ? 'superrl' : 'rl')},`,
    '',
    scratch
      ? '  // A small decoder from random weights. To start from a pretrained model give its folder or .gguf file instead.'
      : '  // Hugging Face folder or .gguf file; "lora": {} trains adapters only, which needs much less memory.',
    `  "model": ${json(model)},`,
    '',
    heldOut === undefined
      ? '  // "eval": "heldout.jsonl" here and "eval": { "every": 50 } below measure held-out accuracy during the run.'
      : '  // Prompts with checkable answers; held-out ones measure what was learnt.',
    `  "data": ${json(data)},`,
  ];
  if (traces) {
    lines.push('', '  // Worked solutions to learn from where sampling finds nothing.', `  "traces": ${json(traces)},`);
  }
  lines.push(
    '',
    '  // What a completion is worth: built in ("use"), or a function of yours ("file" and "export").',
    `  "rewards": [${json(reward)}],`,
    '',
    '  // k completions for each of promptsPerStep prompts, every step.',
    `  "rollout": ${json(rollout(scratch, lengths))},`,
    '',
    '  // The first limit reached ends the run: steps, minutes or tokens.',
    `  "budget": ${json(scratch ? { minutes: 10 } : { steps: 200 })},`,
  );
  if (heldOut !== undefined)
    lines.push(`  "eval": ${json({ every: scratch ? 50 : 25, prompts: 64, samples: 8, k: [1, 8] })},`);
  lines.push(`  "checkpoint": ${json({ every: scratch ? 100 : 25 })},`, '  "seed": 1', '}', '');
  return lines.join('\n');
}

function rollout(scratch: boolean, { completion }: SequenceLengths): NonNullable<RunFile['rollout']> {
  return { promptsPerStep: scratch ? 32 : 8, k: 8, maxNewTokens: completion };
}

/**
 * Lengths for a model from scratch with one token a character, from the rows that the preview shows, with a quarter to
 * spare; multiples of 16. A pretrained model has its own context; there a token is about 3 characters.
 */
export function sequenceLengths(
  examples: readonly { readonly prompt: string; readonly demonstrations: readonly string[] }[],
  charactersPerToken: number,
): SequenceLengths {
  const longest = (texts: readonly string[]) => Math.max(0, ...texts.map((text) => text.length / charactersPerToken));
  const rounded = (tokens: number) => Math.ceil((tokens * 1.25) / 16) * 16;
  const prompt = rounded(longest(examples.map((row) => row.prompt)));
  const traces = examples.flatMap((row) => row.demonstrations);
  const completion = traces.length === 0 ? 256 : Math.min(Math.max(rounded(longest(traces)), 16), 1024);
  return { completion, context: Math.min(prompt + completion + 16, 4096) };
}

/** A name that the run file's schema accepts, from a file's name. */
export function runName(dataset: string): string {
  const stem = dataset.replace(/(\.(jsonl|ndjson|json|csv|parquet))?(\.gz)?$/i, '');
  const name = stem.replace(/[^A-Za-z0-9._-]+/g, '-').replace(/^[^A-Za-z0-9]+/, '');
  return (name === '' ? 'run' : name).slice(0, 60);
}
