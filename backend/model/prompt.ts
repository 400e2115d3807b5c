// From a row of data to the text that the model sees: the run file's template, the system message, the chat template.
import { SuperRlError } from '../protocol/errors';
import type { RunConfig } from '../protocol/run-config';
import type { ChatMessage, Tokenizer } from './tokenizer';

/** What a prompt is made of: the mapped prompt and all columns of its row. */
export interface PromptSource {
  readonly prompt: string;
  readonly columns: Readonly<Record<string, unknown>>;
}

/**
 * The prompt's text; `tokenizer.encode` of it gives the ids. A plain prompt begins with the BOS token of tokenizers
 * that put one there; a chat template brings its own.
 * @throws SuperRlError `config` for an unknown column, a chat template that is not there, or a system message without one.
 */
export function renderPrompt(source: PromptSource, config: RunConfig['prompt'], tokenizer: Tokenizer): string {
  const text = config.template === undefined ? source.prompt : fillTemplate(config.template, source);
  if (!usesChatTemplate(config.chatTemplate, tokenizer)) {
    if (config.system !== undefined) {
      throw new SuperRlError(
        'config',
        'prompt.system needs a chat template, but none is used. Put the text into prompt.template, or choose a model that brings a chat template.',
      );
    }
    return (tokenizer.promptPrefix ?? '') + text;
  }
  const messages: ChatMessage[] = [{ role: 'user', content: text }];
  if (config.system !== undefined) messages.unshift({ role: 'system', content: config.system });
  return tokenizer.renderChat(messages, { addGenerationPrompt: true });
}

function usesChatTemplate(setting: 'auto' | 'on' | 'off', tokenizer: Tokenizer): boolean {
  if (setting === 'on' && !tokenizer.hasChatTemplate) {
    throw new SuperRlError(
      'config',
      'prompt.chatTemplate is "on", but this model’s tokenizer brings none. Set it to "auto" or "off".',
    );
  }
  return setting !== 'off' && tokenizer.hasChatTemplate;
}

/** `{prompt}` and `{column}` are filled in; `{{` and `}}` are braces, and so is an empty `{}`. */
function fillTemplate(template: string, source: PromptSource): string {
  return template.replaceAll(/\{\{|\}\}|\{([^{}]+)\}/g, (match: string, name: string | undefined) => {
    if (name === undefined) return match.charAt(0);
    if (name === 'prompt') return source.prompt;
    if (Object.hasOwn(source.columns, name)) {
      const value = source.columns[name];
      return typeof value === 'string' ? value : JSON.stringify(value);
    }
    const known = ['prompt', ...Object.keys(source.columns).filter((column) => column !== 'prompt')];
    throw new SuperRlError(
      'config',
      `prompt.template names {${name}}, but the data has only ${known.map((column) => `{${column}}`).join(', ')}. Write {{ and }} for braces.`,
    );
  });
}
