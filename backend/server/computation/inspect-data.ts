// How a dataset is understood, shown before a run file is written.
import { inspectDataset } from '../../data/inspect';
import { runConfigSchema } from '../../protocol/run-config';
import type { Computation } from './computation';

export const inspectData: Computation<'inspectData'> = async ({ file, map, traces, limit }, report) => {
  const inspection = await inspectDataset({
    file,
    ...(map && { map }),
    ...(limit === undefined ? {} : { limit }),
    // As in a run file, with an absolute path.
    ...(traces === undefined ? {} : { traces: runConfigSchema.shape.traces.parse(traces) }),
    onProgress: (records) => report.progress(records, undefined, `${records} rows checked`),
  });
  return { ...inspection };
};
