// Which executable the server runs on, and that nothing of an untrusted workspace is so much as asked.
import { describe, expect, it } from 'vitest';
import { chooseRuntime, type RuntimeRequest } from '../../../../extension/server/runtime';

function request(changes: Partial<RuntimeRequest> & { versions?: Record<string, string> } = {}): RuntimeRequest {
  const { versions = {}, ...rest } = changes;
  return {
    nodePath: '',
    trusted: true,
    editorExecutable: '/opt/editor/code',
    platform: 'linux',
    env: { PATH: '/usr/local/bin:/usr/bin' },
    versionOf: async (executable) => versions[executable],
    exists: (file) => file in versions,
    ...rest,
  };
}

describe('the runtime', () => {
  it('is the setting when it names a Node.js that is new enough', async () => {
    const runtime = await chooseRuntime(
      request({ nodePath: '/n/node', versions: { '/n/node': '22.1.0', '/usr/bin/node': '20.0.0' } }),
    );
    expect(runtime).toEqual({
      executable: '/n/node',
      isEditor: false,
      reason: 'superrl.nodePath names Node.js 22.1.0.',
    });
  });

  it('is never silently another one than the setting names', async () => {
    await expect(chooseRuntime(request({ nodePath: '/n/node', versions: { '/n/node': '18.2.0' } }))).rejects.toThrow(
      'superrl.nodePath names /n/node, which is version 18.2.0. Give a Node.js 20 or newer, or clear the setting.',
    );
    await expect(chooseRuntime(request({ nodePath: '/n/none' }))).rejects.toThrow(
      'superrl.nodePath names /n/none, which is no Node.js that can be run. Give a Node.js 20 or newer, or clear the setting.',
    );
    await expect(chooseRuntime(request({ nodePath: 'node' }))).rejects.toThrow(
      'superrl.nodePath is "node". Give the absolute path of a Node.js, or clear the setting.',
    );
  });

  it('is the first node on the PATH that is new enough', async () => {
    const versions = { '/usr/local/bin/node': '18.0.0', '/usr/bin/node': '20.11.1' };
    expect(await chooseRuntime(request({ versions }))).toEqual({
      executable: '/usr/bin/node',
      isEditor: false,
      reason: 'Node.js 20.11.1 was found on the PATH.',
    });
  });

  it('is the editor’s own executable when there is no other, and says why', async () => {
    expect((await chooseRuntime(request())).reason).toBe(
      'There is no node on the PATH, so the editor’s own executable is used.',
    );
    const old = await chooseRuntime(request({ versions: { '/usr/bin/node': '16.0.0' } }));
    expect(old).toEqual({
      executable: '/opt/editor/code',
      isEditor: true,
      reason: '/usr/bin/node is 16.0.0: too old, so the editor’s own executable is used.',
    });
  });

  it('passes over relative entries of the PATH', async () => {
    const runtime = await chooseRuntime(
      request({ env: { PATH: '.:node_modules/.bin:/usr/bin' }, versions: { 'node_modules/.bin/node': '22.0.0' } }),
    );
    expect(runtime.isEditor).toBe(true);
  });

  it('reads Path and node.exe on Windows', async () => {
    const runtime = await chooseRuntime(
      request({
        platform: 'win32',
        env: { Path: 'C:\\Windows;C:\\node' },
        versions: { 'C:\\node\\node.exe': '22.0.0' },
      }),
    );
    expect(runtime.executable).toBe('C:\\node\\node.exe');
  });

  it('in restricted mode is the editor’s, and no other executable is run or looked for', async () => {
    const untouchable = () => {
      throw new Error('asked');
    };
    const runtime = await chooseRuntime(
      request({ trusted: false, nodePath: '/hostile/node', versionOf: untouchable, exists: untouchable }),
    );
    expect(runtime.executable).toBe('/opt/editor/code');
  });
});
