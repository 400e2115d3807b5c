// Generation on a tfjs backend with a key/value cache on the device: prompts are prefilled once, their keys and
// values spread to their completions, and all rows of a batch advance together; rows that have ended leave when
// they are a quarter of the batch. Tokens are chosen on the device; three numbers a row come back.
import type { ModelConfig } from '../../model/model-config';
import type { GenerateRequest, Generation } from '../engine';
import { samplingMode } from '../onnx/decode/decode-runner';
import { checkGenerateRequest } from '../onnx/decode/generate-request';
import { GenerationRow } from '../onnx/decode/generation-row';
import { cacheBytesPerToken } from '../onnx/decode/kv-cache';
import { causalAttention, causalMask } from '../tensor/attention';
import type { DecoderWeights } from '../tensor/decoder-model';
import { type Tensor, tf } from '../tensor/tfjs';
import { chooseTokens } from './choose-tokens';
import { DecodeLayers } from './decode-layers';
import { EagerCache } from './eager-cache';

export interface DecoderLimits {
  readonly rows: number;
  readonly cacheBytes: number;
}

interface Counts {
  prefilledTokens: number;
  generatedTokens: number;
}

export class EagerDecoder {
  constructor(
    private readonly config: ModelConfig,
    private readonly weights: DecoderWeights,
    private readonly limits: DecoderLimits,
  ) {}

  /** Runs on the active tfjs backend. Throws SuperRlError where the request is wrong or the output not finite. */
  generate(request: GenerateRequest): Generation {
    checkGenerateRequest(this.config, request);
    const { groups, maxNewTokens } = request;
    const { contextLength } = this.config;
    const rowsOf = groups.map(({ promptIds, completions }, group) =>
      Array.from({ length: completions }, (_, completion) => {
        const room = Math.min(maxNewTokens, contextLength - promptIds.length);
        return new GenerationRow(request, group, completion, room);
      }),
    );
    const longest = groups.reduce((most, { promptIds }) => Math.max(most, promptIds.length), 1) + maxNewTokens;
    const positions = Math.min(contextLength, longest);
    const counts: Counts = { prefilledTokens: 0, generatedTokens: 0 };
    const layers = new DecodeLayers(this.config, this.weights, positions);
    try {
      const waiting = rowsOf.flat();
      const size = this.batchRows(positions);
      while (waiting.length > 0) this.decode(layers, request, waiting.splice(0, size), counts);
    } finally {
      layers.dispose();
    }
    return { completions: rowsOf.map((rows) => rows.map((row) => row.result())), ...counts };
  }

  private batchRows(positions: number): number {
    const rowBytes = positions * cacheBytesPerToken(this.config);
    return Math.max(1, Math.min(this.limits.rows, Math.floor(this.limits.cacheBytes / rowBytes)));
  }

  private decode(layers: DecodeLayers, request: GenerateRequest, rows: readonly GenerationRow[], counts: Counts): void {
    const groups = [...new Set(rows.map(({ group }) => group))];
    const prompts = groups.map((group) => request.groups[group]?.promptIds ?? new Int32Array());
    const promptOf = rows.map(({ group }) => groups.indexOf(group));
    const lengths = prompts.map((prompt) => prompt.length);
    counts.prefilledTokens += lengths.reduce((sum, length) => sum + length, 0);
    const { cache, hidden } = this.prefill(layers, prompts, promptOf);
    try {
      let active = rows.map((row, index) => ({ row, next: lengths[promptOf[index] ?? 0] ?? 0 }));
      let chosen = this.chosen(layers, hidden, request, rows);
      hidden.dispose();
      for (;;) {
        active.forEach(({ row }, index) => {
          if (row.finished) return;
          row.add(chosen[3 * index] ?? 0, chosen[3 * index + 1] ?? Number.NaN, chosen[3 * index + 2] ?? Number.NaN);
          counts.generatedTokens++;
        });
        request.onToken?.(counts.generatedTokens);
        const running = active.flatMap(({ row }, index) => (row.finished ? [] : [index]));
        if (running.length === 0) return;
        if (running.length <= active.length * 0.75) {
          cache.select(running);
          active = active.filter(({ row }) => !row.finished);
        }
        chosen = tf.tidy(() => {
          const ids = Int32Array.from(active, ({ row }) => row.newestToken);
          const places = Int32Array.from(active, (entry) => entry.next++);
          const states = layers.hidden(ids, places, (layer, queries, keys, values) =>
            cache.attend(layer, queries, keys, values),
          );
          return this.chosen(
            layers,
            states,
            request,
            active.map(({ row }) => row),
          );
        });
        cache.advance();
      }
    } finally {
      cache.dispose();
    }
  }

  /** The hidden state after each row's prompt, [rows, hidden], and the cache that holds the prompts. */
  private prefill(
    layers: DecodeLayers,
    prompts: readonly Int32Array[],
    promptOf: readonly number[],
  ): { cache: EagerCache; hidden: Tensor } {
    const { heads, kvHeads, headDim } = this.config;
    const count = prompts.length;
    const tokens = Math.max(...prompts.map((prompt) => prompt.length));
    const ids = new Int32Array(count * tokens); // padding is any token: nothing attends to it
    prompts.forEach((prompt, index) => {
      ids.set(prompt, index * tokens);
    });
    const kept: { keys: Tensor; values: Tensor }[] = [];
    const hidden = tf.tidy(() => {
      const perHead = (x: Tensor, n: number) => tf.transpose(tf.reshape(x, [count, tokens, n, headDim]), [0, 2, 1, 3]); // [prompts, n, tokens, headDim]
      const positions = ids.map((_, index) => index % tokens);
      const mask = causalMask(tokens);
      const states = layers.hidden(ids, positions, (_, queries, keys, values) => {
        const cached = { keys: tf.keep(perHead(keys, kvHeads)), values: tf.keep(perHead(values, kvHeads)) };
        kept.push(cached);
        // The queries are scaled already, and causalAttention scales them too.
        const scaled = tf.mul(perHead(queries, heads), Math.sqrt(headDim));
        const mixed = causalAttention(scaled, cached.keys, cached.values, mask);
        return tf.reshape(tf.transpose(mixed, [0, 2, 1, 3]), [count * tokens, heads * headDim]);
      });
      const last = Int32Array.from(promptOf, (prompt) => prompt * tokens + (prompts[prompt]?.length ?? 0) - 1);
      return tf.gather(states, tf.tensor1d(last, 'int32'));
    });
    const lengths = prompts.map((prompt) => prompt.length);
    const cache = new EagerCache(this.config, kept, promptOf, lengths);
    for (const { keys, values } of kept) {
      keys.dispose();
      values.dispose();
    }
    return { cache, hidden };
  }

  /** [rows · 3]: token, log-probability, entropy of each row. */
  private chosen(
    layers: DecodeLayers,
    hidden: Tensor,
    request: GenerateRequest,
    rows: readonly GenerationRow[],
  ): Float32Array {
    return tf.tidy(() => {
      const states = request.greedy ? hidden : tf.mul(hidden, 1 / request.temperature);
      const uniform = Float32Array.from(rows, (row) => (row.finished ? 0 : row.uniform()));
      const inputs = { mode: samplingMode(request), topP: request.topP, uniform };
      return Float32Array.from(chooseTokens(layers.logits(states), inputs).dataSync());
    });
  }
}
