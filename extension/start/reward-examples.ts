// What a new reward function will be given, from the person's own data: column types and a few rows as comments. Pure.
import type { Inspection } from '../data/inspection';

const mostExamples = 3;
const mostCharacters = 70;

/** Comment lines without their mark: "prompt "690>" · answer 96 (a number)". */
export function exampleLines({ examples }: Pick<Inspection, 'examples'>, dataset: string): string[] {
  if (examples.length === 0) return [];
  const rows = examples
    .slice(0, mostExamples)
    .map(({ prompt, answer }) => `  prompt ${short(JSON.stringify(prompt))} · answer ${shownAnswer(answer)}`);
  return [`From ${dataset}:`, ...rows];
}

function shownAnswer(answer: unknown): string {
  if (answer === undefined || answer === null) return 'none';
  const kinds = { string: 'text', number: 'a number', boolean: 'true or false' } as const;
  const type = typeof answer;
  const kind = type in kinds ? ` (${kinds[type as keyof typeof kinds]})` : '';
  return `${short(JSON.stringify(answer))}${kind}`;
}

/** The TypeScript type of the answers that these rows have. */
export function answerType({ examples }: Pick<Inspection, 'examples'>): string {
  const types = new Set(examples.map(({ answer }) => typeOf(answer)));
  return types.size === 0 || types.has('unknown') ? 'unknown' : [...types].sort().join(' | ');
}

function typeOf(value: unknown): string {
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return typeof value;
  if (Array.isArray(value) && value.length > 0) {
    const [first] = [...new Set(value.map(typeOf))];
    return first === 'string' || first === 'number' ? `${first}[]` : 'unknown';
  }
  return 'unknown';
}

function short(text: string): string {
  return text.length > mostCharacters ? `${text.slice(0, mostCharacters - 1)}…` : text;
}
