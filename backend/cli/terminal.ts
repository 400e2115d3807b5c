// Where a command writes and what that place can do. Commands get one, so that tests can give their own.

export interface Terminal {
  /** Results. */
  out(text: string): void;
  /** Messages beside the results: errors, notes, progress. */
  err(text: string): void;
  /** Whether out is a terminal on which lines can be repainted. */
  readonly isLive: boolean;
  /** Whether out shows colours. */
  readonly hasColor: boolean;
  /** Width of out in characters; asked anew for each painting, since windows are resized. */
  columns(): number;
  rows(): number;
}

/** This process's own terminal, by the conventions of NO_COLOR, FORCE_COLOR and TERM=dumb. */
export function processTerminal(environment: NodeJS.ProcessEnv = process.env): Terminal {
  const { stdout, stderr } = process;
  const isLive = stdout.isTTY === true && environment.TERM !== 'dumb';
  const isOn = (value: string | undefined): boolean => value !== undefined && value !== '' && value !== '0';
  return {
    out: (text) => void stdout.write(text),
    err: (text) => void stderr.write(text),
    isLive,
    hasColor: !isOn(environment.NO_COLOR) && (isOn(environment.FORCE_COLOR) || isLive),
    columns: () => stdout.columns ?? 80,
    rows: () => stdout.rows ?? 24,
  };
}
