// The model's part of a run file: a decoder from scratch, and adapters.
import { z } from 'zod';

const positiveInt = z.int().positive();

export const scratchModel = z
  .strictObject({
    hidden: positiveInt.default(192).describe('Width of the residual stream.'),
    layers: positiveInt.default(4).describe('Number of decoder layers.'),
    heads: positiveInt.default(4).describe('Attention heads; hidden must be divisible by it.'),
    kvHeads: positiveInt.optional().describe('Key/value heads (grouped-query attention); default: as many as heads.'),
    intermediate: positiveInt
      .optional()
      .describe('Width of the feed-forward layer; default: about 8/3 of hidden, rounded to a multiple of 32.'),
    context: positiveInt.default(256).describe('Longest sequence in tokens, prompt and completion together.'),
    tokenizer: z
      .strictObject({
        kind: z
          .enum(['characters', 'bpe'])
          .default('characters')
          .describe('characters: one token a character seen in the data; bpe: byte-level BPE trained on the data.'),
        vocabulary: positiveInt.default(512).describe('Vocabulary size for bpe.'),
      })
      .prefault({})
      .describe('The tokenizer, trained on the prompts and traces of the run.'),
  })
  .describe('A Llama-style decoder initialised at random.');

export const loraConfig = z
  .strictObject({
    rank: positiveInt.default(16).describe('Rank of each adapter.'),
    alpha: z.number().positive().default(32).describe('Scale of the adapters is alpha / rank.'),
    targets: z
      .array(z.enum(['q_proj', 'k_proj', 'v_proj', 'o_proj', 'gate_proj', 'up_proj', 'down_proj']))
      .min(1)
      .default(['q_proj', 'k_proj', 'v_proj', 'o_proj', 'gate_proj', 'up_proj', 'down_proj'])
      .describe('Which projections get an adapter.'),
  })
  .describe('Low-rank adapters: rank, alpha (scale = alpha / rank) and which projections get one.');
