// The one error family of the product. Every error that a person can cause carries a stable code,
// a sentence that says what happened and what to do next, and where (file, line, column) if known.

export const errorCodes = [
  'usage',
  'config',
  'data',
  'traces',
  'reward',
  'model',
  'tokenizer',
  'engine',
  'run',
  'run-locked',
  'checkpoint',
  'storage',
  'server',
  'unauthorised',
  'unsupported',
  'internal',
] as const;
export type ErrorCode = (typeof errorCodes)[number];

/** A place in a file; line and column are 1-based. */
export interface SourcePlace {
  readonly file: string;
  readonly line?: number;
  readonly column?: number;
}

/** Renders `file:line:column`, leaving out what is unknown. */
export function formatPlace(place: SourcePlace): string {
  const parts: (string | number)[] = [place.file];
  if (place.line !== undefined) parts.push(place.line);
  if (place.line !== undefined && place.column !== undefined) parts.push(place.column);
  return parts.join(':');
}

export class SuperRlError extends Error {
  readonly code: ErrorCode;
  readonly place: SourcePlace | undefined;

  constructor(code: ErrorCode, message: string, options: { place?: SourcePlace | undefined; cause?: unknown } = {}) {
    super(options.place ? `${formatPlace(options.place)}: ${message}` : message, { cause: options.cause });
    this.name = 'SuperRlError';
    this.code = code;
    this.place = options.place;
  }
}

/** The text of anything thrown, for logs and messages. */
export function errorText(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
