// Where the server's record lies, per platform.
import { describe, expect, it } from 'vitest';
import { serverLogName, serverRecordName, stateFolder } from '../../../backend/protocol/server-record';

describe('state folder', () => {
  it('is XDG_STATE_HOME/superrl on Linux, else ~/.local/state/superrl', () => {
    expect(stateFolder('linux', { XDG_STATE_HOME: '/s' }, '/home/ada')).toBe('/s/superrl');
    expect(stateFolder('linux', {}, '/home/ada')).toBe('/home/ada/.local/state/superrl');
  });

  it('ignores a relative XDG_STATE_HOME, which would put the token into the workspace', () => {
    expect(stateFolder('linux', { XDG_STATE_HOME: 'state' }, '/home/ada')).toBe('/home/ada/.local/state/superrl');
  });

  it('is Application Support on macOS and LOCALAPPDATA on Windows', () => {
    expect(stateFolder('darwin', { XDG_STATE_HOME: '/s' }, '/Users/ada')).toBe(
      '/Users/ada/Library/Application Support/superrl',
    );
    expect(stateFolder('win32', { LOCALAPPDATA: 'C:\\L' }, 'C:\\Users\\ada')).toBe('C:\\L\\superrl');
    expect(stateFolder('win32', {}, 'C:\\Users\\ada')).toBe('C:\\Users\\ada\\AppData\\Local\\superrl');
  });
});

it('gives the read-only server a record of its own', () => {
  expect(serverRecordName(false)).toBe('server-1.json');
  expect(serverRecordName(true)).toBe('server-1-read-only.json');
  expect(serverLogName(true)).toBe('server-1-read-only.log');
});
