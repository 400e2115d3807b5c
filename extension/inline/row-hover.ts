// Hovering a dataset row that a run has touched: its newest group, with the completions one click away. Model text
// stands in code blocks only, so that nothing in it is taken for a link or for words of ours.
import * as vscode from 'vscode';
import type { SampledGroup } from '../../backend/protocol/messages';
import type { CommandId } from '../contributions/commands';
import { sampleUri } from '../documents/sample-documents';
import type { ServerConnection } from '../server/server-connection';
import { setting } from '../setting';
import type { FileOutcomes } from './file-outcomes';
import { outcomeLine, type RowOutcome } from './outcome-text';
import { dataLanguage, recordAt, rowHash } from './record-text';
import { documentLines } from './row-decorations';

const mostShown = 4;
const mostCharacters = 400;

export class RowHover implements vscode.HoverProvider {
  constructor(
    private readonly outcomes: FileOutcomes,
    private readonly connection: Pick<ServerConnection, 'request'>,
  ) {}

  async provideHover(document: vscode.TextDocument, { line }: vscode.Position): Promise<vscode.Hover | undefined> {
    const language = dataLanguage(document.uri.path);
    if (language === undefined || !setting('superrl.inline.enabled')) return undefined;
    const record = recordAt(documentLines(document), line, language);
    if (!record) return undefined;
    const hash = rowHash(record.text);
    const file = document.uri.fsPath;
    const outcome = (await this.outcomes.rows(file, [hash])).get(hash);
    const used = await this.outcomes.of(file);
    if (!outcome || !used) return undefined;
    const { step, group } = outcome;
    const { groups } = await this.connection.request('readSamples', { run: used.run, step, group });
    const found = groups.find((each) => each.group.group === group);
    return found && new vscode.Hover(hoverText(used.run, outcome, found));
  }
}

function hoverText(run: string, outcome: RowOutcome, { group, completions }: SampledGroup): vscode.MarkdownString {
  const text = new vscode.MarkdownString();
  const commands: CommandId[] = [
    'superrl.openDashboard',
    'superrl.openSample',
    'superrl.debugReward',
    'superrl.compareSampleWithEarlier',
  ];
  text.isTrusted = { enabledCommands: [...commands, 'vscode.open'] };
  text.supportThemeIcons = true;
  const { step, group: number } = outcome;
  const whole = sampleUri({ run, step, group: number, part: { kind: 'group' } });
  text.appendMarkdown(`**Step ${step}, group ${number + 1}: ${group.decision.kind}** · ${outcomeLine(outcome)}\n\n`);
  text.appendText(group.decision.reason);
  text.appendMarkdown('\n\n');
  for (const { index, text: completion, reward } of completions.slice(0, mostShown)) {
    const place = { run, step, group: number, index };
    const score = reward === null ? 'invalid' : `reward ${Number(reward.toPrecision(3))}`;
    text.appendMarkdown(
      `${index + 1}: ${score} · ${link('open', 'superrl.openSample', place)} · ${link('debug the reward', 'superrl.debugReward', place)} · ${link('compare with an earlier one', 'superrl.compareSampleWithEarlier', place)}\n`,
    );
    text.appendCodeblock(
      completion.length > mostCharacters ? `${completion.slice(0, mostCharacters)}…` : completion,
      'plaintext',
    );
  }
  const rest = completions.length - mostShown;
  const all = rest > 0 ? `All ${completions.length} completions` : 'The whole group';
  text.appendMarkdown(`\n${link(all, 'vscode.open', whole)} · ${link('dashboard', 'superrl.openDashboard', run)}`);
  return text;
}

function link(words: string, command: CommandId | 'vscode.open', argument: unknown): string {
  return `[${words}](command:${command}?${encodeURIComponent(JSON.stringify([argument]))})`;
}
