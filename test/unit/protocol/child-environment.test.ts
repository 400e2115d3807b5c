// The environment of child processes, platform by platform.
import { describe, expect, it } from 'vitest';
import { childEnvironment, runsOnEditor } from '../../../backend/protocol/child-environment';

const secrets = { GITHUB_TOKEN: 'x', VSCODE_IPC_HOOK: 'x', NODE_OPTIONS: '--require evil', ELECTRON_RUN_AS_NODE: '1' };

describe('childEnvironment', () => {
  const linux = {
    ...secrets,
    PATH: '/usr/bin',
    HOME: '/home/me',
    LANG: 'C.UTF-8',
    LC_ALL: 'C',
    TMPDIR: '/tmp',
    VIRTUAL_ENV: '/venv',
    CUDA_VISIBLE_DEVICES: '0',
    LD_LIBRARY_PATH: '/cuda',
    HF_HOME: '/hf',
    XDG_STATE_HOME: '/state',
    path: 'lower case is another name here',
  };
  const common = {
    PATH: '/usr/bin',
    HOME: '/home/me',
    LANG: 'C.UTF-8',
    LC_ALL: 'C',
    TMPDIR: '/tmp',
    VIRTUAL_ENV: '/venv',
  };
  const gpu = { CUDA_VISIBLE_DEVICES: '0', LD_LIBRARY_PATH: '/cuda', HF_HOME: '/hf', XDG_STATE_HOME: '/state' };

  it('linux', () => {
    expect(childEnvironment('reward', 'linux', linux)).toEqual(common);
    expect(childEnvironment('trainer', 'linux', linux)).toEqual({ ...common, ...gpu });
    expect(childEnvironment('server', 'linux', linux)).toEqual({ ...common, ...gpu });
  });

  it('darwin', () => {
    const env = { ...secrets, PATH: '/usr/bin', HOME: '/Users/me', TMPDIR: '/var/x', CONDA_PREFIX: '/conda' };
    expect(childEnvironment('reward', 'darwin', env)).toEqual({
      PATH: '/usr/bin',
      HOME: '/Users/me',
      TMPDIR: '/var/x',
      CONDA_PREFIX: '/conda',
    });
  });

  it('win32: names in any case, with their spelling kept', () => {
    const env = {
      ...secrets,
      Path: 'C:\\bin',
      SYSTEMROOT: 'C:\\Windows',
      UserProfile: 'C:\\me',
      temp: 'C:\\t',
      TMP: 'C:\\t',
      APPDATA: 'a',
      LocalAppData: 'l',
      Cuda_Path: 'c',
    };
    const common = {
      Path: 'C:\\bin',
      SYSTEMROOT: 'C:\\Windows',
      UserProfile: 'C:\\me',
      temp: 'C:\\t',
      TMP: 'C:\\t',
      APPDATA: 'a',
      LocalAppData: 'l',
    };
    expect(childEnvironment('reward', 'win32', env)).toEqual(common);
    expect(childEnvironment('trainer', 'win32', env)).toEqual({ ...common, Cuda_Path: 'c' });
  });

  it.each(['linux', 'darwin', 'win32'] as const)(
    '%s: ELECTRON_RUN_AS_NODE if and only if on the editor',
    (platform) => {
      expect(childEnvironment('reward', platform, secrets)).toEqual({});
      expect(childEnvironment('reward', platform, {}, { editorExecutable: true })).toEqual({
        ELECTRON_RUN_AS_NODE: '1',
      });
    },
  );
});

describe('runsOnEditor', () => {
  const editor = { execPath: '/opt/code/code', versions: { electron: '34.0.0' } };
  it('is true for the own executable of a process on Electron only', () => {
    expect(runsOnEditor('/opt/code/code', editor)).toBe(true);
    expect(runsOnEditor('/usr/bin/node', editor)).toBe(false);
    expect(runsOnEditor('/usr/bin/node', { execPath: '/usr/bin/node', versions: {} })).toBe(false);
  });
});
