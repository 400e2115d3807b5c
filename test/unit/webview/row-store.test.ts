// The rows that the paged view has: what is asked for, once each, and what is forgotten.
import { expect, it } from 'vitest';
import { blockRows, RowStore } from '../../../webview/rows/row-store';

const rows = (from: number, count: number) =>
  Array.from({ length: count }, (_, n) => ({ row: from + n, cells: { a: `${from + n}` } }));

it('asks for each block once, and again for one that failed or is not there in full', () => {
  const store = new RowStore();
  expect(store.take(0, 250)).toEqual([0, blockRows]);
  expect(store.take(0, 250)).toEqual([]);
  store.give(0, { rows: rows(0, blockRows), known: blockRows + 5, complete: false });
  store.give(blockRows, undefined);
  expect(store.take(0, 250)).toEqual([blockRows]);
  store.give(blockRows, { rows: rows(blockRows, 5), known: blockRows + 5, complete: false });
  expect(store.take(0, 250)).toEqual([]);
  store.update({ rows: [], known: 1000, complete: true });
  expect(store.take(0, 250)).toEqual([blockRows]);
  store.give(blockRows, { rows: rows(blockRows, blockRows), known: 1000, complete: true });
  expect(store.row(blockRows + 7)?.cells.a).toBe(`${blockRows + 7}`);
  expect(store.take(1000, 1200)).toEqual([]);
});

it('learns columns in the order that they are met', () => {
  const store = new RowStore();
  store.give(0, { rows: [{ row: 0, cells: { b: '', a: '' } }], known: 1, complete: true });
  store.give(0, { rows: [{ row: 0, cells: { a: '', c: '' } }], known: 1, complete: true });
  expect(store.columns).toEqual(['b', 'a', 'c']);
});

it('forgets blocks that were used long ago', () => {
  const store = new RowStore();
  for (let block = 0; block < 200; block++) {
    store.give(block * blockRows, { rows: rows(block * blockRows, blockRows), known: 40_000, complete: true });
  }
  expect(store.row(0)).toBeUndefined();
  expect(store.row(199 * blockRows)).toBeDefined();
  expect(store.take(0, 1)).toEqual([0]);
});

it('sets and takes away outcomes', () => {
  const store = new RowStore();
  store.setOutcomes([{ row: 3, text: 'solved 1/8' }]);
  expect(store.outcome(3)).toBe('solved 1/8');
  store.setOutcomes([{ row: 3, text: '' }]);
  expect(store.outcome(3)).toBe('');
  store.clear();
  expect(store.known).toBe(0);
});
