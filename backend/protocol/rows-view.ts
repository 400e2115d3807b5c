// The contract of the paged view of a data file: what the extension host posts to the webview and what comes back.
// zod/mini, since this is bundled into the webview.
import * as z from 'zod/mini';
import type { DecisionKind } from './decision';

// As in decision.ts, whose schema would bring all of zod into the webview.
const decisionKind = z.enum(['pg', 'sft', 'mix', 'skip'] as const satisfies readonly DecisionKind[]);

/** Rows that the view shows as one page; a page is scrolled, and only what is in view is drawn. */
export const rowsOnPage = 10_000;

const row = z.object({
  /** Counted from 0, as sources in sample files are. */
  row: z.int(),
  /** 1-based line in the file; Parquet has none. */
  line: z.optional(z.int()),
  /** Text of each column; cut, but for a row that was asked for alone. */
  cells: z.record(z.string(), z.string()),
});
export type ViewedRow = z.infer<typeof row>;

const completion = z.object({
  index: z.int(),
  text: z.string(),
  /** null: no valid reward. */
  reward: z.nullable(z.number()),
  success: z.boolean(),
});

/** The newest group that was sampled for a row. */
const group = z.object({
  step: z.int(),
  group: z.int(),
  decision: decisionKind,
  reason: z.string(),
  /** As stands behind the row. */
  outcome: z.string(),
  /** Traces of the prompt. */
  demonstrations: z.int(),
  completions: z.array(completion),
});
export type ViewedGroup = z.infer<typeof group>;

/** What can be done with a completion; the others have no button. In restricted mode: nothing that starts a process. */
export const rowActions = ['openSample', 'compareWithTrace', 'compareWithEarlier', 'debugReward'] as const;
export type RowAction = (typeof rowActions)[number];

/** Host → webview. */
export const rowsHostMessageSchema = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('init'),
    name: z.string(),
    /** Why this view is shown instead of the text. */
    notice: z.string(),
    canOpenAsText: z.boolean(),
    actions: z.array(z.enum(rowActions)),
  }),
  /** What is known of the file as a whole: mapping, traces, how much is solved. A click comes back as openFact. */
  z.object({ kind: z.literal('facts'), facts: z.array(z.string()) }),
  /** What the newest run made of these rows; '': nothing. Other rows stay as they are. */
  z.object({ kind: z.literal('outcomes'), outcomes: z.array(z.object({ row: z.int(), text: z.string() })) }),
  /** The file is another one now: all rows are to be read again. */
  z.object({ kind: z.literal('changed') }),
  z.object({ kind: z.literal('reveal'), row: z.int() }),
  /** Is the page in its tab? Answered by `shown`. */
  z.object({ kind: z.literal('isShown') }),
  /** How far the search with this id has come. */
  z.object({ kind: z.literal('searched'), id: z.int(), rows: z.int() }),
  /** Answers to a request of the webview with the same id. */
  z.object({
    kind: z.literal('rows'),
    id: z.int(),
    rows: z.array(row),
    /** Rows that are known so far. */
    known: z.int(),
    /** These are all. */
    complete: z.boolean(),
    /** Why rows behind the known ones can't be read. */
    problem: z.optional(z.string()),
  }),
  /** Without a row: no row from there on holds the text. */
  z.object({ kind: z.literal('found'), id: z.int(), row: z.optional(z.int()) }),
  z.object({ kind: z.literal('detail'), id: z.int(), row, group: z.optional(group) }),
  z.object({ kind: z.literal('refused'), id: z.int(), message: z.string() }),
]);
export type RowsHostMessage = z.infer<typeof rowsHostMessageSchema>;

const place = { step: z.int(), group: z.int(), index: z.int() };

/** Webview → host. Messages with an id are answered by one with the same id, `refused` if need be. */
export const rowsViewMessageSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('ready') }),
  z.object({ kind: z.literal('shown') }),
  z.object({ kind: z.literal('readRows'), id: z.int(), from: z.int(), count: z.int() }),
  /** Ends a search before it. */
  z.object({ kind: z.literal('search'), id: z.int(), text: z.string(), from: z.int() }),
  z.object({ kind: z.literal('readDetail'), id: z.int(), row: z.int() }),
  /** Rows in view, the last one not included: those whose outcomes are kept up to date. */
  z.object({ kind: z.literal('visible'), from: z.int(), to: z.int() }),
  z.object({ kind: z.literal('act'), action: z.enum(rowActions), ...place }),
  z.object({ kind: z.literal('openGroup'), step: z.int(), group: z.int() }),
  z.object({ kind: z.literal('openFact'), index: z.int() }),
  z.object({ kind: z.literal('openAsText') }),
]);
export type RowsViewMessage = z.infer<typeof rowsViewMessageSchema>;

/** What the page keeps while it is hidden. */
export const rowsStateSchema = z.object({ row: z.int(), search: z.string() });
export type RowsState = z.infer<typeof rowsStateSchema>;
