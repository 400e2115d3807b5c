// Tokenizers inside GGUF files, to and from Hugging Face's tokenizer.json: byte-level BPE ("gpt2") with the
// pre-tokenizers that our model families use (llama.cpp's names, convert_hf_to_gguf.py).
import { z } from 'zod';
import { SuperRlError } from '../protocol/errors';
import type { GgufValue } from './gguf-file';
import { createTokenizer } from './huggingface-tokenizer';
import type { Tokenizer } from './tokenizer';

/** llama.cpp's token types. */
const tokenTypes = { normal: 1, control: 3, userDefined: 4, unused: 5 } as const;

interface PreTokenization {
  readonly normalizer: { readonly type: string } | null;
  readonly preTokenizer: Readonly<Record<string, unknown>>;
  /** Words in the vocabulary are taken whole, whatever the merges say. */
  readonly ignoreMerges: boolean;
  /** What llama.cpp assumes when tokenizer.ggml.add_bos_token is absent. */
  readonly addBos: boolean;
}

const byteLevel = (useRegex: boolean) => ({
  type: 'ByteLevel',
  add_prefix_space: false,
  trim_offsets: true,
  use_regex: useRegex,
});

/** Words as GPT-4's tokenizer cuts them, with `digits` digits at a time. */
const splitThenBytes = (digits: string) => ({
  type: 'Sequence',
  pretokenizers: [
    {
      type: 'Split',
      pattern: {
        Regex: `(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|${digits}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+`,
      },
      behavior: 'Isolated',
      invert: false,
    },
    byteLevel(false),
  ],
});

const preTokenizations: Readonly<Record<string, PreTokenization>> = {
  'gpt-2': { normalizer: null, preTokenizer: byteLevel(true), ignoreMerges: false, addBos: false },
  smollm: {
    normalizer: null,
    preTokenizer: { type: 'Sequence', pretokenizers: [{ type: 'Digits', individual_digits: true }, byteLevel(true)] },
    ignoreMerges: false,
    addBos: false,
  },
  qwen2: {
    normalizer: { type: 'NFC' },
    preTokenizer: splitThenBytes('\\p{N}'),
    ignoreMerges: false,
    addBos: false,
  },
  'llama-bpe': { normalizer: null, preTokenizer: splitThenBytes('\\p{N}{1,3}'), ignoreMerges: true, addBos: true },
};

const id = z.int().nonnegative().optional();
const metadataSchema = z.object({
  'tokenizer.ggml.model': z.string(),
  'tokenizer.ggml.pre': z.string().default('(none)'),
  'tokenizer.ggml.tokens': z.array(z.string()).min(1),
  'tokenizer.ggml.token_type': z.array(z.int()),
  'tokenizer.ggml.merges': z.array(z.string()),
  'tokenizer.ggml.bos_token_id': id,
  'tokenizer.ggml.eos_token_id': id,
  'tokenizer.ggml.eot_token_id': id,
  'tokenizer.ggml.padding_token_id': id,
  'tokenizer.ggml.unknown_token_id': id,
  'tokenizer.ggml.add_bos_token': z.boolean().optional(),
  'tokenizer.chat_template': z.string().optional(),
});

/** The tokenizer of a GGUF file, with its chat template. */
export function readGgufTokenizer(metadata: ReadonlyMap<string, GgufValue>, file: string): Tokenizer {
  const parsed = metadataSchema.safeParse(Object.fromEntries(metadata));
  if (!parsed.success) {
    throw new SuperRlError(
      'tokenizer',
      `the metadata ${parsed.error.issues[0]?.path.join('.')} is missing or wrong, so there is no usable tokenizer in the file; convert the model again.`,
      { place: { file } },
    );
  }
  const data = parsed.data;
  if (data['tokenizer.ggml.model'] !== 'gpt2') {
    throw new SuperRlError(
      'unsupported',
      `tokenizer model "${data['tokenizer.ggml.model']}" is not supported; byte-level BPE ("gpt2") is. Use the model’s Hugging Face folder.`,
      { place: { file } },
    );
  }
  const pre = preTokenizations[data['tokenizer.ggml.pre']];
  if (pre === undefined) {
    throw new SuperRlError(
      'unsupported',
      `pre-tokenizer "${data['tokenizer.ggml.pre']}" is not supported; ${Object.keys(preTokenizations).join(', ')} are. Use the model’s Hugging Face folder.`,
      { place: { file } },
    );
  }
  const tokens = data['tokenizer.ggml.tokens'];
  const types = data['tokenizer.ggml.token_type'];
  const textOf = (tokenId: number | undefined) => (tokenId === undefined ? undefined : tokens[tokenId]);
  const bosId = data['tokenizer.ggml.bos_token_id'];
  const addBos = (data['tokenizer.ggml.add_bos_token'] ?? pre.addBos) && bosId !== undefined;
  const json = {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: tokens.flatMap((content, tokenId) => addedToken(content, tokenId, types[tokenId])),
    normalizer: pre.normalizer,
    pre_tokenizer: pre.preTokenizer,
    post_processor: addBos ? bosTemplate(tokens[bosId] ?? '', bosId) : null,
    decoder: byteLevel(true),
    model: {
      type: 'BPE',
      dropout: null,
      unk_token: null,
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: false,
      byte_fallback: false,
      ignore_merges: pre.ignoreMerges,
      vocab: Object.fromEntries(
        tokens.map((text, tokenId) => [text, tokenId] as const).filter(([, i]) => types[i] !== tokenTypes.unused),
      ),
      merges: data['tokenizer.ggml.merges'].map((merge) => merge.split(' ')),
    },
  };
  const config = {
    tokenizer_class: 'PreTrainedTokenizerFast',
    bos_token: textOf(bosId),
    eos_token: textOf(data['tokenizer.ggml.eos_token_id']),
    pad_token: textOf(data['tokenizer.ggml.padding_token_id']),
    unk_token: textOf(data['tokenizer.ggml.unknown_token_id']),
    clean_up_tokenization_spaces: false,
  };
  const files = new Map([
    ['tokenizer.json', JSON.stringify(json)],
    ['tokenizer_config.json', `${JSON.stringify(config, null, 2)}\n`],
  ]);
  const template = data['tokenizer.chat_template'];
  if (template !== undefined) files.set('chat_template.jinja', template);
  const ends = [data['tokenizer.ggml.eos_token_id'], data['tokenizer.ggml.eot_token_id']];
  const eosIds = [...new Set(ends.filter((end) => end !== undefined))];
  return createTokenizer({ files, eosIds, place: file });
}

function addedToken(content: string, tokenId: number, type: number | undefined) {
  if (type !== tokenTypes.control && type !== tokenTypes.userDefined) return [];
  const special = type === tokenTypes.control;
  return [{ id: tokenId, content, single_word: false, lstrip: false, rstrip: false, normalized: false, special }];
}

function bosTemplate(text: string, tokenId: number) {
  const bos = { SpecialToken: { id: text, type_id: 0 } };
  const sequence = (name: string, type: number) => ({ Sequence: { id: name, type_id: type } });
  return {
    type: 'TemplateProcessing',
    single: [bos, sequence('A', 0)],
    pair: [bos, sequence('A', 0), sequence('B', 1)],
    special_tokens: { [text]: { id: text, ids: [tokenId], tokens: [text] } },
  };
}

const tokenizerJsonSchema = z.object({
  added_tokens: z
    .array(z.object({ id: z.int(), content: z.string(), special: z.boolean().default(false) }))
    .default([]),
  normalizer: z.unknown(),
  pre_tokenizer: z.unknown(),
  model: z.object({
    type: z.literal('BPE'),
    ignore_merges: z.boolean().default(false),
    vocab: z.record(z.string(), z.int().nonnegative()),
    merges: z.array(z.union([z.string(), z.tuple([z.string(), z.string()])])),
  }),
});

/**
 * A tokenizer's metadata for a GGUF file.
 * @param vocabularySize of the model; ids without a token become unused ones
 * @throws SuperRlError `unsupported` when llama.cpp has no such tokenizer
 */
export function writeGgufTokenizer(tokenizer: Tokenizer, vocabularySize: number): Map<string, GgufValue> {
  const files = tokenizer.files();
  const json = tokenizerJsonSchema.safeParse(JSON.parse(files.get('tokenizer.json') ?? '{}'));
  const name = json.success ? preTokenizationName(json.data) : undefined;
  if (!json.success || name === undefined) {
    throw new SuperRlError(
      'unsupported',
      `this tokenizer cannot be written to GGUF: byte-level BPE as in ${Object.keys(preTokenizations).join(', ')} can. Export a Hugging Face folder instead.`,
    );
  }
  const { vocab, merges } = json.data.model;
  const tokens = Array.from({ length: vocabularySize }, (_, tokenId) => `[PAD${tokenId}]`);
  const types: number[] = new Array(vocabularySize).fill(tokenTypes.unused);
  const place = (text: string, tokenId: number, type: number): void => {
    if (tokenId >= vocabularySize) return; // beyond the embedding: the model can't produce it
    tokens[tokenId] = text;
    types[tokenId] = type;
  };
  for (const [text, tokenId] of Object.entries(vocab)) place(text, tokenId, tokenTypes.normal);
  for (const { id: tokenId, content, special } of json.data.added_tokens) {
    place(content, tokenId, special ? tokenTypes.control : tokenTypes.userDefined);
  }
  const metadata = new Map<string, GgufValue>([
    ['tokenizer.ggml.model', 'gpt2'],
    ['tokenizer.ggml.pre', name],
    ['tokenizer.ggml.tokens', tokens],
    ['tokenizer.ggml.token_type', types],
    ['tokenizer.ggml.merges', merges.map((merge) => (typeof merge === 'string' ? merge : merge.join(' ')))],
    ['tokenizer.ggml.eos_token_id', tokenizer.eosIds[0] ?? 0],
    ['tokenizer.ggml.padding_token_id', tokenizer.padId],
    ['tokenizer.ggml.add_bos_token', tokenizer.promptPrefix !== undefined],
  ]);
  const bos = tokenizer.promptPrefix === undefined ? undefined : tokenizer.encode(tokenizer.promptPrefix)[0];
  if (bos !== undefined) metadata.set('tokenizer.ggml.bos_token_id', bos);
  const eot = tokenizer.eosIds[1];
  if (eot !== undefined) metadata.set('tokenizer.ggml.eot_token_id', eot);
  if (tokenizer.chatTemplate !== undefined) metadata.set('tokenizer.chat_template', tokenizer.chatTemplate);
  return metadata;
}

function preTokenizationName(json: z.output<typeof tokenizerJsonSchema>): string | undefined {
  const same = (a: unknown, b: unknown): boolean => JSON.stringify(essence(a)) === JSON.stringify(essence(b));
  const found = Object.entries(preTokenizations).find(
    ([, pre]) =>
      same(json.normalizer ?? null, pre.normalizer) &&
      same(json.pre_tokenizer ?? null, pre.preTokenizer) &&
      json.model.ignore_merges === pre.ignoreMerges,
  );
  return found?.[0];
}

/** A part without `trim_offsets`, which changes no ids, and with its keys in one order. */
function essence(part: unknown): unknown {
  if (Array.isArray(part)) return part.map(essence);
  if (part === null || typeof part !== 'object') return part;
  const entries = Object.entries(part).filter(([key]) => key !== 'trim_offsets');
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, value]) => [key, essence(value)]));
}
