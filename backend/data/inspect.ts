// `superrl data inspect`: what a dataset file holds and how it is understood, as a plain object and as text.
import { type DatasetReport, type DatasetRequest, openDataset } from './dataset';
import { readHeldOutPrompts } from './held-out-data';
import { describeMapping } from './mapping';
import { describeCounts, describeProblem, type Problem } from './problems';
import type { Dataset, Row } from './row';
import { renderShared } from './shared-prompts';
import type { TraceCoverage, TraceLimit, TracesConfig } from './trace-source';
import { attachTraces, type TracedDataset } from './traces';

export interface InspectRequest extends DatasetRequest {
  readonly traces?: TracesConfig;
  readonly traceLimit?: TraceLimit;
  /** Held-out data, whose prompts should not be among these. */
  readonly heldOutData?: DatasetRequest | undefined;
  /** How many rows to show; default 3. */
  readonly examples?: number;
}

/** JSON-ready. */
export interface Inspection {
  readonly report: DatasetReport;
  /** Undefined: no known layout, the map says it all. */
  readonly layout: { readonly name: string; readonly title: string } | undefined;
  readonly mapping: readonly { readonly field: string; readonly from: string; readonly origin: 'layout' | 'map' }[];
  /** The mapping for a person, several lines. */
  readonly mappingText: string;
  /** Columns in the first rows, with the type of the first value. */
  readonly columns: readonly { readonly name: string; readonly type: string }[];
  readonly examples: readonly Row[];
  /** Undefined without a traces configuration. */
  readonly coverage: TraceCoverage | undefined;
}

/** Throws SuperRlError as openDataset and attachTraces do. */
export async function inspectDataset(request: InspectRequest): Promise<Inspection> {
  const heldOut = request.heldOutData && (await readHeldOutPrompts(request.heldOutData));
  const opened = await openDataset({ ...request, heldOut });
  let traced: TracedDataset | undefined;
  try {
    const options = { limit: request.traceLimit, signal: request.signal };
    traced = request.traces && (await attachTraces(opened, request.traces, options));
    const examples = await spreadRows(traced ?? opened, request.examples ?? 3);
    const { mapping, report } = opened;
    return {
      report,
      layout: mapping.layout && { name: mapping.layout.name, title: mapping.layout.title },
      mapping: mapping.fields.map(({ field, expression, origin }) => ({ field, from: expression.text, origin })),
      mappingText: describeMapping(mapping),
      columns: columnTypes(examples),
      examples,
      coverage: traced?.coverage,
    };
  } finally {
    await (traced ?? opened).close();
  }
}

/** Rows from the beginning to the end of the dataset, evenly spread. */
async function spreadRows(dataset: Dataset, wanted: number): Promise<Row[]> {
  const count = Math.min(wanted, dataset.length);
  const rows: Row[] = [];
  for (let i = 0; i < count; i++) rows.push(await dataset.row(Math.floor((i * dataset.length) / count)));
  return rows;
}

function columnTypes(rows: readonly Row[]): Inspection['columns'] {
  const types = new Map<string, string>();
  for (const { columns } of rows) {
    for (const [name, value] of Object.entries(columns)) {
      if (!types.has(name) || types.get(name) === 'null') types.set(name, typeName(value));
    }
  }
  return [...types].map(([name, type]) => ({ name, type }));
}

function typeName(value: unknown): string {
  if (value === null || value === undefined) return 'null';
  if (!Array.isArray(value)) return typeof value;
  const inner = new Set(value.map(typeName));
  return inner.size === 1 ? `list of ${[...inner].join()}` : 'list';
}

const shownProblems = 10;
const shownCharacters = 300;

/** The inspection as text for a terminal. */
export function renderInspection(inspection: Inspection): string {
  const { report, columns, examples, coverage } = inspection;
  const packed = report.compressed ? ', gzip' : '';
  const lines = [
    `${report.file} (${report.format}${packed}, ${describeBytes(report.bytes)}): ${report.records} records, ${report.rows} usable rows`,
    `Columns: ${columns.map(({ name, type }) => `${name} (${type})`).join(', ')}`,
    inspection.mappingText,
  ];
  if (!inspection.mapping.some(({ field }) => field === 'answer')) {
    lines.push('  No answer is mapped: rewards that compare with one need data.map.answer.');
  }
  if (report.longestPromptTokens !== undefined)
    lines.push(`Longest usable prompt: ${report.longestPromptTokens} tokens`);
  if (report.problems.length > 0) {
    lines.push(`Left out: ${describeCounts(report.counts)}`, ...listProblems(report.problems));
  }
  if (report.sharedPrompts) lines.push(...renderShared(report.sharedPrompts));
  if (coverage !== undefined) lines.push(...renderCoverage(coverage));
  for (const row of examples) {
    lines.push(`Row ${row.source.row + 1}, id ${row.id}`, `  prompt: ${shorten(row.prompt)}`);
    lines.push(`  answer: ${shorten(JSON.stringify(row.answer) ?? 'none')}`);
    for (const text of row.demonstrations) lines.push(`  demonstration: ${shorten(text)}`);
  }
  return lines.join('\n');
}

function renderCoverage(coverage: TraceCoverage): string[] {
  const share = ((100 * coverage.promptsWithTraces) / coverage.prompts).toFixed(1);
  const joined = coverage.join === 'column' ? '' : `, joined on ${coverage.join}`;
  const lines = [
    `Traces: ${coverage.traces} from ${coverage.file}${joined}; ${coverage.promptsWithTraces} of ${coverage.prompts} prompts (${share} %) have one, at most ${coverage.mostForOnePrompt} a prompt`,
  ];
  const counts = describeCounts(coverage.counts);
  if (counts !== '') lines.push(`  ${counts}`, ...listProblems(coverage.problems));
  return lines;
}

function listProblems(problems: readonly Problem<string>[]): string[] {
  const lines = problems.slice(0, shownProblems).map((problem) => `  ${describeProblem(problem)}`);
  if (problems.length > shownProblems) lines.push('  …');
  return lines;
}

function shorten(text: string): string {
  const short = text.length > shownCharacters ? `${text.slice(0, shownCharacters)}…` : text;
  return short.replaceAll('\n', '\n    ');
}

function describeBytes(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`;
  return bytes < 1 << 20 ? `${(bytes / 1024).toFixed(1)} KiB` : `${(bytes / (1 << 20)).toFixed(1)} MiB`;
}
