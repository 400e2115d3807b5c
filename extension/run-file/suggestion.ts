// The word that a message about a run file proposes: 'did you mean "model"?'. Pure.

/** undefined: it proposes none. */
export function suggestion(message: string): string | undefined {
  return /did you mean "([^"]+)"/i.exec(message)?.[1];
}
