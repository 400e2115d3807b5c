// Commands on reward functions: debug one on a stored sample, score a run's stored completions anew, keep one as a
// fixture.
import { basename } from 'node:path';
import * as vscode from 'vscode';
import { z } from 'zod';
import { SuperRlError } from '../../backend/protocol/errors';
import { pickDebugSample } from '../debugging/pick-debug-sample';
import { rescoreSummary } from '../documents/rescore-text';
import { samplePlace } from '../documents/sample-documents';
import { rewardSettings } from '../rewards/reward-settings';
import type { FileReward } from '../rewards/run-rewards';
import type { Services } from '../services';
import { saveFixture } from '../testing/save-fixture';
import { type Handlers, runArgument } from './handler';
import { pickRun } from './pick-run';
import { requestWithProgress } from './with-progress';

/** A completion, or a whole group, of a run; `component` when it is known which reward is meant. */
const sampleSchema = z.object({
  run: z.string(),
  step: z.int(),
  group: z.int(),
  index: z.int().optional(),
  component: z.string().optional(),
  /** For a fixture: a trace of the prompt instead of a completion. */
  demonstration: z.int().optional(),
});
type SampleArgument = z.infer<typeof sampleSchema>;
/** A function of a reward file, as lenses and the Rewards view name it. */
const functionSchema = z.union([
  z.object({ file: z.string(), name: z.string(), only: z.boolean().default(false) }),
  z
    .object({ kind: z.literal('function'), uri: z.object({ fsPath: z.string() }), name: z.string() })
    .transform(({ uri, name }) => ({ file: uri.fsPath, name, only: true })),
]);

type RewardCommand = 'superrl.debugReward' | 'superrl.debugRewardAgain' | 'superrl.rescoreRun' | 'superrl.saveFixture';

export function rewardCommands(services: Services): Pick<Handlers, RewardCommand> {
  return {
    'superrl.debugReward': (argument) => debugReward(services, argument),
    'superrl.debugRewardAgain': () => services.debugging.debugAgain(),
    'superrl.rescoreRun': (argument) => rescoreRun(services, argument),
    'superrl.saveFixture': (argument) => saveSample(services, argument),
  };
}

async function debugReward(services: Services, argument: unknown): Promise<void> {
  const { debugging } = services;
  const chosen = await chooseSample(services, argument, 'Debug', ({ file }) => debugging.canDebug(file));
  if (!chosen) return;
  const { reward, place } = chosen;
  const target = { ...place, rewardFile: reward.file, export: reward.export };
  await debugging.debug(debugging.onSample(target, reward.component));
}

async function saveSample(services: Services, argument: unknown): Promise<void> {
  const chosen = await chooseSample(services, argument, 'Fixture of');
  if (!chosen) return;
  const { reward, place } = chosen;
  const { group, completions } = await services.samples.group(place.run, place.step, place.group);
  if (place.demonstration !== undefined) {
    await saveFixture(reward, group, { demonstration: place.demonstration });
    return;
  }
  const completion = completions.find(({ index }) => index === (place.index ?? 0));
  if (!completion) throw new SuperRlError('run', `Step ${place.step}, group ${place.group} has no such completion.`);
  await saveFixture(reward, group, completion);
}

/**
 * The sample and reward that the command was called on; else it asks.
 * @param accepts told the reward before a sample is asked for; false: there is nothing more to ask
 */
async function chooseSample(
  services: Services,
  argument: unknown,
  verb: string,
  accepts: (reward: FileReward) => Promise<boolean> = async () => true,
): Promise<{ reward: FileReward; place: Omit<SampleArgument, 'component'> } | undefined> {
  const { connection, rewards } = services;
  const sample = sampleSchema.safeParse(argument).data ?? activeSample();
  const reward = sample
    ? await componentOf(await rewards.of(sample.run), sample.component)
    : await chooseReward(services, argument);
  if (!reward || !(await accepts(reward))) return undefined;
  const picked = sample ?? (await pickDebugSample(connection, reward, `${verb} ${reward.component}`));
  if (!picked) return undefined;
  const { run, step, group, index } = picked;
  return { reward, place: { run, step, group, index, demonstration: sample?.demonstration } };
}

/** The completion whose document is in the active editor. */
function activeSample(): SampleArgument | undefined {
  const uri = vscode.window.activeTextEditor?.document.uri;
  const place = uri && samplePlace(uri);
  if (place?.part.kind !== 'completion') return undefined;
  const { run, step, group, part } = place;
  return { run, step, group, index: part.index };
}

async function rescoreRun(services: Services, argument: unknown): Promise<void> {
  const reward = await chooseReward(services, argument);
  if (!reward) return;
  const { run, component, file } = reward;
  await vscode.workspace.saveAll(false); // what is on disk is what runs
  const name = services.runs.get(run)?.name ?? basename(run);
  const result = await requestWithProgress(services.connection, `Scoring ${name} with ${component}`, 'rescore', {
    ...{ run, component, rewardFile: file, settings: rewardSettings() },
    ...(reward.export === undefined ? {} : { export: reward.export }),
  });
  const summary = rescoreSummary(result, component);
  if (result.changedCount === 0) void vscode.window.showInformationMessage(summary);
  else await services.rescored.show(reward, result, `${name}: ${component} as stored ↔ as it is now`);
}

/** The reward that the command was called on: a function, a run, the file in the editor; else it asks. */
export async function chooseReward(services: Services, argument: unknown): Promise<FileReward | undefined> {
  const { rewards } = services;
  const given = functionSchema.safeParse(argument).data;
  const run = given ? undefined : runArgument(argument);
  if (run !== undefined) return componentOf(await rewards.of(run), undefined);
  const active = vscode.window.activeTextEditor?.document.uri.fsPath;
  const ofFile = given
    ? await rewards.uses(given.file, given.name, given.only)
    : active === undefined
      ? []
      : await rewards.uses(active);
  if (ofFile.length > 0) return chooseRun(services, ofFile);
  if (given) {
    throw new SuperRlError(
      'usage',
      `No run here has used ${given.name} yet. Name it in a run file and start training.`,
      {
        place: { file: given.file },
      },
    );
  }
  const picked = await pickRun(services, 'A reward of which run?');
  return picked && componentOf(await rewards.of(picked.run), undefined);
}

/** With one run there is nothing to ask. */
async function chooseRun({ runs }: Services, uses: readonly FileReward[]): Promise<FileReward | undefined> {
  if (uses.length === 1) return uses[0];
  const items = uses.map((use) => ({
    label: runs.get(use.run)?.name ?? use.run,
    description: `${use.component} · step ${runs.get(use.run)?.step ?? 0}`,
    detail: use.run,
    use,
  }));
  return (await vscode.window.showQuickPick(items, { placeHolder: 'On a sample of which run?' }))?.use;
}

async function componentOf(found: readonly FileReward[], wanted: string | undefined): Promise<FileReward | undefined> {
  if (wanted !== undefined) {
    const component = found.find(({ component }) => component === wanted);
    if (component) return component;
    throw new SuperRlError(
      'usage',
      `The reward "${wanted}" is built in: its code is not in a file of yours. Debugging is for rewards with "file" in the run file.`,
    );
  }
  if (found.length === 0) {
    throw new SuperRlError(
      'usage',
      'This run has only built-in rewards, whose code is not in a file of yours. Debugging is for rewards with "file" in the run file.',
    );
  }
  if (found.length === 1) return found[0];
  const items = found.map((reward) => ({ label: reward.component, description: reward.file, reward }));
  return (await vscode.window.showQuickPick(items, { placeHolder: 'Which reward?' }))?.reward;
}
