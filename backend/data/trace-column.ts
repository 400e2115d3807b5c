// Traces from a column of the dataset's own file.
import type { OpenDataset } from './dataset';
import { fieldOf, hasDemonstrations, type Mapping, readDemonstrations, withDemonstrations } from './mapping';
import { ProblemList, type TraceProblemKind } from './problems';
import {
  type AttachOptions,
  isUsable,
  type TraceSource,
  type TracesConfig,
  tracesError,
  withinLimit,
} from './trace-source';

/** Throws SuperRlError('traces') when the file has no trace column, or no row has a trace in it. */
export async function ownTraces(
  dataset: OpenDataset,
  traces: TracesConfig,
  options: AttachOptions,
): Promise<TraceSource> {
  const mapping = withDemonstrations(dataset.mapping, traces.map, 'traces.map');
  for (const field of ['prompt', 'answer', 'id'] as const) {
    if (traces.map[field] === undefined) continue;
    throw tracesError(
      dataset.file,
      `traces.map.${field} has no use without traces.path. Remove it, or set it in data.map.`,
    );
  }
  if (!hasDemonstrations(mapping)) {
    const columns = mapping.vocabulary.paths.filter((path) => !path.includes('.')).join(', ');
    throw tracesError(
      dataset.file,
      `No column is known to hold traces. Name one of ${columns} in traces.map, for example {"demonstration": "…"}, name another file in traces.path, or leave "traces" out.`,
    );
  }
  const { limit } = options;
  const coverage = await measure(dataset, mapping, traces, options);
  return {
    coverage,
    of: async (index, row) => {
      const place = dataset.place(index);
      const texts = readDemonstrations(mapping, row.columns) ?? [];
      return withinLimit(
        texts.map((text) => ({ text, place })),
        traces,
        limit,
      );
    },
    close: async () => {},
  };
}

async function measure(
  dataset: OpenDataset,
  mapping: Mapping,
  traces: TracesConfig,
  { limit, signal }: AttachOptions,
): Promise<TraceSource['coverage']> {
  const problems = new ProblemList<TraceProblemKind>();
  let promptsWithTraces = 0;
  let used = 0;
  let mostForOnePrompt = 0;
  let index = 0;
  for await (const row of dataset.scan(signal)) {
    const place = dataset.place(index++);
    const at = { place, row: row.source.row };
    const texts = readDemonstrations(mapping, row.columns);
    if (texts === undefined) problems.add({ kind: 'traceNotText', ...at, reason: 'The trace is an object, not text.' });
    else if (texts.length === 0) problems.add({ kind: 'emptyTrace', ...at, reason: 'The trace is empty.' });
    const usable = (texts ?? []).filter((text) => isUsable({ text, ...at }, traces, limit, problems)).length;
    if (usable > 0) promptsWithTraces++;
    used += usable;
    mostForOnePrompt = Math.max(mostForOnePrompt, usable);
  }
  if (promptsWithTraces === 0) {
    const column = (fieldOf(mapping, 'demonstration') ?? fieldOf(mapping, 'demonstrations'))?.text;
    const first = problems.listed[0]?.reason ?? '';
    const advice =
      problems.listed[0]?.kind === 'traceTooLong'
        ? 'Raise rollout.maxNewTokens, or say with traces.onTooLong to truncate or keep them.'
        : 'Name another column in traces.map, or leave "traces" out.';
    throw tracesError(
      dataset.file,
      `None of the ${dataset.length} rows has a usable trace in "${column}". ${first} ${advice}`,
    );
  }
  return {
    file: dataset.file,
    join: 'column',
    prompts: dataset.length,
    promptsWithTraces,
    traces: used,
    mostForOnePrompt,
    counts: problems.counts,
    problems: problems.listed,
  };
}
