// "Save as fixture": asks what the reward should have said of a stored completion or trace, and writes it beside the
// reward.
import { basename, dirname, extname, join } from 'node:path';
import * as vscode from 'vscode';
import { readRewardFixture } from '../../backend/protocol/reward-fixture';
import type { RewardOutcome, SampleGroup } from '../../backend/protocol/sample';
import { outcomeText } from '../documents/group-text';
import type { FileReward } from '../rewards/run-rewards';
import { type FixtureReward, type FixtureText, isFixtureOf, readExpected, sampleCase, withCase } from './fixture-text';

/** undefined: the person left it. */
export async function saveFixture(
  reward: FileReward,
  group: SampleGroup,
  from: FixtureText,
): Promise<vscode.Uri | undefined> {
  const outcome = 'text' in from ? from.rewards[reward.component] : undefined;
  // A trace is there because it is right.
  const now = 'text' in from ? expectedNow(outcome) : '1';
  const [what, said] =
    'text' in from
      ? ['completion', ` It said: ${outcome ? outcomeText(outcome).slice(0, 80) : 'nothing'}`]
      : ['trace', ''];
  const answer = await vscode.window.showInputBox({
    title: `Fixture of ${reward.component}`,
    prompt: `What should it say of this ${what}? A number, null (does not apply) or invalid.${said}`,
    value: now,
    validateInput: (text) => (readExpected(text) === undefined ? 'A number, null or invalid.' : undefined),
  });
  const expected = answer === undefined ? undefined : readExpected(answer);
  if (expected === undefined) return undefined;
  const fixtureReward = { file: basename(reward.file), export: reward.export };
  const { uri, text } = await fixtureFile(reward.file, fixtureReward);
  const written = withCase(text, uri.fsPath, fixtureReward, sampleCase(group, from, expected));
  await vscode.workspace.fs.writeFile(uri, Buffer.from(written));
  const line = (readRewardFixture(written, uri.fsPath).caseLines.at(-1) ?? 1) - 1;
  await vscode.window.showTextDocument(uri, { selection: new vscode.Range(line, 0, line, 0) });
  return uri;
}

function expectedNow(outcome: RewardOutcome | undefined): string {
  if (outcome === undefined) return '';
  return 'invalid' in outcome ? 'invalid' : String(outcome.value);
}

/** `NAME.reward.json` beside `NAME.reward.ts`; when that is of another function, `NAME.EXPORT.reward.json`. */
async function fixtureFile(rewardFile: string, reward: FixtureReward): Promise<{ uri: vscode.Uri; text?: string }> {
  const name = basename(rewardFile, extname(rewardFile)).replace(/\.reward$/, '');
  const first = vscode.Uri.file(join(dirname(rewardFile), `${name}.reward.json`));
  const text = await readText(first);
  if (text === undefined) return { uri: first };
  if (isFixtureOf(text, first.fsPath, reward)) return { uri: first, text };
  const own = vscode.Uri.file(join(dirname(rewardFile), `${name}.${reward.export ?? 'default'}.reward.json`));
  const ownText = await readText(own);
  return ownText === undefined ? { uri: own } : { uri: own, text: ownText };
}

async function readText(uri: vscode.Uri): Promise<string | undefined> {
  const open = vscode.workspace.textDocuments.find((document) => document.uri.toString() === uri.toString());
  if (open?.isDirty) await open.save();
  try {
    return Buffer.from(await vscode.workspace.fs.readFile(uri)).toString('utf8');
  } catch (error) {
    if (error instanceof vscode.FileSystemError && error.code === 'FileNotFound') return undefined;
    throw error;
  }
}
