// Encoding, decoding and chat rendering equal those of transformers (tokenizer.json of the golden set).
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { loadTokenizer } from '../../backend/model/huggingface-tokenizer';

const goldenDir = process.env.GOLDEN_DIR ?? join(import.meta.dirname, '../golden');
const golden = z
  .object({
    encode: z.array(z.object({ text: z.string(), ids: z.array(z.int()), decoded: z.string() })).min(1),
    chat: z
      .array(
        z.object({
          messages: z.array(z.object({ role: z.enum(['system', 'user', 'assistant']), content: z.string() })),
          rendered: z.string(),
        }),
      )
      .min(1),
  })
  .parse(JSON.parse(readFileSync(join(goldenDir, 'tokenizer.json'), 'utf8')));

describe('tokenizer', async () => {
  const tokenizer = await loadTokenizer(join(goldenDir, 'models/llama-tied'));

  it.each(golden.encode)('encodes and decodes $text', ({ text, ids, decoded }) => {
    expect([...tokenizer.encode(text)]).toEqual(ids);
    expect(tokenizer.decode(ids)).toBe(decoded);
  });

  it.each(golden.chat)('renders a chat of $messages.length messages', ({ messages, rendered }) => {
    expect(tokenizer.hasChatTemplate).toBe(true);
    expect(tokenizer.renderChat(messages, { addGenerationPrompt: true })).toBe(rendered);
  });
});
