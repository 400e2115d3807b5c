// Samples on their way to a host: what the completions of a group have in common is said once. It stays text until a
// sample is taken out, so that a function that changes its row changes it for its own call alone.
import type { RewardSample } from '../scorer';

/** Index into `common`; index of the completion in its group; text; token ids. */
export type PackedSample = readonly [number, number, string, readonly number[]];

export interface PackedSamples {
  /** JSON of a Common each. */
  readonly common: readonly string[];
  readonly samples: readonly PackedSample[];
}

interface Common {
  readonly prompt: string;
  readonly answer?: unknown;
  readonly row: RewardSample['row'];
  readonly index: number;
  readonly size: number;
}

export function packSamples(samples: readonly RewardSample[]): PackedSamples {
  const common: string[] = [];
  const packed: PackedSample[] = [];
  let last: RewardSample | undefined;
  for (const sample of samples) {
    if (!last || !haveInCommon(last, sample)) {
      const { prompt, answer, row, group } = sample;
      common.push(JSON.stringify({ prompt, answer, row, index: group.index, size: group.size } satisfies Common));
    }
    last = sample;
    packed.push([common.length - 1, sample.group.completion, sample.completion, sample.tokenIds]);
  }
  return { common, samples: packed };
}

export function unpackSample({ common, samples }: PackedSamples, index: number): RewardSample {
  const packed = samples[index];
  if (!packed) throw new Error(`There is no sample ${index} in this request.`);
  const [at, completion, text, tokenIds] = packed;
  const { prompt, answer, row, index: group, size } = JSON.parse(common[at] ?? '') as Common;
  return { prompt, completion: text, answer, row, group: { index: group, completion, size }, tokenIds };
}

/** The very same row and answer, not equal ones: comparing those would cost more than sending them. */
function haveInCommon(a: RewardSample, b: RewardSample): boolean {
  return (
    a.row === b.row &&
    a.answer === b.answer &&
    a.prompt === b.prompt &&
    a.group.index === b.group.index &&
    a.group.size === b.group.size
  );
}
