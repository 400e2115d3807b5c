// What every part of the extension works with, made once by activate().
import type * as vscode from 'vscode';
import type { DashboardPanels } from './dashboard/dashboard-panels';
import type { RewardDebugging } from './debugging/reward-debugging';
import type { ReportDocuments } from './documents/report-documents';
import type { RescoreDocuments } from './documents/rescore-documents';
import type { SampleDocuments } from './documents/sample-documents';
import type { DatasetInspections } from './inline/dataset-inspections';
import type { FileOutcomes } from './inline/file-outcomes';
import type { RewardWatch } from './rewards/reward-watch';
import type { RunRewards } from './rewards/run-rewards';
import type { RowsEditor } from './rows/rows-editor';
import type { ServerConnection } from './server/server-connection';
import type { RunList } from './watch/run-list';
import type { WorkspaceFiles } from './workspace-files';

export interface Services {
  readonly context: vscode.ExtensionContext;
  readonly log: vscode.LogOutputChannel;
  readonly connection: ServerConnection;
  readonly files: WorkspaceFiles;
  readonly runs: RunList;
  readonly dashboards: DashboardPanels;
  readonly samples: SampleDocuments;
  readonly inspections: DatasetInspections;
  readonly outcomes: FileOutcomes;
  readonly rows: RowsEditor;
  readonly reports: ReportDocuments;
  readonly rewards: RunRewards;
  readonly rewardWatch: RewardWatch;
  readonly debugging: RewardDebugging;
  readonly rescored: RescoreDocuments;
  /** Why the server runs on what it runs on; undefined: another window started it. */
  readonly runtimeReason: () => string | undefined;
  /** The bundle of the command line, which also is the server. */
  readonly script: string;
}
