// The texts of prompts that a trace helped: what was sampled before, the trace, and what succeeded afterwards.
import type { SampleLine } from '../protocol/sample';
import { readStepSamples } from '../trainer/run-folder/sample-file';
import type { Rescue, Visit } from '../trainer/switch-report';

export interface RescueTexts extends Rescue {
  readonly prompt: string;
  /** A completion of the unsolved group. */
  readonly sampledBefore: string;
  readonly trace: string;
  /** A completion that succeeded at the next visit. */
  readonly succeededAfter: string;
}

/** At most `most` of them; those whose sample files are gone are left out. */
export async function rescueTexts(folder: string, rescues: readonly Rescue[], most: number): Promise<RescueTexts[]> {
  const texts: RescueTexts[] = [];
  for (const rescue of rescues) {
    if (texts.length >= most) break;
    const [before, after] = await Promise.all([linesOf(folder, rescue.before), linesOf(folder, rescue.after)]);
    const group = before.find((line) => line.kind === 'group');
    const failed = before.find((line) => line.kind === 'completion');
    const succeeded = after.find((line) => line.kind === 'completion' && line.success);
    if (group?.kind !== 'group' || failed?.kind !== 'completion' || succeeded?.kind !== 'completion') continue;
    texts.push({
      ...rescue,
      prompt: group.question,
      sampledBefore: failed.text,
      trace: group.demonstrations[0] ?? '',
      succeededAfter: succeeded.text,
    });
  }
  return texts;
}

async function linesOf(folder: string, { step, group }: Visit): Promise<SampleLine[]> {
  const lines = (await readStepSamples(folder, step)) ?? [];
  return lines.filter((line) => line.group === group);
}
