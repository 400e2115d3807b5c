// Commands on stored samples: open one in full, compare it with a trace or with an earlier sample of its prompt.
import * as vscode from 'vscode';
import { z } from 'zod';
import type { SampledGroup } from '../../backend/protocol/messages';
import { compareSamples, openSampleDocument, type SamplePlace, samplePlace } from '../documents/sample-documents';
import type { Services } from '../services';
import { type Handlers, runArgument } from './handler';
import { pickRun } from './pick-run';

const completionSchema = z.object({ run: z.string(), step: z.int(), group: z.int(), index: z.int() });
const comparisonSchema = completionSchema.extend({ demonstration: z.int().default(0) });
type CompletionPlace = z.infer<typeof completionSchema>;

/** Earlier groups of a prompt that are offered for comparison. */
const mostEarlier = 10;

export function sampleCommands(
  services: Services,
): Pick<Handlers, 'superrl.openSample' | 'superrl.compareSampleWithTrace' | 'superrl.compareSampleWithEarlier'> {
  return {
    'superrl.openSample': async (argument) => {
      const given = completionSchema.safeParse(argument);
      const place = given.success ? completionPart(given.data) : await pickSample(services, runArgument(argument));
      if (place) await openSampleDocument(place);
    },
    'superrl.compareSampleWithTrace': async (argument) => {
      const given = comparisonSchema.safeParse(argument);
      if (given.success) return compare(given.data, given.data.demonstration);
      const picked = await pickSample(services, runArgument(argument), ({ group }) => group.demonstrations.length > 0);
      if (picked?.part.kind !== 'completion') return;
      await compare({ ...picked, index: picked.part.index }, 0);
    },
    'superrl.compareSampleWithEarlier': async (argument) => {
      const given = completionSchema.safeParse(argument);
      const picked = given.success
        ? completionPart(given.data)
        : (activeSample() ?? (await pickSample(services, runArgument(argument), () => true)));
      if (picked?.part.kind === 'completion') await compareWithEarlier(services, picked, picked.part.index);
    },
  };
}

async function compare(place: CompletionPlace, demonstration: number): Promise<void> {
  const { run, step, group } = place;
  const trace: SamplePlace = { run, step, group, part: { kind: 'trace', index: demonstration } };
  const title = `Step ${step}, group ${group + 1}: trace ↔ completion ${place.index + 1}`;
  await compareSamples(trace, completionPart(place), title);
}

/** The sample in the active editor. */
function activeSample(): SamplePlace | undefined {
  const uri = vscode.window.activeTextEditor?.document.uri;
  const place = uri && samplePlace(uri);
  return place?.part.kind === 'completion' ? place : undefined;
}

/** With a completion of the same prompt in an earlier step; where there are several, the person picks one. */
async function compareWithEarlier({ connection, samples }: Services, place: SamplePlace, index: number): Promise<void> {
  const { run, step, group } = place;
  const { promptId } = (await samples.group(run, step, group)).group;
  const { groups } = await connection.request('searchSamples', {
    ...{ run, filter: { promptId }, beforeStep: step, limit: mostEarlier },
  });
  const items = groups.flatMap((earlier) => earlierItems(earlier, index));
  if (items.length === 0) {
    void vscode.window.showInformationMessage(`No step before ${step} has sampled this prompt.`);
    return;
  }
  const [only] = items;
  const picked =
    items.length === 1
      ? only
      : await vscode.window.showQuickPick(items, {
          placeHolder: `Which earlier sample, to compare with completion ${index + 1} of step ${step}?`,
          matchOnDetail: true,
        });
  if (!picked) return;
  const earlier = completionPart({ run, ...picked.place });
  const title = `Same prompt: step ${picked.place.step} ↔ step ${step}, completion ${index + 1}`;
  await compareSamples(earlier, place, title);
}

/** Of one group, the completion with the same number first. */
function earlierItems({ group, completions }: SampledGroup, sameIndex: number) {
  const { step, group: number } = group;
  const ordered = [...completions].sort((a, b) => Number(b.index === sameIndex) - Number(a.index === sameIndex));
  return ordered.map(({ index, text, reward, success }) => ({
    label: `${success ? '$(check)' : '$(circle-outline)'} Step ${step}, completion ${index + 1}`,
    description: reward === null ? 'invalid' : `reward ${reward.toFixed(2)}`,
    detail: text.slice(0, 200).replaceAll('\n', ' ⏎ '),
    place: { step, group: number, index },
  }));
}

function completionPart({ run, step, group, index }: CompletionPlace): SamplePlace {
  return { run, step, group, part: { kind: 'completion', index } };
}

/** Step → group → completion (or the whole group, when completions are not asked for one by one). */
async function pickSample(
  services: Services,
  given: string | undefined,
  has?: (group: SampledGroup) => boolean,
): Promise<SamplePlace | undefined> {
  const run = given ?? (await pickRun(services, 'A sample of which run?'))?.run;
  if (run === undefined) return undefined;
  const { steps } = await services.connection.request('sampleSteps', { run });
  if (steps.length === 0) {
    void vscode.window.showInformationMessage('This run has no samples yet.');
    return undefined;
  }
  const step = await vscode.window.showQuickPick(
    [...steps].reverse().map((number) => ({ label: `Step ${number}`, number })),
    { placeHolder: 'A sample of which step?' },
  );
  if (!step) return undefined;
  const { groups } = await services.connection.request('readSamples', { run, step: step.number });
  const shown = has ? groups.filter(has) : groups;
  const picked = await vscode.window.showQuickPick(shown.map(groupItem), {
    placeHolder: shown.length === 0 ? 'No group of this step has a trace' : 'Which group?',
    matchOnDescription: true,
    matchOnDetail: true,
  });
  if (!picked) return undefined;
  const { group, completions } = picked.group;
  const at = { run, step: step.number, group: group.group };
  const whole = { label: '$(list-tree) The whole group', description: group.decision.kind, index: undefined };
  const items = completions.map(({ index, text, reward, success }) => ({
    label: `${success ? '$(check)' : '$(circle-outline)'} Completion ${index + 1}`,
    description: reward === null ? 'invalid' : `reward ${reward.toFixed(2)}`,
    detail: text.slice(0, 200).replaceAll('\n', ' ⏎ '),
    index,
  }));
  const completion = await vscode.window.showQuickPick(has ? items : [whole, ...items], {
    placeHolder: group.decision.reason,
  });
  if (!completion) return undefined;
  return completion.index === undefined
    ? { ...at, part: { kind: 'group' } }
    : completionPart({ ...at, index: completion.index });
}

function groupItem(sampled: SampledGroup): vscode.QuickPickItem & { readonly group: SampledGroup } {
  const { group } = sampled;
  const { kind, successes, valid, reason } = group.decision;
  return {
    label: `Group ${group.group + 1}: ${kind}`,
    description: `solved ${successes}/${valid} · ${group.question.slice(0, 80).replaceAll('\n', ' ')}`,
    detail: reason,
    group: sampled,
  };
}
