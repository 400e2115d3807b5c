// Data files of a run file that are too large for the text editor's extensions, opened as rows instead: VS Code would show
// their text, and no extension could add anything to it.
import { stat } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import * as vscode from 'vscode';
import { errorText } from '../../backend/protocol/errors';
import type { DatasetInspections } from '../inline/dataset-inspections';
import { dataLanguage } from '../inline/record-text';
import { setting } from '../setting';
import type { RowsEditor } from './rows-editor';
import { largestTextBytes } from './view-reason';

/** After the rows were opened, one after the other: when it is looked whether they are there. */
const looksAfterMs = [150, 500, 1000, 2000];

export class LargeFiles implements vscode.Disposable {
  private readonly listener: vscode.Disposable;

  constructor(
    private readonly rows: RowsEditor,
    private readonly inspections: Pick<DatasetInspections, 'useOf'>,
    private readonly log: vscode.LogOutputChannel,
  ) {
    const look = (tabs: readonly vscode.Tab[]) => {
      for (const tab of tabs) {
        this.look(tab).catch((error: unknown) => log.debug(`${tab.label}: ${errorText(error)}`));
      }
    };
    this.listener = vscode.window.tabGroups.onDidChangeTabs(({ opened }) => look(opened));
    for (const { tabs } of vscode.window.tabGroups.all) look(tabs);
  }

  dispose(): void {
    this.listener.dispose();
  }

  private async look(tab: vscode.Tab): Promise<void> {
    const { input, group } = tab;
    if (!(input instanceof vscode.TabInputText) || !setting('superrl.inline.enabled')) return;
    const { scheme, path, fsPath } = input.uri;
    if (scheme !== 'file' || dataLanguage(path) === undefined || this.rows.isWantedAsText(fsPath)) return;
    if ((await stat(fsPath)).size <= largestTextBytes) return;
    if (!(await this.inspections.useOf(fsPath))) return;
    this.log.info(`${fsPath} is opened as rows: it is too large for the text editor’s extensions.`);
    await this.rows.show(input.uri, undefined, group.viewColumn);
    // Looked for anew: the editor makes other objects of its tabs when one is opened.
    const tabs = vscode.window.tabGroups.all.flatMap((each) => each.tabs);
    const left = tabs.find((each) => each.input instanceof vscode.TabInputText && each.input.uri.fsPath === fsPath);
    if (left && !left.isDirty) await vscode.window.tabGroups.close(left);
    await this.keepShown(input.uri);
  }

  /**
   * The text editor that was left may fail at the file's size only now; VS Code then shows that failure in the tab of the
   * rows, although it is theirs. Opening them again brings them back, and changes nothing where they are only slow to come.
   */
  private async keepShown(uri: vscode.Uri): Promise<void> {
    for (const ms of looksAfterMs) {
      await sleep(ms);
      const { activeTab, viewColumn } = vscode.window.tabGroups.activeTabGroup;
      if (!(activeTab?.input instanceof vscode.TabInputCustom) || activeTab.input.uri.fsPath !== uri.fsPath) return;
      if (await this.rows.isShown(uri.fsPath)) continue;
      this.log.debug(`${uri.fsPath}: its page of rows does not answer, it is shown again.`);
      await this.rows.show(uri, undefined, viewColumn);
    }
  }
}
