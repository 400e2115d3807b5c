// Every command: its words, icon, and when it can work. The keys are the one list that handlers, menus, keybindings
// and package.json are made from, so that a command without a handler doesn't compile.

export interface CommandContribution {
  readonly title: string;
  readonly icon?: `$(${string})`;
  /** When-clause; the palette and every menu show the command disabled or not at all where it is false. */
  readonly enablement?: string;
  /** Needs an argument that only a view, a code lens or another command has: kept out of the palette. */
  readonly needsArgument?: true;
}

/** Context keys that the extension sets (contexts.ts). */
export const contextKeys = {
  hasRuns: 'superrl.hasRuns',
  hasRunning: 'superrl.hasRunning',
  hasPausable: 'superrl.hasPausable',
  hasResumable: 'superrl.hasResumable',
  hasCheckpoints: 'superrl.hasCheckpoints',
  hasTwoRuns: 'superrl.hasTwoRuns',
} as const;

/** Code of the person's own, or a process that trains, may be started. */
const trusted = 'isWorkspaceTrusted';

export const commands = {
  'superrl.startTraining': { title: 'Start Training', icon: '$(play)', enablement: trusted },
  'superrl.startTrainingFrom': { title: 'Start Training…', icon: '$(play-circle)', enablement: trusted },
  'superrl.pickDataset': { title: 'Pick Dataset', icon: '$(database)', enablement: trusted },
  'superrl.pickTraces': { title: 'Pick Offline Traces', icon: '$(book)', enablement: trusted },
  'superrl.probeSparsity': { title: 'Probe Sparsity', icon: '$(pulse)', enablement: trusted },
  'superrl.pause': {
    title: 'Pause',
    icon: '$(debug-pause)',
    enablement: `${trusted} && ${contextKeys.hasPausable}`,
  },
  'superrl.resume': {
    title: 'Resume',
    icon: '$(debug-continue)',
    enablement: `${trusted} && ${contextKeys.hasResumable}`,
  },
  'superrl.stop': { title: 'Stop', icon: '$(debug-stop)', enablement: `${trusted} && ${contextKeys.hasRunning}` },
  'superrl.saveCheckpoint': {
    title: 'Save Checkpoint Now',
    icon: '$(save)',
    enablement: `${trusted} && ${contextKeys.hasRunning}`,
  },
  'superrl.openDashboard': { title: 'Open Dashboard', icon: '$(graph-line)', enablement: contextKeys.hasRuns },
  'superrl.compareRuns': { title: 'Compare Runs', icon: '$(diff)', enablement: contextKeys.hasTwoRuns },
  'superrl.auditTraces': { title: 'Audit Traces', icon: '$(checklist)', enablement: trusted },
  'superrl.openSample': { title: 'Open Sample', icon: '$(comment-discussion)', enablement: contextKeys.hasRuns },
  'superrl.compareSampleWithTrace': {
    title: 'Compare Sample with Trace',
    icon: '$(diff-single)',
    enablement: contextKeys.hasRuns,
  },
  'superrl.compareSampleWithEarlier': {
    title: 'Compare Sample with an Earlier One of the Same Prompt',
    icon: '$(history)',
    enablement: contextKeys.hasRuns,
  },
  'superrl.openRows': { title: 'Open Rows', icon: '$(table)' },
  'superrl.exportModel': {
    title: 'Export Model',
    icon: '$(export)',
    enablement: `${trusted} && ${contextKeys.hasCheckpoints}`,
  },
  'superrl.tryModel': {
    title: 'Try Model',
    icon: '$(comment)',
    enablement: `${trusted} && ${contextKeys.hasCheckpoints}`,
  },
  'superrl.selectEngine': { title: 'Select Engine', icon: '$(circuit-board)', enablement: trusted },
  'superrl.engineDoctor': { title: 'Engine Doctor', icon: '$(heart)', enablement: trusted },
  'superrl.debugReward': {
    title: 'Debug Reward on Sample',
    icon: '$(debug-alt)',
    enablement: `${trusted} && ${contextKeys.hasRuns}`,
  },
  'superrl.debugRewardAgain': {
    title: 'Debug Reward on the Last Sample Again',
    icon: '$(debug-restart)',
    enablement: `${trusted} && ${contextKeys.hasRuns}`,
  },
  'superrl.rescoreRun': {
    title: 'Rescore Run',
    icon: '$(sync)',
    enablement: `${trusted} && ${contextKeys.hasRuns}`,
  },
  'superrl.saveFixture': {
    title: 'Save Sample as Reward Fixture',
    icon: '$(beaker)',
    enablement: `${trusted} && ${contextKeys.hasRuns}`,
  },
  'superrl.newRewardFunction': { title: 'New Reward Function', icon: '$(new-file)', enablement: trusted },
  'superrl.openExample': { title: 'Open Example', icon: '$(beaker)' },
  'superrl.openBrokenExample': { title: 'Open Example of a Broken Reward', icon: '$(bug)' },
  'superrl.showLog': { title: 'Show Log', icon: '$(output)' },
  'superrl.refreshRuns': { title: 'Refresh', icon: '$(refresh)' },
  'superrl.openRunConfiguration': { title: 'Open Configuration', icon: '$(json)', needsArgument: true },
  'superrl.revealRunFolder': { title: 'Reveal Run Folder', icon: '$(folder-opened)', needsArgument: true },
  'superrl.cancelQueued': { title: 'Remove from Queue', icon: '$(close)', needsArgument: true },
} as const satisfies Record<`superrl.${string}`, CommandContribution>;

export type CommandId = keyof typeof commands;

export const commandIds = Object.keys(commands) as CommandId[];

export function commandContribution(id: CommandId): CommandContribution {
  return commands[id];
}
