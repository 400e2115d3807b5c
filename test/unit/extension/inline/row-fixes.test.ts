// What is offered for each kind of problem, in a dataset and in a file of traces.
import { expect, it } from 'vitest';
import { otherColumns, rowFixes, traceIn } from '../../../../extension/inline/row-fixes';
import { suggestion } from '../../../../extension/run-file/suggestion';

const titles = (kind: string, isTraceFile = false) =>
  rowFixes(kind, isTraceFile).map((fix) => (fix.kind === 'remove' ? fix.title : fix.kind));

it('offers what there is to do', () => {
  expect(titles('duplicate')).toEqual(['Delete this duplicate row']);
  expect(titles('emptyPrompt')).toEqual(['Delete this row, which has no prompt']);
  expect(titles('missingAnswer')).toEqual(['mapAnswer', 'Delete this row, which has no answer']);
  expect(titles('noSuccess')).toEqual(['samples']);
  expect(titles('noSuccess', true)).toEqual(['samples', 'Delete this trace']);
  expect(titles('leak')).toEqual(['samples', 'Delete this row, whose prompt tells its answer']);
});

it('takes no row of a dataset away for what its trace lacks', () => {
  expect(titles('emptyTrace')).toEqual([]);
  expect(titles('emptyTrace', true)).toEqual(['Delete this empty trace']);
  expect(titles('duplicateTrace')).toEqual([]);
  expect(titles('promptTooLong')).toEqual([]);
});

it('offers no column for the answer that fills something else', () => {
  const mapping = [{ field: 'prompt', from: 'question' }];
  expect(otherColumns(['question', 'final', 'id'], mapping)).toEqual(['final', 'id']);
});

it('finds the trace that a record holds', () => {
  const traces = ['other', 'one\n"two"'];
  expect(traceIn(JSON.stringify({ solution: traces[1] }), traces)).toBe(1);
  expect(traceIn('1,"one\n""two"""', traces)).toBe(1);
  expect(traceIn('{}', traces)).toBe(-1);
});

it('finds the word that a message proposes', () => {
  expect(suggestion('"modell" is no field. Did you mean "model"?')).toBe('model');
  expect(suggestion('"x" is no field.')).toBeUndefined();
});
