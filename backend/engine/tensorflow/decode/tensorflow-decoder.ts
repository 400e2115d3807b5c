// Generation on TensorFlow, by a graph that holds weights and cache and is run once a token (decode-graph.ts). Prompts
// are prefilled once, their keys and values spread to their completions, and all rows of a batch advance together;
// rows that have ended leave when they are a quarter of the batch.
import type { ModelConfig } from '../../../model/model-config';
import { cacheBytesPerToken } from '../../decoding/cache-size';
import { checkGenerateRequest } from '../../decoding/generate-request';
import { type GenerationRow, generationRows } from '../../decoding/generation-row';
import type { GenerateRequest, Generation } from '../../engine';
import type { DecoderWeights } from '../../tensor/decoder-model';
import { DecodeSession, type PaddedPrompts, type Sampling } from './decode-session';

export interface DecoderLimits {
  /** Completions that are generated together. */
  readonly rows: number;
  /** What their cache and logits may take. */
  readonly bytes: number;
  /** Padded tokens that are prefilled together; a longer prompt is on its own. */
  readonly prefillTokens: number;
}

/** So often the recent part of the cache joins the past. */
const settledTokens = 32;

interface Counts {
  prefilledTokens: number;
  generatedTokens: number;
}

/** Needs the tfjs backend "tensorflow" to be the active one at each call. */
export class TensorflowDecoder {
  private session: DecodeSession | undefined;

  constructor(
    private readonly config: ModelConfig,
    private readonly limits: DecoderLimits,
  ) {}

  /** Throws SuperRlError where the request is wrong or the output not finite. */
  generate(weights: DecoderWeights, request: GenerateRequest): Generation {
    checkGenerateRequest(this.config, request);
    const { groups, maxNewTokens } = request;
    const { contextLength } = this.config;
    const rowsOf = generationRows(this.config, request);
    const waiting = rowsOf.flat();
    const counts: Counts = { prefilledTokens: 0, generatedTokens: 0 };
    if (waiting.length === 0) return { completions: rowsOf.map(() => []), ...counts };
    const longestPrompt = groups.reduce((most, { promptIds }) => Math.max(most, promptIds.length), 1);
    const longest = Math.min(contextLength, longestPrompt + maxNewTokens);
    this.session ??= new DecodeSession(this.config);
    try {
      this.session.load(weights, longest);
      const size = this.batchRows(longest);
      while (waiting.length > 0) this.decode(this.session, request, waiting.splice(0, size), counts);
    } finally {
      this.session.unload(); // what is trained next needs the memory
    }
    return { completions: rowsOf.map((rows) => rows.map((row) => row.result())), ...counts };
  }

  dispose(): void {
    this.session?.dispose();
    this.session = undefined;
  }

  private batchRows(tokens: number): number {
    const cacheCopies = 2; // while it is rearranged
    const logitArrays = 6; // logits, what choosing a token makes of them, and one to spare
    const rowBytes =
      cacheCopies * tokens * cacheBytesPerToken(this.config) +
      logitArrays * this.config.vocabularySize * Float32Array.BYTES_PER_ELEMENT;
    return Math.max(1, Math.min(this.limits.rows, Math.floor(this.limits.bytes / rowBytes)));
  }

  /** @param rows in the order of their groups */
  private decode(
    session: DecodeSession,
    request: GenerateRequest,
    rows: readonly GenerationRow[],
    counts: Counts,
  ): void {
    const promptOf = ({ group }: GenerationRow) => request.groups[group]?.promptIds ?? new Int32Array();
    const padded = Math.max(...rows.map((row) => promptOf(row).length));
    session.begin(padded);
    for (const part of prefillParts(rows, promptOf, this.limits.prefillTokens)) {
      const prompts = [...new Set(part.map(promptOf))];
      counts.prefilledTokens += prompts.reduce((sum, { length }) => sum + length, 0);
      const places = part.map((row) => prompts.indexOf(promptOf(row)));
      record(part, session.prefill(padLeft(prompts), places, sampling(request, part)), counts);
    }
    request.onToken?.(counts.generatedTokens);
    let active = rows;
    for (let slot = padded; ; slot++) {
      const running = active.flatMap((row, index) => (row.finished ? [] : [index]));
      if (running.length === 0) return;
      if (running.length <= active.length * 0.75) {
        session.keep(running);
        active = active.filter((row) => !row.finished);
      }
      if ((slot - padded) % settledTokens === 0 && slot > padded) session.settle();
      const ids = Int32Array.from(active, (row) => row.newestToken);
      const starts = Int32Array.from(active, (row) => padded - promptOf(row).length);
      record(active, session.step({ ids, starts, slot }, sampling(request, active)), counts);
      request.onToken?.(counts.generatedTokens);
    }
  }
}

function sampling(settings: GenerateRequest, rows: readonly GenerationRow[]): Sampling {
  const uniform = Float32Array.from(rows, (row) => (row.finished ? 0 : row.uniform()));
  return { settings, uniform };
}

/** @param chosen [rows · 3]: token, log-probability, entropy */
function record(rows: readonly GenerationRow[], chosen: Float32Array, counts: Counts): void {
  rows.forEach((row, index) => {
    if (row.finished) return;
    const [token = 0, logProb = Number.NaN, entropy = Number.NaN] = chosen.subarray(3 * index);
    row.add(token, logProb, entropy);
    counts.generatedTokens++;
  });
}

/** The rows in parts whose prompts, padded to the longest, have at most so many tokens. */
function prefillParts(
  rows: readonly GenerationRow[],
  promptOf: (row: GenerationRow) => Int32Array,
  maxTokens: number,
): GenerationRow[][] {
  const parts: GenerationRow[][] = [];
  let prompts = new Set<Int32Array>();
  let longest = 0;
  for (const row of rows) {
    const prompt = promptOf(row);
    const newLongest = Math.max(longest, prompt.length);
    const fits = prompts.has(prompt) || newLongest * (prompts.size + 1) <= maxTokens;
    const part = parts.at(-1);
    if (part !== undefined && fits) {
      part.push(row);
      prompts.add(prompt);
      longest = newLongest;
    } else {
      parts.push([row]);
      prompts = new Set([prompt]);
      longest = prompt.length;
    }
  }
  return parts;
}

function padLeft(prompts: readonly Int32Array[]): PaddedPrompts {
  const tokens = Math.max(...prompts.map((prompt) => prompt.length));
  const ids = new Int32Array(prompts.length * tokens); // padding is any token: nothing attends to it
  const starts = Int32Array.from(prompts, (prompt) => tokens - prompt.length);
  prompts.forEach((prompt, index) => {
    ids.set(prompt, (index + 1) * tokens - prompt.length);
  });
  return { ids, starts, tokens };
}
