// What inspectData and auditTraces answer, as far as the editor shows it.
import { z } from 'zod';

const placeSchema = z.object({ file: z.string(), line: z.int().optional(), column: z.int().optional() });
const problemSchema = z.object({ kind: z.string(), place: placeSchema, row: z.int(), reason: z.string() });
export type DataProblem = z.infer<typeof problemSchema>;

const rowSchema = z.object({
  prompt: z.string(),
  answer: z.unknown().optional(), // a dataset may have none
  demonstrations: z.array(z.string()),
});

export const inspectionSchema = z.object({
  report: z.object({
    file: z.string(),
    format: z.string(),
    records: z.int(),
    rows: z.int(),
    counts: z.record(z.string(), z.int()),
    problems: z.array(problemSchema),
  }),
  layout: z.object({ name: z.string(), title: z.string() }).optional(),
  mapping: z.array(z.object({ field: z.string(), from: z.string(), origin: z.string() })),
  mappingText: z.string(),
  columns: z.array(z.object({ name: z.string(), type: z.string() })),
  examples: z.array(rowSchema),
  coverage: z
    .object({
      file: z.string(),
      prompts: z.int(),
      promptsWithTraces: z.int(),
      traces: z.int(),
      problems: z.array(problemSchema),
    })
    .optional(),
});
export type Inspection = z.infer<typeof inspectionSchema>;

export const auditSchema = z.object({
  file: z.string(),
  rows: z.int(),
  traces: z.int(),
  successes: z.int(),
  meanRewards: z.record(z.string(), z.number().nullable()),
  counts: z.record(z.string(), z.int()),
  problems: z.array(problemSchema),
});
export type Audit = z.infer<typeof auditSchema>;

/** "GSM8K · prompt ← question · answer ← final_answer · trace ← answer · 7,473 rows, 2 left out", on one line. */
export function inspectionLine(inspection: Inspection): string {
  return [layoutText(inspection), ...mappingLines(inspection), rowsText(inspection)].join(' · ');
}

/** The layout that the file was recognised by. */
export function layoutText({ layout }: Inspection): string {
  return layout ? (layout.title.split(' (')[0] ?? layout.title) : 'your own mapping';
}

/** "prompt ← question", one a field. */
export function mappingLines({ mapping }: Inspection): string[] {
  return mapping.map(({ field, from }) => `${shownField(field)} ← ${from}`);
}

/** "7,473 rows, 2 left out". */
export function rowsText({ report }: Inspection): string {
  const left = report.records - report.rows;
  return `${report.rows.toLocaleString('en')} rows${left > 0 ? `, ${left.toLocaleString('en')} left out` : ''}`;
}

function shownField(field: string): string {
  return field.startsWith('demonstration') ? 'trace' : field;
}

/** "1,200 traces for 1,180 of 1,200 prompts". */
export function coverageLine(coverage: NonNullable<Inspection['coverage']>): string {
  const number = (value: number) => value.toLocaleString('en');
  return `${number(coverage.traces)} traces for ${number(coverage.promptsWithTraces)} of ${number(coverage.prompts)} prompts`;
}

export function auditSummary({ traces, successes, rows, counts }: Audit): string {
  const share = traces === 0 ? '' : ` (${((100 * successes) / traces).toFixed(1)} %)`;
  const total = Object.values(counts).reduce((sum, count) => sum + count, 0);
  const found =
    total === 0
      ? 'Nothing to object to.'
      : `${total.toLocaleString('en')} problems are in the Problems view, the first 50 of each kind.`;
  return `${successes} of ${traces} traces for ${rows} prompts earn success${share}. ${found}`;
}
