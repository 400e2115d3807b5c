// Generation on the ONNX engine: prompts are prefilled once, their cache rows are copied to their completions, and
// all rows in flight advance one token a step. A finished row leaves at once, and waiting completions take the free
// places. What a completion becomes depends on its own uniform numbers only; neighbours change last bits at most.
import type { ModelConfig } from '../../../model/model-config';
import type { NamedTensors } from '../../../model/named-tensors';
import { SuperRlError } from '../../../protocol/errors';
import { cacheBytesPerToken } from '../../decoding/cache-size';
import { checkGenerateRequest } from '../../decoding/generate-request';
import { type GenerationRow, generationRows } from '../../decoding/generation-row';
import { samplingMode } from '../../decoding/sampling';
import type { EnginePlan, GenerateRequest, Generation } from '../../engine';
import { type RotaryTable, rotaryTable } from '../../tensor/rotary-table';
import { type ChosenTokens, DecodeRunner } from './decode-runner';
import { DecodeSessions } from './decode-sessions';
import { cacheCapacity, KvCache, type PrefilledPrompt } from './kv-cache';

/** More rows than this gain nothing on a CPU. */
const maxRows = 128;
/** Cache, logits and their like of all rows together stay below this. */
const maxRowBytes = 2 ** 30;
/** Padded prompt tokens of one prefill run; a single longer prompt runs alone. */
const maxPrefillTokens = 2048;
/** A cache is kept for the next generation up to this size. */
const maxKeptCacheBytes = 2 ** 28;

/** Completions of one group that start together, and its prompt once prefilled. */
interface Batch {
  readonly group: number;
  readonly rows: GenerationRow[];
}
interface RotaryTables {
  readonly keys: RotaryTable;
  readonly queries: RotaryTable;
}
interface Ready {
  readonly row: GenerationRow;
  readonly prompt: PrefilledPrompt;
}

/** How many rows of this length are decoded at once: fixed by model and request, so that repeats are bit-equal. */
export function rowsInFlight(config: ModelConfig, longest: number): number {
  const logitArrays = 4; // logits, log-probabilities, probabilities and their product
  const rowBytes =
    cacheCapacity(longest) * cacheBytesPerToken(config) +
    config.vocabularySize * logitArrays * Float32Array.BYTES_PER_ELEMENT;
  return Math.max(1, Math.min(maxRows, Math.floor(maxRowBytes / rowBytes)));
}

export class Decoder {
  private readonly sessions: DecodeSessions;
  private cache: KvCache | undefined;
  private tables: RotaryTables | undefined;
  private busy = false;

  /** @param weights the current weights by Hugging Face name, read when a session is built (not before `generate`) */
  constructor(
    private readonly config: ModelConfig,
    weights: () => NamedTensors,
    plan: EnginePlan,
  ) {
    this.sessions = new DecodeSessions(config, weights, plan);
  }

  /** Call whenever the weights have changed or will change before the next `generate`. */
  weightsChanged(): void {
    this.sessions.weightsChanged();
  }

  async dispose(): Promise<void> {
    this.cache = undefined;
    this.tables = undefined;
    await this.sessions.dispose();
  }

  /** One generation at a time. Throws SuperRlError where the request is wrong or the model's output not finite. */
  async generate(request: GenerateRequest): Promise<Generation> {
    checkGenerateRequest(this.config, request);
    if (this.busy) throw new SuperRlError('internal', 'A generation is already running on this engine.');
    this.busy = true;
    try {
      return await this.run(request);
    } finally {
      this.busy = false;
      if (this.cache !== undefined && this.cache.bytes > maxKeptCacheBytes) this.cache = undefined;
    }
  }

  private async run(request: GenerateRequest): Promise<Generation> {
    const { groups, maxNewTokens } = request;
    const { contextLength } = this.config;
    const longestPrompt = groups.reduce((longest, group) => Math.max(longest, group.promptIds.length), 1);
    const longest = Math.min(contextLength, longestPrompt + maxNewTokens);
    const limit = rowsInFlight(this.config, longest);
    const cache = this.clearedCache(limit, longest);
    const mode = samplingMode(request);
    const sessions = { prefill: await this.sessions.prefill(mode), step: await this.sessions.step(mode) };
    const runner = new DecodeRunner(this.config, sessions, this.rotaryTables(longest), request);

    const rowsOf = generationRows(this.config, request);
    const waiting = batches(rowsOf, limit);
    const ready: Ready[] = [];
    const active: GenerationRow[] = []; // in the order of the cache's rows
    let prefilledTokens = 0;
    let generatedTokens = 0;
    const record = (rows: readonly GenerationRow[], chosen: ChosenTokens) => {
      rows.forEach((row, index) => {
        row.add(chosen.tokens[index] ?? 0, chosen.logProbs[index] ?? 0, chosen.entropies[index] ?? 0);
      });
      generatedTokens += rows.length;
      request.onToken?.(generatedTokens);
    };

    const prefill = async () => {
      const batch = takePrefillBatch(waiting, limit - active.length, (group) => groups[group]?.promptIds.length ?? 0);
      const rows = batch.flatMap((part) => part.rows);
      const prompts = batch.map(({ group }) => groups[group]?.promptIds ?? new Int32Array());
      const promptOfRow = batch.flatMap((part, prompt) => part.rows.map(() => prompt));
      const uniform = Float32Array.from(rows, (row) => row.uniform());
      const filled = await runner.prefill(prompts, promptOfRow, uniform);
      prefilledTokens += prompts.reduce((sum, prompt) => sum + prompt.length, 0);
      record(rows, filled.chosen);
      rows.forEach((row, index) => {
        const prompt = filled.prompts[promptOfRow[index] ?? 0];
        if (!row.finished && prompt !== undefined) ready.push({ row, prompt });
      });
    };

    while (waiting.length + ready.length + active.length > 0) {
      // Refilling a quarter at a time keeps prefill batches large enough to be worth their run.
      while (ready.length === 0 && waiting.length > 0 && active.length <= limit * 0.75) {
        await prefill();
        admit(ready, active, cache, limit);
      }
      admit(ready, active, cache, limit);
      if (active.length === 0) continue;
      const chosen = await runner.nextTokens(cache, (index, ids, uniform) => {
        const row = active[index];
        if (row === undefined) return;
        ids[index] = row.newestToken;
        uniform[index] = row.uniform();
      });
      record(active, chosen);
      for (let index = active.length - 1; index >= 0; index--) {
        if (!active[index]?.finished) continue;
        cache.remove(index);
        const last = active.pop();
        if (last !== undefined && index < active.length) active[index] = last;
      }
    }
    return { completions: rowsOf.map((rows) => rows.map((row) => row.result())), prefilledTokens, generatedTokens };
  }

  private clearedCache(rows: number, length: number): KvCache {
    if (this.cache === undefined || this.cache.maxRows < rows || this.cache.maxLength < length) {
      this.cache = undefined; // free the old one first
      this.cache = new KvCache(this.config, rows, length);
    }
    this.cache.clear();
    return this.cache;
  }

  private rotaryTables(positions: number): RotaryTables {
    if (this.tables === undefined || this.tables.keys.positions < positions) {
      const size = Math.min(this.config.contextLength, 2 ** Math.ceil(Math.log2(positions)));
      const keys = rotaryTable(this.config, size);
      this.tables = { keys, queries: rotaryTable(this.config, size, 1 / Math.sqrt(this.config.headDim)) };
    }
    return this.tables;
  }
}

/** The completions of each group, in parts of at most `limit` rows. */
function batches(rowsOf: readonly GenerationRow[][], limit: number): Batch[] {
  return rowsOf.flatMap((rows, group) =>
    Array.from({ length: Math.ceil(rows.length / limit) }, (_, part) => ({
      group,
      rows: rows.slice(part * limit, (part + 1) * limit),
    })),
  );
}

/** Takes prompts from the front, until their rows fill the free places or their padded tokens the budget. */
function takePrefillBatch(waiting: Batch[], free: number, promptLength: (group: number) => number): Batch[] {
  const taken: Batch[] = [];
  let rows = 0;
  let padded = 0;
  for (let next = waiting[0]; next !== undefined && (taken.length === 0 || rows < free); next = waiting[0]) {
    padded = Math.max(padded, promptLength(next.group));
    if (taken.length > 0 && padded * (taken.length + 1) > maxPrefillTokens) break;
    taken.push(next);
    rows += next.rows.length;
    waiting.shift();
  }
  return taken;
}

function admit(ready: Ready[], active: GenerationRow[], cache: KvCache, limit: number): void {
  for (const { row, prompt } of ready.splice(0, limit - active.length)) {
    cache.append(prompt);
    active.push(row);
  }
}
