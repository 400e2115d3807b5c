// What a rescored run says, as two texts that the editor's diff shows side by side: as stored, and as it is now. Line by
// line they are about the same completion. Pure.
import type { RequestResult } from '../../backend/protocol/messages';
import { outcomeText } from './group-text';

export type Rescored = RequestResult<'rescore'>;

/** Of decisions, and of completions: the diff, in which each of these lines is another, gives up on many more. */
const mostLines = 1000;

export interface RescoreTexts {
  readonly before: string;
  readonly after: string;
  /** Where each line (0-based) leads: a group, or a completion of it. */
  readonly places: ReadonlyMap<number, { readonly step: number; readonly group: number; readonly index?: number }>;
}

/** "1,024 completions scored anew by solved: 37 changed, 5 decisions of the switch would have been others." */
export function rescoreSummary({ completions, changedCount, decisionsChanged }: Rescored, component: string): string {
  const number = (value: number) => value.toLocaleString('en');
  const scored = `${number(completions)} completions scored anew by ${component}`;
  if (changedCount === 0) return `${scored}: none changed.`;
  const decisions =
    decisionsChanged.length === 0
      ? 'no decision of the switch would have been another'
      : decisionsChanged.length === 1
        ? 'one decision of the switch would have been another'
        : `${number(decisionsChanged.length)} decisions of the switch would have been others`;
  return `${scored}: ${number(changedCount)} changed, ${decisions}.`;
}

export function rescoreTexts(result: Rescored, component: string): RescoreTexts {
  const before: string[] = [];
  const after: string[] = [];
  const places = new Map<number, { step: number; group: number; index?: number }>();
  const both = (line: string) => {
    before.push(line);
    after.push(line);
  };
  const more = (count: number, what: string) => {
    if (count > 0) both(`… and ${count.toLocaleString('en')} more ${what}`);
  };
  both(rescoreSummary(result, component));
  const { decisionsChanged } = result;
  if (decisionsChanged.length > 0) {
    both('');
    both(`Decisions of the switch (${decisionCounts(decisionsChanged)})`);
    for (const { step, group, before: was, after: is } of decisionsChanged.slice(0, mostLines)) {
      places.set(before.length, { step, group });
      const where = `step ${step}, group ${group + 1}`;
      before.push(`${where}: ${was}`);
      after.push(`${where}: ${is}`);
    }
    more(decisionsChanged.length - mostLines, 'decisions');
  }
  both('');
  both(component);
  const listed = result.changed.slice(0, mostLines);
  for (const { step, group, index, before: was, after: is } of listed) {
    places.set(before.length, { step, group, index });
    const where = `step ${step}, group ${group + 1}, completion ${index + 1}`;
    before.push(`${where}: ${oneLine(outcomeText(was))}`);
    after.push(`${where}: ${oneLine(outcomeText(is))}`);
  }
  more(result.changedCount - listed.length, 'changed completions');
  return { before: `${before.join('\n')}\n`, after: `${after.join('\n')}\n`, places };
}

/** "312 × sft → pg, 4 × pg → none" */
function decisionCounts(decisions: Rescored['decisionsChanged']): string {
  const counts = new Map<string, number>();
  for (const { before, after } of decisions) {
    const kind = `${before} → ${after}`;
    counts.set(kind, (counts.get(kind) ?? 0) + 1);
  }
  const sorted = [...counts].sort(([, a], [, b]) => b - a);
  return sorted.map(([kind, count]) => `${count.toLocaleString('en')} × ${kind}`).join(', ');
}

function oneLine(text: string): string {
  const [first = ''] = text.split('\n');
  return first.length > 200 ? `${first.slice(0, 199)}…` : first;
}
