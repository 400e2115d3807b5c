// Numbers, errors and exit codes of the command line.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { errorReport, exitCodeOf } from '../../../backend/cli/error-report';
import { positiveNumber, wholeNumber } from '../../../backend/cli/number-option';
import { bytesText, countText, durationText, numberText, shareText } from '../../../backend/cli/number-text';
import { processTerminal } from '../../../backend/cli/terminal';
import { SuperRlError } from '../../../backend/protocol/errors';
import { readRunSettings } from '../../../backend/trainer/run-settings';

describe('numbers', () => {
  it('are short', () => {
    expect([0, 0.5, -0.25, 12.34, 345.6, 1e-5, 2.5e7, Number.NaN].map(numberText)).toEqual([
      '0.000',
      '0.500',
      '-0.250',
      '12.3',
      '346',
      '1.0e-5',
      '2.5e7',
      'NaN',
    ]);
    expect([0, 0.001, 0.0994, 0.0996, 0.5, 1, Number.NaN].map(shareText)).toEqual([
      '0 %',
      '0.1 %',
      '9.9 %',
      '10 %',
      '50 %',
      '100 %',
      '–',
    ]);
    expect([3, 1234567.8, Number.NaN].map(countText)).toEqual(['3', '1,234,568', '–']);
    expect([850, 12_000, 185_000, 7_620_000].map(durationText)).toEqual(['850 ms', '12 s', '3m 05s', '2h 07m']);
    expect([850, 12_345, 3_400_000, 1.2e9, 123e9].map(bytesText)).toEqual([
      '850 B',
      '12.3 kB',
      '3.4 MB',
      '1.2 GB',
      '123 GB',
    ]);
  });

  it('given as options are checked', () => {
    expect(wholeNumber('--row', 1)('7')).toBe(7);
    for (const text of ['0', '-1', '1.5', 'x', '']) {
      expect(() => wholeNumber('--row', 1)(text)).toThrow(`--row must be a whole number of at least 1, not "${text}".`);
    }
    expect(positiveNumber('--top-p', 1)('0.5')).toBe(0.5);
    expect(() => positiveNumber('--top-p', 1)('2')).toThrow('--top-p must be a number above 0 and at most 1, not "2".');
    expect(() => positiveNumber('--temperature')('0')).toThrow('--temperature must be a number above 0, not "0".');
  });
});

describe('errors', () => {
  const plain = { json: false, verbose: false, hasColor: false };
  const misuse = new SuperRlError('config', 'Wrong.', { place: { file: 'a.json', line: 3, column: 5 } });

  it('are one message with its place', () => {
    expect(errorReport(misuse, plain)).toBe('error: a.json:3:5: Wrong.\n');
    expect(errorReport(misuse, { ...plain, json: true })).toBe(
      '{"error":{"code":"config","message":"a.json:3:5: Wrong.","file":"a.json","line":3,"column":5}}\n',
    );
  });

  it('show a stack only when asked, and say that a defect is one', () => {
    const defect = new TypeError('x is undefined', { cause: new Error('deeper') });
    expect(errorReport(defect, plain)).toBe(
      'error: x is undefined\nThis is a defect of SuperRL, not of your files. Run again with --verbose and report what it prints.\n',
    );
    const verbose = errorReport(defect, { ...plain, verbose: true });
    expect(verbose).toContain('messages.test.ts');
    expect(verbose).toContain('caused by: Error: deeper');
  });

  it('give 2 for usage and configuration, else 1', () => {
    expect(exitCodeOf(misuse)).toBe(2);
    expect(exitCodeOf(new SuperRlError('usage', ''))).toBe(2);
    expect(exitCodeOf(new SuperRlError('model', ''))).toBe(1);
    expect(exitCodeOf('thrown text')).toBe(1);
  });
});

describe('readRunSettings', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'superrl-settings-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('says what is missing', () => {
    const advice = 'Give a run file (NAME.superrl.json), or a run folder.';
    const file = join(folder, 'a.superrl.json');
    expect(() => readRunSettings(file)).toThrow(`There is no file ${file}. ${advice}`);
    expect(() => readRunSettings(folder)).toThrow(`${folder} is a folder without run.json. ${advice}`);
  });

  it('names every mistake of a run file with its place', () => {
    const file = join(folder, 'a.superrl.json');
    writeFileSync(file, '{\n  "name": "a",\n  "rolout": {}\n}');
    expect(() => readRunSettings(file)).toThrow(`${file}:3:3: "rolout" is not a field of the run file.`);
  });
});

describe('processTerminal', () => {
  it('obeys NO_COLOR and FORCE_COLOR; a test has no terminal', () => {
    expect(processTerminal({}).isLive).toBe(false);
    expect(processTerminal({}).hasColor).toBe(false);
    expect(processTerminal({ FORCE_COLOR: '1' }).hasColor).toBe(true);
    expect(processTerminal({ FORCE_COLOR: '1', NO_COLOR: '1' }).hasColor).toBe(false);
  });
});
