// The record that begins on a line of a dataset, as the backend hashes it, found from the lines around it alone: no
// pass over the file, so that a file of any size costs what is in view. A line that begins no record gives a text whose
// hash no run knows; so nothing has to be known of what stands above. Pure.
import { createHash } from 'node:crypto';

export type DataLanguage = 'jsonl' | 'json' | 'csv';

/** Anything with lines, as a text document has. */
export interface Lines {
  readonly lineCount: number;
  readonly lineAt: (line: number) => string;
}

export interface RecordText {
  readonly text: string;
  /** The last line that it stands on, 0-based. */
  readonly endLine: number;
}

/** Longer records are left undecorated. */
const mostLines = 200;
const mostCharacters = 200_000;

export function dataLanguage(path: string): DataLanguage | undefined {
  if (/\.superrl\.json$|\.reward\.json$/i.test(path)) return undefined;
  const [, extension] = /\.(jsonl|ndjson|json|csv)$/i.exec(path) ?? [];
  if (extension === undefined) return undefined;
  const lower = extension.toLowerCase();
  return lower === 'ndjson' ? 'jsonl' : (lower as DataLanguage);
}

/** The record that begins on this line (0-based); undefined where none can. */
export function recordAt(lines: Lines, line: number, language: DataLanguage): RecordText | undefined {
  const first = lines.lineAt(line);
  if (first.length > mostCharacters || first.trim() === '') return undefined;
  if (language === 'jsonl') return first.trimStart().startsWith('{') ? { text: first, endLine: line } : undefined;
  return language === 'csv' ? csvRecord(lines, line) : jsonElement(lines, line);
}

/** As the backend names a row's content. */
export function rowHash(text: string): string {
  return createHash('sha256').update(text.trim()).digest('hex').slice(0, 16);
}

/** Goes on over lines while a quote is open. */
function csvRecord(lines: Lines, line: number): RecordText | undefined {
  let text = lines.lineAt(line);
  let open = hasOpenQuote(text, false);
  let end = line;
  while (open && end + 1 < lines.lineCount && end - line < mostLines && text.length < mostCharacters) {
    end++;
    const next = lines.lineAt(end);
    text += `\n${next}`;
    open = hasOpenQuote(next, open);
  }
  return open ? undefined : { text, endLine: end };
}

function hasOpenQuote(text: string, before: boolean): boolean {
  let open = before;
  for (let at = text.indexOf('"'); at !== -1; at = text.indexOf('"', at + 1)) open = !open;
  return open;
}

/** From the line's first brace to the one that closes it. */
function jsonElement(lines: Lines, line: number): RecordText | undefined {
  const start = lines.lineAt(line).indexOf('{');
  if (start === -1 || !/^[\s[,]*$/.test(lines.lineAt(line).slice(0, start))) return undefined;
  let depth = 0;
  let inString = false;
  let text = '';
  for (let at = line; at < lines.lineCount && at - line < mostLines && text.length < mostCharacters; at++) {
    const part = at === line ? lines.lineAt(at).slice(start) : lines.lineAt(at);
    for (let i = 0; i < part.length; i++) {
      const character = part[i];
      if (inString) {
        if (character === '\\') i++;
        else if (character === '"') inString = false;
      } else if (character === '"') inString = true;
      else if (character === '{' || character === '[') depth++;
      else if ((character === '}' || character === ']') && --depth === 0) {
        return { text: `${text}${part.slice(0, i + 1)}`, endLine: at };
      }
    }
    text += `${part}\n`;
  }
  return undefined;
}
