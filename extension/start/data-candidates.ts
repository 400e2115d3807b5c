// Which files of a workspace may be datasets or traces, and what goes with a recognised layout. Pure.
import type { BuiltInRewardName } from '../../backend/protocol/run-config';

export const dataFileGlob = '**/*.{jsonl,ndjson,csv,parquet,json,jsonl.gz,ndjson.gz,csv.gz,parquet.gz,json.gz}';
export const notDataGlob = '**/{node_modules,.git,.vscode,runs,checkpoints,samples,dist,out}/**';
export const dataFileExtensions = ['jsonl', 'ndjson', 'json', 'csv', 'parquet', 'gz'];

const noData =
  /(^|\/)(package(-lock)?|tsconfig[^/]*|jsconfig[^/]*|composer|biome|deno|config|tokenizer[^/]*|generation_config|special_tokens_map|vocab|.*\.superrl|.*\.reward|.*\.schema)\.json$/i;

export function mayBeData(path: string): boolean {
  return !noData.test(path.replaceAll('\\', '/'));
}

const heldOutWords = /(^|[._-])(held-?out|test|eval|valid(ation)?|dev)([._-]|$)/i;

/** A file beside the dataset that is named as a held-out one. */
export function heldOutBeside(dataset: string, siblings: readonly string[]): string | undefined {
  if (heldOutWords.test(dataset)) return undefined;
  const extension = (name: string) => /\.[^.]+(\.gz)?$/i.exec(name)?.[0].toLowerCase();
  return siblings.find((name) => name !== dataset && heldOutWords.test(name) && extension(name) === extension(dataset));
}

/** Built-in rewards in the order that fits a layout; the first is what its answers are made for. */
export function rewardsFor(layout: string | undefined): BuiltInRewardName[] {
  const all: BuiltInRewardName[] = ['gsm8k', 'boxed', 'countdown', 'exact']; // regex needs a pattern first
  const first: Partial<Record<string, BuiltInRewardName>> = {
    gsm8k: 'gsm8k',
    svamp: 'gsm8k',
    math: 'boxed',
    countdown: 'countdown',
    'countdown-parquet': 'countdown',
  };
  const fits = first[layout ?? ''] ?? 'exact';
  return [fits, ...all.filter((name) => name !== fits)];
}

export const rewardDescriptions: { readonly [R in BuiltInRewardName]: string } = {
  gsm8k: 'the number behind “####”, else the last number, equals the answer',
  boxed: 'what stands in \\boxed{…} equals the answer, as number or simple LaTeX',
  countdown: 'an expression uses the given numbers and comes to the target',
  exact: 'the completion is the answer',
  regex: 'a regular expression of yours matches (options.pattern)',
  format: '<think>…</think><answer>…</answer>',
  length: 'completions that come near the limit lose',
  repetition: 'repeated word sequences lose',
};
