// One completion being generated: its tokens so far and when it ends.
import type { ModelConfig } from '../../model/model-config';
import { SuperRlError } from '../../protocol/errors';
import type { GeneratedCompletion, GenerateRequest } from '../engine';
import { largestUniform } from './sampling';

export class GenerationRow {
  private readonly tokenIds: number[] = [];
  private readonly logProbs: number[] = [];
  private readonly entropies: number[] = [];
  private readonly matches: ((tokenId: number) => boolean) | undefined;
  private stopReason: GeneratedCompletion['stopReason'] | undefined;

  /** @param maxNewTokens of this row: the request's, less where the context ends before */
  constructor(
    private readonly request: GenerateRequest,
    readonly group: number,
    readonly completion: number,
    private readonly maxNewTokens: number,
  ) {
    this.matches = request.stopMatcher?.();
  }

  get newestToken(): number {
    return this.tokenIds[this.tokenIds.length - 1] ?? 0;
  }

  get finished(): boolean {
    return this.stopReason !== undefined;
  }

  /** The uniform number for the next token, below 1 in float32 too. */
  uniform(): number {
    if (this.request.greedy) return 0;
    return Math.min(this.request.uniform(this.group, this.completion, this.tokenIds.length), largestUniform);
  }

  add(tokenId: number, logProb: number, entropy: number): void {
    if (!Number.isFinite(logProb)) {
      throw new SuperRlError(
        'engine',
        "The model's output is not a number (NaN or Inf) while generating: its weights have diverged. Go back to an earlier checkpoint and lower the learning rate.",
      );
    }
    this.tokenIds.push(tokenId);
    this.logProbs.push(logProb);
    this.entropies.push(entropy);
    if (this.request.eosIds.includes(tokenId)) this.stopReason = 'eos';
    else if (this.matches?.(tokenId)) this.stopReason = 'stop';
    else if (this.tokenIds.length >= this.maxNewTokens) this.stopReason = 'length';
  }

  result(): GeneratedCompletion {
    if (this.stopReason === undefined) throw new SuperRlError('internal', 'A completion was read before its end.');
    return {
      tokenIds: Int32Array.from(this.tokenIds),
      logProbs: Float32Array.from(this.logProbs),
      entropies: Float32Array.from(this.entropies),
      stopReason: this.stopReason,
    };
  }
}

/** A row for each completion asked for, [group][completion]; the context's end is the end of a row too. */
export function generationRows({ contextLength }: ModelConfig, request: GenerateRequest): GenerationRow[][] {
  return request.groups.map(({ promptIds, completions }, group) => {
    const room = Math.min(request.maxNewTokens, contextLength - promptIds.length);
    return Array.from({ length: completions }, (_, completion) => new GenerationRow(request, group, completion, room));
  });
}
