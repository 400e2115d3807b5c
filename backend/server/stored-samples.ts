// The stored completions of a run as windows ask for them: a step's groups, or a search over all steps.
import { readFile } from 'node:fs/promises';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { SampledGroup, SampleFilter } from '../protocol/messages';
import type { SampleLine } from '../protocol/sample';
import { readSampleFile, sampledSteps, sampleFilePath } from '../trainer/run-folder/sample-file';
import { systemCode } from '../trainer/run-folder/storage-error';

/** @throws SuperRlError `run` when the step has no samples or they are damaged. */
export async function readGroups(
  run: string,
  step: number,
  filter: SampleFilter,
  group?: number,
): Promise<SampledGroup[]> {
  const lines = await readSampleFile(run, step);
  const wanted = group === undefined ? lines : lines.filter((line) => line.group === group);
  return filterGroups(groupLines(wanted), filter);
}

export interface SearchRequest {
  readonly run: string;
  readonly filter: SampleFilter;
  readonly beforeStep?: number | undefined;
  readonly limit: number;
  readonly signal: AbortSignal;
  readonly onProgress: (steps: number, of: number) => void;
}

/** Newest step first; `complete` when the first step was reached. */
export async function searchGroups(request: SearchRequest): Promise<{ groups: SampledGroup[]; complete: boolean }> {
  const { run, filter, limit, beforeStep = Number.POSITIVE_INFINITY, signal } = request;
  const steps = sampledSteps(run)
    .filter((step) => step < beforeStep)
    .reverse();
  const groups: SampledGroup[] = [];
  for (const [index, step] of steps.entries()) {
    await nextTurn();
    signal.throwIfAborted();
    // A step is given whole or not at all, so that the search can go on before it.
    if (groups.length >= limit) return { groups, complete: false };
    if (await mayHold(run, step, filter)) groups.push(...(await readGroups(run, step, filter)));
    request.onProgress(index + 1, steps.length);
  }
  return { groups, complete: true };
}

/** Groups with their completions, in order. */
export function groupLines(lines: readonly SampleLine[]): SampledGroup[] {
  const groups = new Map<number, SampledGroup>();
  for (const line of lines) {
    if (line.kind === 'group') groups.set(line.group, { group: line, completions: [] });
    else groups.get(line.group)?.completions.push(line);
  }
  return [...groups.values()];
}

/** Those that pass; with `text`, only with the completions that hold it, upper and lower case alike. */
export function filterGroups(groups: readonly SampledGroup[], filter: SampleFilter): SampledGroup[] {
  const { decision, solved, maskedByShaping, text, promptId } = filter;
  const wanted = text?.toLowerCase();
  return groups.flatMap(({ group, completions }) => {
    const seen = group.decision;
    if (decision !== undefined && seen.kind !== decision) return [];
    if (promptId !== undefined && group.promptId !== promptId) return [];
    if (solved !== undefined && seen.solved !== solved) return [];
    if (maskedByShaping !== undefined && seen.maskedByShaping !== maskedByShaping) return [];
    if (wanted === undefined) return [{ group, completions }];
    const found = completions.filter((completion) => completion.text.toLowerCase().includes(wanted));
    return found.length === 0 ? [] : [{ group, completions: found }];
  });
}

/** A look at the raw file, many times quicker than parsing it: false when no group can pass. */
async function mayHold(run: string, step: number, { text, promptId }: SampleFilter): Promise<boolean> {
  if (text === undefined && promptId === undefined) return true;
  try {
    const raw = await readFile(sampleFilePath(run, step), 'utf8');
    if (promptId !== undefined && !raw.includes(`"promptId":${JSON.stringify(promptId)}`)) return false;
    return text === undefined || raw.toLowerCase().includes(JSON.stringify(text).slice(1, -1).toLowerCase());
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return false; // replaced or removed this moment
    throw error;
  }
}
