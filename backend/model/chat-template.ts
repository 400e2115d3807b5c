// Chat templates of Hugging Face tokenizers, rendered as transformers does, by @huggingface/jinja.
import { Template } from '@huggingface/jinja';
import { errorText, SuperRlError } from '../protocol/errors';
import type { ChatMessage } from './tokenizer';

export interface ChatTemplate {
  readonly source: string;
  render(messages: readonly ChatMessage[], options: { addGenerationPrompt: boolean }): string;
}

/**
 * Parses a template.
 * @param specialTokens texts that templates refer to, such as `bos_token`
 * @param place file named in errors
 */
export function createChatTemplate(
  source: string,
  specialTokens: Readonly<Record<string, string>>,
  place: string,
): ChatTemplate {
  const fail = (what: string, cause: unknown): SuperRlError =>
    new SuperRlError(
      'tokenizer',
      `the chat template ${what}: ${errorText(cause)}. Set "prompt.chatTemplate": "off" to go without it.`,
      { place: { file: place }, cause },
    );
  let template: Template;
  try {
    template = new Template(source);
  } catch (cause) {
    throw fail('is not valid Jinja', cause);
  }
  return {
    source,
    render: (messages, { addGenerationPrompt }) => {
      try {
        return template.render({ ...specialTokens, messages, add_generation_prompt: addGenerationPrompt });
      } catch (cause) {
        throw fail('cannot render these messages', cause);
      }
    },
  };
}
