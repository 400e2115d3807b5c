// What can be done about a row or trace that a run can't use, or that an audit objects to. Pure.

export type RowFix =
  /** Takes the record out of its file. */
  | { readonly kind: 'remove'; readonly title: string }
  /** Another column fills the answer: in the run file. */
  | { readonly kind: 'mapAnswer' }
  /** The newest completions of the prompt, and the reward that scored them. */
  | { readonly kind: 'samples' };

/** @param isTraceFile the file holds traces and no dataset: a record that is no use can go, its prompt stays */
export function rowFixes(problem: string, isTraceFile: boolean): RowFix[] {
  const remove = (title: string): RowFix[] => [{ kind: 'remove', title }];
  switch (problem) {
    case 'duplicate':
      return remove('Delete this duplicate row');
    case 'emptyPrompt':
      return remove('Delete this row, which has no prompt');
    case 'missingId':
      return remove('Delete this row, which has no id');
    case 'missingAnswer':
      return [{ kind: 'mapAnswer' }, ...remove('Delete this row, which has no answer')];
    case 'unmatched':
      return remove('Delete this trace, which is for no prompt');
    case 'missingKey':
      return remove('Delete this trace, which can’t be joined');
    case 'emptyTrace':
      return isTraceFile ? remove('Delete this empty trace') : [];
    case 'duplicateTrace':
      return isTraceFile ? remove('Delete this repeated trace') : [];
    case 'noSuccess':
    case 'invalidReward':
      return [{ kind: 'samples' }, ...(isTraceFile ? remove('Delete this trace') : [])];
    case 'leak':
      return [{ kind: 'samples' }, ...remove('Delete this row, whose prompt tells its answer')];
    default:
      return [];
  }
}

/** Columns that may be the answer instead: not what fills another field already. */
export function otherColumns(
  columns: readonly string[],
  mapping: readonly { readonly field: string; readonly from: string }[],
): string[] {
  const used = new Set(mapping.map(({ from }) => from));
  return columns.filter((column) => !used.has(column));
}

/** Which of the traces stands in the record's text, as JSON or CSV spell it; -1: none. */
export function traceIn(record: string, traces: readonly string[]): number {
  return traces.findIndex(
    (trace) => record.includes(JSON.stringify(trace).slice(1, -1)) || record.includes(trace.replaceAll('"', '""')),
  );
}
