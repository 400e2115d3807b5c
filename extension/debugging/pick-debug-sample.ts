// Asks which stored completion of a reward is meant: first how to look for it, then which one.
import * as vscode from 'vscode';
import type { SampledGroup } from '../../backend/protocol/messages';
import { outcomeText } from '../documents/group-text';
import type { FileReward } from '../rewards/run-rewards';
import type { ServerConnection } from '../server/server-connection';
import { type RankedSample, rankSamples, type SampleOrder } from './rank-samples';

export interface CompletionPlace {
  readonly run: string;
  readonly step: number;
  readonly group: number;
  readonly index: number;
}

/** Groups of the newest steps that are looked through; a step can be chosen for others. */
const mostGroups = 200;

const orders: readonly (vscode.QuickPickItem & { readonly order: SampleOrder })[] = [
  { label: '$(error) Failed', description: 'the reward threw, timed out or gave no finite number', order: 'failed' },
  {
    label: '$(question) Same as the trace, yet no success',
    description: 'the reward is wrong, or the trace is',
    order: 'unrewardedTrace',
  },
  { label: '$(arrow-down) Lowest reward', description: 'lowest first', order: 'lowest' },
  { label: '$(arrow-up) Highest reward', description: 'highest first', order: 'highest' },
  {
    label: '$(git-compare) Disagreeing',
    description: 'scored otherwise than the rest of their group',
    order: 'disagreeing',
  },
];

/** undefined: the person left it. */
export async function pickDebugSample(
  connection: Pick<ServerConnection, 'request'>,
  { run, component }: FileReward,
  title: string,
): Promise<CompletionPlace | undefined> {
  const { groups } = await connection.request('searchSamples', { run, filter: {}, limit: mostGroups });
  if (groups.length === 0) {
    void vscode.window.showInformationMessage('This run has no samples yet: the first ones come with its first step.');
    return undefined;
  }
  const byStep = { label: '$(list-ordered) A step…', description: 'all completions of one step', order: undefined };
  const counted = orders.map((item) => ({ ...item, ranked: rankSamples(groups, component, item.order) }));
  const offered = counted.filter(({ ranked }) => ranked.length > 0);
  const order = await vscode.window.showQuickPick([...offered, { ...byStep, ranked: [] }], {
    title,
    placeHolder: 'On which sample?',
    matchOnDescription: true,
  });
  if (!order) return undefined;
  if (order.order !== undefined) return pickCompletion(order.ranked, component, run, title);
  const chosen = await groupsOfStep(connection, run);
  if (!chosen) return undefined;
  return pickCompletion(rankSamples(chosen, component, 'newest', Number.POSITIVE_INFINITY), component, run, title);
}

async function groupsOfStep(
  connection: Pick<ServerConnection, 'request'>,
  run: string,
): Promise<SampledGroup[] | undefined> {
  const { steps } = await connection.request('sampleSteps', { run });
  const step = await vscode.window.showQuickPick(
    [...steps].reverse().map((number) => ({ label: `Step ${number}`, number })),
    { placeHolder: 'A sample of which step?' },
  );
  return step && (await connection.request('readSamples', { run, step: step.number })).groups;
}

async function pickCompletion(
  ranked: readonly RankedSample[],
  component: string,
  run: string,
  title: string,
): Promise<CompletionPlace | undefined> {
  const items = ranked.map(({ group, completion }) => {
    const outcome = completion.rewards[component];
    const { step, group: number, index } = completion;
    return {
      label: `${outcome ? outcomeText(outcome).slice(0, 60) : 'not called'}`,
      description: `step ${step}, group ${number + 1}, completion ${index + 1} · ${oneLine(group.question, 60)}`,
      detail: oneLine(completion.text, 160),
      place: { run, step, group: number, index },
    };
  });
  const picked = await vscode.window.showQuickPick(items, {
    title,
    placeHolder: 'On which completion?',
    matchOnDescription: true,
    matchOnDetail: true,
  });
  return picked?.place;
}

function oneLine(text: string, most: number): string {
  const line = text.replaceAll('\n', ' ⏎ ');
  return line.length > most ? `${line.slice(0, most - 1)}…` : line || '(empty)';
}
