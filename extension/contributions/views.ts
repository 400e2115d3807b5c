// The activity-bar container with its tree views, and what each says while it is empty.

export const viewContainer = 'superrl';
export const dashboardViewType = 'superrl.dashboard';

/** Custom editors of data files as rows: the only one there is for binary files, one to choose for text. */
export const rowsViewTypes = { binary: 'superrl.rows', text: 'superrl.textRows' } as const;

export const customEditors = [
  {
    viewType: rowsViewTypes.binary,
    displayName: 'SuperRL Rows',
    selector: ['*.parquet', '*.parquet.gz', '*.{jsonl,ndjson,csv}.gz'].map((filenamePattern) => ({ filenamePattern })),
    priority: 'default',
  },
  {
    viewType: rowsViewTypes.text,
    displayName: 'SuperRL Rows (Read-Only)',
    selector: [{ filenamePattern: '*.{jsonl,ndjson,json,csv}' }],
    priority: 'option',
  },
] as const;

export const views = {
  'superrl.runs': { name: 'Runs', contextualTitle: 'SuperRL Runs' },
  'superrl.data': { name: 'Data', contextualTitle: 'SuperRL Data' },
  'superrl.rewards': { name: 'Rewards', contextualTitle: 'SuperRL Rewards' },
} as const;
export type ViewId = keyof typeof views;

/** `contextValue` of tree items; menus match them by regular expression. */
export const treeItems = {
  run: 'superrl.run',
  queued: 'superrl.queued',
  checkpoint: 'superrl.checkpoint',
  runFile: 'superrl.runFile',
  dataset: 'superrl.dataset',
  rewardFile: 'superrl.rewardFile',
  rewardFunction: 'superrl.rewardFunction',
} as const;

/** The state marks that a run's contextValue carries after its kind: `superrl.run pausable running`. */
export const runMarks = ['pausable', 'resumable', 'running', 'checkpoints'] as const;
export type RunMark = (typeof runMarks)[number];

const commandLink = (label: string, command: string) => `[${label}](command:${command})`;

export const viewsWelcome = [
  {
    view: 'superrl.runs',
    contents: [
      'No run yet. Train a small model on the built-in Countdown example: it needs no configuration and learns within minutes.',
      commandLink('Start Training', 'superrl.startTraining'),
      commandLink('Open Example', 'superrl.openExample'),
    ].join('\n'),
    when: 'isWorkspaceTrusted',
  },
  {
    view: 'superrl.runs',
    contents:
      'In restricted mode runs can be looked at, and nothing is executed.\n[Manage Workspace Trust](command:workbench.trust.manage)',
    when: '!isWorkspaceTrusted',
  },
  {
    view: 'superrl.data',
    contents: [
      'No run file (*.superrl.json) in this folder names a dataset yet. Datasets are JSONL, JSON, CSV or Parquet files.',
      commandLink('Pick Dataset', 'superrl.pickDataset'),
    ].join('\n'),
  },
  {
    view: 'superrl.rewards',
    contents: [
      'No reward function here yet. They live in *.reward.ts, .js, .mjs or .py files, or in files that a run file names.',
      commandLink('New Reward Function', 'superrl.newRewardFunction'),
      commandLink('Open Example of a Broken Reward', 'superrl.openBrokenExample'),
    ].join('\n'),
  },
] as const satisfies readonly { view: ViewId; contents: string; when?: string }[];
