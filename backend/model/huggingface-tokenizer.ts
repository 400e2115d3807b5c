// The Tokenizer contract over @huggingface/tokenizers: tokenizer.json, tokenizer_config.json and the chat template
// of a folder, as transformers reads them. Decoding never tidies spaces: text is exactly what the tokens spell.
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Tokenizer as TokenizerLibrary } from '@huggingface/tokenizers';
import { z } from 'zod';
import { errorText, SuperRlError } from '../protocol/errors';
import { createChatTemplate } from './chat-template';
import { parseTokenIds } from './huggingface-config';
import type { Tokenizer } from './tokenizer';

const tokenText = z
  .union([z.string(), z.object({ content: z.string() }).transform((token) => token.content)])
  .nullish()
  .transform((text) => text ?? undefined);

const addedToken = z.object({
  id: z.int().nonnegative(),
  content: z.string(),
  single_word: z.boolean().default(false),
  lstrip: z.boolean().default(false),
  rstrip: z.boolean().default(false),
  normalized: z.boolean().default(false),
  special: z.boolean().default(false),
});

const tokenizerSchema = z.looseObject({
  added_tokens: z
    .array(addedToken)
    .nullish()
    .transform((tokens) => tokens ?? []),
  model: z.looseObject({ type: z.string().optional() }),
  normalizer: z.unknown().transform((part) => part ?? null),
  pre_tokenizer: z.unknown().transform((part) => part ?? null),
  post_processor: z.unknown().transform((part) => part ?? null),
  decoder: z.unknown().transform((part) => part ?? null),
});

const configSchema = z.looseObject({
  bos_token: tokenText,
  eos_token: tokenText,
  pad_token: tokenText,
  unk_token: tokenText,
  chat_template: z
    .union([z.string(), z.array(z.object({ name: z.string(), template: z.string() }))])
    .nullish()
    .transform((template) => template ?? undefined),
  added_tokens_decoder: z.record(z.string(), addedToken.omit({ id: true })).nullish(),
});

export interface TokenizerFiles {
  /** File name → text; at least tokenizer.json. */
  readonly files: ReadonlyMap<string, string>;
  /** EOS ids of generation_config.json or config.json; empty: the tokenizer's own EOS token. */
  readonly eosIds: readonly number[];
  /** Folder or file named in errors. */
  readonly place: string;
}

/** All that belongs to a tokenizer, as transformers names it. */
const tokenizerFileNames = [
  'tokenizer.json',
  'tokenizer_config.json',
  'chat_template.jinja',
  'special_tokens_map.json',
  'added_tokens.json',
] as const;

/** Loads the tokenizer of a model folder; generation_config.json (else config.json) says where generation ends. */
export async function loadTokenizer(folder: string): Promise<Tokenizer> {
  const files = new Map<string, string>();
  for (const name of tokenizerFileNames) {
    const text = await readText(join(folder, name));
    if (text !== undefined) files.set(name, text);
  }
  if (!files.has('tokenizer.json')) {
    throw new SuperRlError(
      'tokenizer',
      'there is no tokenizer.json in this folder; save it with transformers’ fast tokenizer (save_pretrained).',
      { place: { file: folder } },
    );
  }
  let eosIds: readonly number[] = [];
  for (const name of ['generation_config.json', 'config.json']) {
    const text = await readText(join(folder, name));
    if (text !== undefined && eosIds.length === 0) eosIds = parseTokenIds(parseJson(text, join(folder, name))).eosIds;
  }
  return createTokenizer({ files, eosIds, place: folder });
}

/** A tokenizer of the texts of its files. */
export function createTokenizer({ files, eosIds: givenEosIds, place }: TokenizerFiles): Tokenizer {
  const json = parsePart(tokenizerSchema, files.get('tokenizer.json') ?? '', join(place, 'tokenizer.json'));
  const config = parsePart(
    configSchema,
    files.get('tokenizer_config.json') ?? '{}',
    join(place, 'tokenizer_config.json'),
  );
  addTokens(json.added_tokens, config.added_tokens_decoder ?? {});
  const library = createLibrary(json, config, place);
  const specialIds = new Set(json.added_tokens.filter((token) => token.special).map((token) => token.id));
  const vocabulary = library.get_vocab();
  const vocabularySize = [...vocabulary.values()].reduce((largest, id) => Math.max(largest, id), -1) + 1;

  const idOf = (text: string | undefined): number | undefined =>
    text === undefined ? undefined : library.token_to_id(text);
  const eosIds = orderEosIds(givenEosIds, idOf(config.eos_token));
  const [eosId] = eosIds;
  const eosText = eosId === undefined ? undefined : library.id_to_token(eosId);
  if (eosId === undefined || eosText === undefined) {
    throw new SuperRlError(
      'tokenizer',
      'no end-of-sequence token is known; set "eos_token" in tokenizer_config.json or "eos_token_id" in generation_config.json.',
      { place: { file: place } },
    );
  }
  const template = templateSource(files, config.chat_template);
  const texts: Record<string, string> = {};
  for (const name of ['bos_token', 'eos_token', 'pad_token', 'unk_token'] as const) {
    const text = config[name];
    if (text !== undefined) texts[name] = text;
  }
  const chat = template === undefined ? undefined : createChatTemplate(template, texts, place);
  // What the post-processor puts before a text: BOS for Llama 3, nothing for Qwen and SmolLM2.
  const bosId = idOf(config.bos_token);
  const promptPrefix = bosId !== undefined && library.encode('').ids[0] === bosId ? config.bos_token : undefined;

  return {
    vocabularySize,
    eosIds,
    eosText,
    padId: idOf(config.pad_token) ?? eosId,
    promptPrefix,
    hasChatTemplate: chat !== undefined,
    chatTemplate: chat?.source,
    encode: (text) => Int32Array.from(library.encode(text, { add_special_tokens: false }).ids),
    decode: (ids, options) => {
      const kept: number[] = [];
      for (let i = 0; i < ids.length; i++) {
        const id = ids[i];
        // Ids beyond the tokenizer (padded embeddings) spell nothing, as in transformers.
        if (id === undefined || library.id_to_token(id) === undefined) continue;
        if (options?.skipSpecial === true && specialIds.has(id)) continue;
        kept.push(id);
      }
      return kept.length === 0 ? '' : library.decode(kept, { clean_up_tokenization_spaces: false });
    },
    renderChat: (messages, options) => {
      if (chat === undefined) {
        throw new SuperRlError(
          'tokenizer',
          'this tokenizer brings no chat template; set "prompt.chatTemplate" to "auto" or "off".',
          { place: { file: place } },
        );
      }
      return chat.render(messages, options);
    },
    files: () => new Map(files),
  };
}

/** The id of the token that tokenizer_config.json calls EOS first, if generation ends at it. */
function orderEosIds(given: readonly number[], own: number | undefined): readonly number[] {
  if (given.length === 0) return own === undefined ? [] : [own];
  if (own === undefined || !given.includes(own)) return [...given];
  return [own, ...given.filter((id) => id !== own)];
}

function addTokens(
  tokens: z.output<typeof addedToken>[],
  more: Readonly<Record<string, Omit<z.output<typeof addedToken>, 'id'>>>,
): void {
  const known = new Set(tokens.map((token) => token.content));
  for (const [id, token] of Object.entries(more)) {
    if (!known.has(token.content)) tokens.push({ ...token, id: Number(id) });
  }
}

function createLibrary(
  json: z.output<typeof tokenizerSchema>,
  config: z.output<typeof configSchema>,
  place: string,
): TokenizerLibrary {
  try {
    return new TokenizerLibrary(json, config);
  } catch (cause) {
    throw new SuperRlError('tokenizer', `tokenizer.json cannot be used: ${errorText(cause)}.`, {
      place: { file: place },
      cause,
    });
  }
}

function templateSource(
  files: ReadonlyMap<string, string>,
  inConfig: z.output<typeof configSchema>['chat_template'],
): string | undefined {
  const file = files.get('chat_template.jinja');
  if (file !== undefined) return file;
  if (typeof inConfig === 'string') return inConfig;
  return inConfig?.find((entry) => entry.name === 'default')?.template;
}

function parsePart<T>(schema: z.ZodType<T>, text: string, file: string): T {
  const parsed = schema.safeParse(parseJson(text, file));
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw new SuperRlError('tokenizer', `"${issue?.path.join('.')}" is missing or wrong (${issue?.message}).`, {
    place: { file },
  });
}

function parseJson(text: string, file: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new SuperRlError('tokenizer', `cannot be read as JSON (${errorText(cause)}). Download it again.`, {
      place: { file },
      cause,
    });
  }
}

async function readText(file: string): Promise<string | undefined> {
  const found = await stat(file).catch(() => undefined);
  return found === undefined ? undefined : readFile(file, 'utf8');
}
