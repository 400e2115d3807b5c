// What package.json says to the editor, as far as the types don't ensure it.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { commandIds } from '../../../../extension/contributions/commands';
import { createManifest } from '../../../../extension/contributions/manifest';
import { menus } from '../../../../extension/contributions/menus';

const { fields, words } = createManifest();
const text = JSON.stringify(fields);

describe('the manifest', () => {
  it('is what package.json and package.nls.json hold', () => {
    expect(JSON.parse(readFileSync('package.json', 'utf8'))).toMatchObject(fields);
    expect(JSON.parse(readFileSync('package.nls.json', 'utf8'))).toEqual(words);
  });

  it('has a word for each key and uses each word', () => {
    const used = [...text.matchAll(/%([^%"]+)%/g)].map(([, key]) => key);
    expect([...new Set(used)].sort()).toEqual(Object.keys(words).sort());
  });

  it('shows no command in the palette that needs an argument', () => {
    const hidden = menus().commandPalette?.map(({ command }) => command);
    expect(hidden).toEqual(['superrl.openRunConfiguration', 'superrl.revealRunFolder', 'superrl.cancelQueued']);
  });

  it('lets nothing but looking be done in an untrusted workspace', () => {
    const open = (fields.contributes as { commands: { command: string; enablement?: string }[] }).commands
      .filter(({ enablement }) => !enablement?.includes('isWorkspaceTrusted'))
      .map(({ command }) => command.replace('superrl.', ''));
    expect(open).toEqual([
      'openDashboard',
      'compareRuns',
      'openSample',
      'compareSampleWithTrace',
      'compareSampleWithEarlier',
      'openRows',
      'openExample',
      'openBrokenExample',
      'showLog',
      'refreshRuns',
      'openRunConfiguration',
      'revealRunFolder',
      'cancelQueued',
    ]);
  });

  it('takes no path of an untrusted workspace', () => {
    expect(fields.capabilities).toMatchObject({
      untrustedWorkspaces: {
        supported: 'limited',
        restrictedConfigurations: ['superrl.nodePath', 'superrl.pythonPath', 'superrl.engine', 'superrl.runsDirectory'],
      },
    });
  });

  it('names only its own commands in menus, links and buttons', () => {
    const named = [...(text + JSON.stringify(words)).matchAll(/(?:command:|onCommand:|"command":")(superrl\.\w+)/g)];
    for (const [, command] of named) expect(commandIds).toContain(command);
  });
});
