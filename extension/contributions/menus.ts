// Where commands stand besides the palette: editor title of run files, view titles, tree items.
import { type CommandId, commandContribution, commandIds } from './commands';
import { treeItems, type ViewId } from './views';

export interface MenuEntry {
  readonly command: CommandId;
  readonly when?: string;
  readonly group?: string;
}

/** Set by the editor for files whose name ends so. */
export const runFilePattern = '/\\.superrl\\.json$/';
const inRunFile = `resourceFilename =~ ${runFilePattern}`;
const isDataFile = 'resourceFilename =~ /\\.(jsonl|ndjson|csv|parquet)(\\.gz)?$/';
const view = (id: ViewId) => `view == ${id}`;
/** A tree item of a kind, and of runs only those that carry a mark. */
const item = (kind: keyof typeof treeItems, mark?: string) => {
  const pattern = `^${treeItems[kind].replace('.', '\\.')}\\b${mark ? `.*\\b${mark}\\b` : ''}`;
  return `viewItem =~ /${pattern}/`;
};

export function menus(): Record<string, readonly MenuEntry[]> {
  return {
    commandPalette: commandIds
      .filter((command) => commandContribution(command).needsArgument)
      .map((command) => ({ command, when: 'false' })),
    'editor/title/run': [{ command: 'superrl.startTraining', when: inRunFile, group: 'navigation@1' }],
    'explorer/context': [
      { command: 'superrl.startTraining', when: inRunFile, group: '2_superrl@1' },
      { command: 'superrl.auditTraces', when: inRunFile, group: '2_superrl@2' },
      {
        command: 'superrl.pickDataset',
        when: isDataFile,
        group: '2_superrl@3',
      },
      {
        command: 'superrl.openRows',
        when: isDataFile,
        group: '2_superrl@4',
      },
    ],
    'view/title': [
      { command: 'superrl.startTraining', when: view('superrl.runs'), group: 'navigation@1' },
      { command: 'superrl.compareRuns', when: view('superrl.runs'), group: 'navigation@2' },
      { command: 'superrl.refreshRuns', when: view('superrl.runs'), group: 'navigation@3' },
      { command: 'superrl.startTrainingFrom', when: view('superrl.runs'), group: '1_start@1' },
      { command: 'superrl.openExample', when: view('superrl.runs'), group: '1_start@2' },
      { command: 'superrl.openBrokenExample', when: view('superrl.runs'), group: '1_start@3' },
      { command: 'superrl.selectEngine', when: view('superrl.runs'), group: '2_engine@1' },
      { command: 'superrl.engineDoctor', when: view('superrl.runs'), group: '2_engine@2' },
      { command: 'superrl.showLog', when: view('superrl.runs'), group: '3_log@1' },
      { command: 'superrl.pickDataset', when: view('superrl.data'), group: 'navigation@1' },
      { command: 'superrl.newRewardFunction', when: view('superrl.rewards'), group: 'navigation@1' },
    ],
    'view/item/context': [
      { command: 'superrl.openDashboard', when: item('run'), group: 'inline@1' },
      { command: 'superrl.pause', when: item('run', 'pausable'), group: 'inline@2' },
      { command: 'superrl.resume', when: item('run', 'resumable'), group: 'inline@3' },
      { command: 'superrl.stop', when: item('run', 'running'), group: 'inline@4' },
      { command: 'superrl.openDashboard', when: item('run'), group: '1_watch@1' },
      { command: 'superrl.openSample', when: item('run'), group: '1_watch@2' },
      { command: 'superrl.debugReward', when: item('run'), group: '1_watch@3' },
      { command: 'superrl.rescoreRun', when: item('run'), group: '1_watch@4' },
      { command: 'superrl.debugReward', when: item('rewardFunction'), group: 'inline@1' },
      { command: 'superrl.rescoreRun', when: item('rewardFunction'), group: 'inline@2' },
      { command: 'superrl.pause', when: item('run', 'pausable'), group: '2_control@1' },
      { command: 'superrl.resume', when: item('run', 'resumable'), group: '2_control@2' },
      { command: 'superrl.saveCheckpoint', when: item('run', 'running'), group: '2_control@3' },
      { command: 'superrl.stop', when: item('run', 'running'), group: '2_control@4' },
      { command: 'superrl.tryModel', when: item('run', 'checkpoints'), group: '3_model@1' },
      { command: 'superrl.exportModel', when: item('run', 'checkpoints'), group: '3_model@2' },
      { command: 'superrl.openRunConfiguration', when: item('run'), group: '4_files@1' },
      { command: 'superrl.revealRunFolder', when: item('run'), group: '4_files@2' },
      { command: 'superrl.cancelQueued', when: item('queued'), group: 'inline@1' },
      { command: 'superrl.tryModel', when: item('checkpoint'), group: 'inline@1' },
      { command: 'superrl.exportModel', when: item('checkpoint'), group: 'inline@2' },
      { command: 'superrl.startTraining', when: item('runFile'), group: 'inline@1' },
      { command: 'superrl.auditTraces', when: item('runFile'), group: 'inline@2' },
      { command: 'superrl.probeSparsity', when: item('runFile'), group: '1_probe@1' },
      { command: 'superrl.pickTraces', when: item('runFile'), group: '1_probe@2' },
    ],
  };
}
