// Stored samples as read-only documents (`superrl-sample:`): a whole completion, a trace, or a group with everything
// that is known of it. Read from the run folder when they are opened, so they also work after a reload.
import * as vscode from 'vscode';
import { z } from 'zod';
import { SuperRlError } from '../../backend/protocol/errors';
import type { SampledGroup } from '../../backend/protocol/messages';
import type { ServerConnection } from '../server/server-connection';
import { groupText } from './group-text';

export const sampleScheme = 'superrl-sample';

const partSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('completion'), index: z.int() }),
  z.object({ kind: z.literal('trace'), index: z.int() }),
  z.object({ kind: z.literal('group') }),
]);
const placeSchema = z.object({ run: z.string(), step: z.int(), group: z.int(), part: partSchema });
export type SamplePlace = z.infer<typeof placeSchema>;

export class SampleDocuments implements vscode.TextDocumentContentProvider {
  constructor(private readonly connection: Pick<ServerConnection, 'request'>) {}

  async provideTextDocumentContent(uri: vscode.Uri): Promise<string> {
    const place = placeSchema.parse(JSON.parse(uri.query));
    const found = await this.group(place.run, place.step, place.group);
    const { part } = place;
    if (part.kind === 'group') return groupText(found);
    if (part.kind === 'completion') {
      const completion = found.completions.find(({ index }) => index === part.index);
      if (completion) return completion.text;
    } else {
      const trace = found.group.demonstrations[part.index];
      if (trace !== undefined) return trace;
    }
    throw new SuperRlError('run', `Step ${place.step}, group ${place.group} has no ${part.kind} ${part.index}.`);
  }

  /** @throws SuperRlError `run` when the step has no such group any more (a resumed run did it anew). */
  async group(run: string, step: number, group: number): Promise<SampledGroup> {
    const { groups } = await this.connection.request('readSamples', { run, step, group });
    const found = groups.find((each) => each.group.group === group);
    if (!found) throw new SuperRlError('run', `Step ${step} of ${run} has no group ${group}.`);
    return found;
  }
}

/** undefined: no document of ours. */
export function samplePlace(uri: vscode.Uri): SamplePlace | undefined {
  return uri.scheme === sampleScheme ? placeSchema.parse(JSON.parse(uri.query)) : undefined;
}

/** The file name is what tabs show; the query is what is read. */
export function sampleUri(place: SamplePlace): vscode.Uri {
  const { part } = place;
  const what = part.kind === 'group' ? '' : ` ${part.kind} ${part.index + 1}`;
  return vscode.Uri.from({
    scheme: sampleScheme,
    path: `/step ${place.step} group ${place.group + 1}${what}.${part.kind === 'group' ? 'md' : 'txt'}`,
    query: JSON.stringify(place),
  });
}

export async function openSampleDocument(place: SamplePlace): Promise<void> {
  const document = await vscode.workspace.openTextDocument(sampleUri(place));
  await vscode.window.showTextDocument(document, { preview: true });
}

export async function compareSamples(left: SamplePlace, right: SamplePlace, title: string): Promise<void> {
  await vscode.commands.executeCommand('vscode.diff', sampleUri(left), sampleUri(right), title);
}
