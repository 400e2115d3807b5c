// How a column's value reads as text, in templates, prompts and demonstrations; and conversations
// (lists of {role, content}), which TRL and verl keep in one column.
import { isColumns } from './formats/record';

export interface Message {
  readonly role: 'system' | 'user' | 'assistant';
  readonly content: string;
}

/** The messages of a conversational value, or undefined when it is not one. */
export function conversationOf(value: unknown): readonly Message[] | undefined {
  if (!Array.isArray(value) || value.length === 0) return undefined;
  const messages: Message[] = [];
  for (const entry of value) {
    if (!isColumns(entry)) return undefined;
    const { role } = entry;
    const content = contentText(entry.content);
    if ((role !== 'system' && role !== 'user' && role !== 'assistant') || content === undefined) return undefined;
    messages.push({ role, content });
  }
  return messages;
}

/** A message's content: text, or a list of parts of which all are text. */
function contentText(content: unknown): string | undefined {
  if (typeof content === 'string') return content;
  if (!Array.isArray(content)) return undefined;
  const parts = content.map((part) => (isColumns(part) && typeof part.text === 'string' ? part.text : undefined));
  return parts.every((part) => part !== undefined) ? parts.join('') : undefined;
}

/**
 * Text as it is; numbers and booleans as written; nothing as ''; a list of texts as lines (steps), of other
 * scalars with commas; a conversation as its contents. Undefined for any other object: it has no one text.
 */
export function textOf(value: unknown): string | undefined {
  if (value === null || value === undefined) return '';
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  const messages = conversationOf(value);
  if (messages !== undefined) return messages.map(({ content }) => content).join('\n\n');
  if (!Array.isArray(value)) return undefined;
  if (value.every((entry) => typeof entry === 'string')) return linesOf(value);
  const parts = value.map((entry) => (typeof entry === 'object' ? undefined : textOf(entry)));
  return parts.every((part) => part !== undefined) ? parts.join(', ') : undefined;
}

function linesOf(entries: readonly string[]): string {
  return entries.map((entry) => entry.replace(/\r?\n$/, '')).join('\n');
}
