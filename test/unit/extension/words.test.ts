// Texts that the extension shows: status bar, task terminal, engine doctor, audit, sample documents, terminal scripts.
import { describe, expect, it } from 'vitest';
import type { RunEvent } from '../../../backend/protocol/events';
import {
  auditSummary,
  coverageLine,
  inspectionLine,
  layoutText,
  mappingLines,
  rowsText,
} from '../../../extension/data/inspection';
import { doctorText } from '../../../extension/documents/doctor-text';
import { eventLine } from '../../../extension/event-line';
import { withField } from '../../../extension/run-file/set-field';
import { rewardFileTemplates } from '../../../extension/start/reward-file-text';
import { sftShareOf, statusText } from '../../../extension/status-text';
import { posixScript, windowsScript } from '../../../extension/terminal-script';

const metrics: RunEvent = {
  seq: 9,
  ts: 0,
  type: 'metrics',
  data: {
    step: 12,
    values: { reward: 0.25, 'switch/sft_frac': 0.5, loss: 'NaN' },
    usedTokens: 1,
    elapsedMs: 1,
    progress: 0.4,
    epoch: 0,
    phase: 'rl',
  },
};

describe('the status bar', () => {
  it('says step, reward and the share learnt from traces', () => {
    expect(sftShareOf([metrics])).toBe(0.5);
    expect(statusText({ name: 'countdown', state: 'running', step: 12, reward: 0.25 }, 0.5)).toBe(
      'countdown: step 12 · reward 0.25 · 50 % from traces',
    );
    expect(statusText({ name: 'c', state: 'paused', step: 3 })).toBe('c: paused, step 3');
  });
});

describe('the terminal of a task', () => {
  it('has a line a step', () => {
    expect(eventLine(metrics)).toBe('step    12  40 %  reward 0.250  sft 0.500  loss NaN');
  });

  it('keeps quiet about single decisions', () => {
    const decision = { seq: 1, ts: 0, type: 'phase', data: { step: 1, phase: 'update', message: 'm' } } as const;
    expect(eventLine(decision)).toBeUndefined();
  });
});

it('writes the engine doctor’s findings with their advice', () => {
  const findings = [
    { name: 'Node.js', level: 'good' as const, found: '22 at /n' },
    { name: 'Python', level: 'warning' as const, found: 'not found', advice: 'Only rewards in Python need it.' },
  ];
  expect(doctorText({ superrl: '0.1.0', findings }, 'found on the PATH.')).toBe(
    '# SuperRL 0.1.0 on this machine\n\n✓ **Node.js**: 22 at /n\n\n! **Python**: not found\n\n  Only rewards in Python need it.\n\nRuntime: found on the PATH.\n',
  );
});

it('sums an audit up', () => {
  const audit = { file: 'f', rows: 10, traces: 12, successes: 9, meanRewards: {}, counts: {}, problems: [] };
  expect(auditSummary(audit)).toBe('9 of 12 traces for 10 prompts earn success (75.0 %). Nothing to object to.');
  expect(auditSummary({ ...audit, counts: { noSuccess: 3, leak: 1 } })).toContain(
    '4 problems are in the Problems view',
  );
});

it('shows a mapping on one line', () => {
  const inspection = {
    report: { file: 'f', format: 'jsonl', records: 7475, rows: 7473, counts: {}, problems: [] },
    layout: { name: 'gsm8k', title: 'GSM8K (question, answer ending in "#### N")' },
    mapping: [
      { field: 'prompt', from: 'question', origin: 'layout' },
      { field: 'demonstration', from: 'answer', origin: 'layout' },
    ],
    mappingText: '',
    columns: [],
    examples: [],
  };
  expect(inspectionLine(inspection)).toBe('GSM8K · prompt ← question · trace ← answer · 7,473 rows, 2 left out');
  expect(mappingLines(inspection)).toEqual(['prompt ← question', 'trace ← answer']);
  expect(layoutText(inspection)).toBe('GSM8K');
  expect(rowsText(inspection)).toBe('7,473 rows, 2 left out');
  expect(coverageLine({ file: 'f', prompts: 10, promptsWithTraces: 8, traces: 9, problems: [] })).toBe(
    '9 traces for 8 of 10 prompts',
  );
});

it('sets a field of a run file and keeps its comments', () => {
  const text = '{\n  // the data\n  "data": { "train": "a.jsonl" },\n}\n';
  expect(withField(text, ['data', 'train'], 'b.jsonl')).toBe(
    '{\n  // the data\n  "data": { "train": "b.jsonl" },\n}\n',
  );
  expect(withField('{ "name": "x" }', ['traces', 'path'], 't.jsonl')).toContain('"path": "t.jsonl"');
});

it('quotes paths in the scripts behind the command superrl', () => {
  expect(posixScript("/o'pt/node", '/e x/superrl.mjs', false)).toBe(
    `#!/bin/sh\nexec '/o'\\''pt/node' '/e x/superrl.mjs' "$@"\n`,
  );
  expect(windowsScript('C:\\Code.exe', 'C:\\e\\superrl.mjs', true)).toBe(
    '@echo off\r\nsetlocal\r\nset "ELECTRON_RUN_AS_NODE=1"\r\n"C:\\Code.exe" "C:\\e\\superrl.mjs" %*\r\n',
  );
});

it('names the file and function of a new reward function in its own comment', () => {
  for (const { extension, text } of rewardFileTemplates) {
    expect(text('correct')).toContain(`"file": "correct.reward.${extension}", "export": "correct"`);
  }
});
