// A step's decisions and samples go into the run folder before its update, so that what a crash interrupts can be read.
import type { Run } from './run';
import { type LoggedGroup, sampleLines } from './sample-lines';

/** @param advantages A by [group][completion]; null: invalid */
export async function logGroups(
  run: Run,
  step: number,
  groups: readonly LoggedGroup[],
  advantages: readonly (readonly (number | null)[])[],
): Promise<void> {
  const lines = groups.flatMap((group, g) =>
    sampleLines(step, group, advantages[g] ?? [], run.config.switch.successAbove),
  );
  await run.ledger.writeSamples(step, lines);
  for (const { index, attempt, prompt, decision } of groups) {
    await run.ledger.append('decision', { step, group: index, promptId: prompt.row.id, attempt, decision });
  }
}
