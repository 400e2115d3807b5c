// The audit finds traces that earn nothing, repeat, are too long or invalid, and prompts that leak; inspect
// shows a file as it is understood.
import { describe, expect, it } from 'vitest';
import { findLeak } from '../../../backend/data/answer-leak';
import { auditTraces, renderAudit } from '../../../backend/data/audit';
import { openDataset } from '../../../backend/data/dataset';
import { inspectDataset, renderInspection } from '../../../backend/data/inspect';
import { attachTraces, type TracedDataset } from '../../../backend/data/traces';
import type { RewardSample, Scorer } from '../../../backend/rewards/scorer';
import { fixture, jsonl, messageOf, write } from './written-files';

/** 1 when the trace ends with the answer; invalid for traces that say so; a shaping component beside it. */
const scorer: Scorer = {
  components: [
    { name: 'right', weight: 2, role: 'correctness' },
    { name: 'style', weight: 1, role: 'shaping' },
  ],
  score: async (samples) =>
    samples.map(({ completion, answer }) => [
      completion.includes('boom')
        ? { invalid: 'threw', reason: 'It went boom.' }
        : { value: completion.endsWith(String(answer)) ? 1 : 0 },
      { value: 5 },
    ]),
  close: async () => {},
};
const traces = { join: 'prompt', map: {}, onTooLong: 'keep' } as const;

async function dataset(file: string): Promise<TracedDataset> {
  return attachTraces(await openDataset({ file }), traces);
}

describe('auditTraces', () => {
  it('finds every kind of problem', async () => {
    const file = write(
      'audit.jsonl',
      jsonl([
        { prompt: 'a', answer: 1, demonstrations: ['is 1', 'is 2', 'is 1'] },
        { prompt: 'b', answer: 2, demonstrations: ['boom', 'it must surely be 2'] },
        { prompt: 'c: the answer is 3.', answer: 3, demonstrations: [] },
      ]),
    );
    const traced = await dataset(file);
    const progress: number[] = [];
    const report = await auditTraces({
      dataset: traced,
      scorer,
      successAbove: 0,
      limit: { tokens: 10, count: (text) => text.length },
      onProgress: (rows) => progress.push(rows),
    });
    await traced.close();
    expect(progress).toEqual([1, 2, 3]);
    expect(report).toMatchObject({
      rows: 3,
      traces: 5,
      successes: 3,
      meanRewards: { right: 0.75, style: 5 },
      counts: { noSuccess: 1, invalidReward: 1, duplicateTrace: 1, overLimit: 1, leak: 1, noTrace: 1 },
    });
    expect(renderAudit(report).replaceAll(file, 'audit.jsonl')).toBe(
      [
        'audit.jsonl: 3 of 5 traces of 3 prompts earn success (60.0 %)',
        '  mean right: 0.750',
        '  mean style: 5.000',
        'Traces that earn no success: 1',
        '  audit.jsonl:1: The trace earns 0, no success (above 0).',
        'Traces whose reward is invalid: 1',
        '  audit.jsonl:2: right: It went boom.',
        'Duplicate traces: 1',
        '  audit.jsonl:1: The same trace comes before for this prompt.',
        'Traces over the completion limit: 1',
        '  audit.jsonl:2: The trace has 19 tokens; rollout.maxNewTokens is 10.',
        'Prompts that leak their answer: 1',
        '  audit.jsonl:3: The prompt states the answer: 3',
        'Prompts without a trace: 1',
        '  audit.jsonl:3: The prompt has no trace.',
        'Prompts that are held out too: not checked (there are no held-out data)',
      ].join('\n'),
    );
  });

  it('gives rewards what a completion of the run would give, and stops when told to', async () => {
    const traced = await dataset(fixture('gsm8k.jsonl'));
    const seen: RewardSample[] = [];
    const controller = new AbortController();
    const watching: Scorer = {
      ...scorer,
      score: (samples) => {
        seen.push(...samples);
        return scorer.score(samples);
      },
    };
    const request = {
      dataset: traced,
      scorer: watching,
      successAbove: 0,
      renderPrompt: () => 'rendered',
      encode: () => [7],
    };
    const report = await auditTraces(request);
    expect(report).toMatchObject({ traces: 12, successes: 12, counts: {} });
    expect(seen[0]).toMatchObject({
      prompt: 'rendered',
      answer: '72',
      tokenIds: [7],
      group: { index: 0, completion: 0, size: 1 },
    });
    expect(seen[0]?.row.question).toMatch(/^Natalia/);
    controller.abort();
    expect(await messageOf(auditTraces({ ...request, signal: controller.signal }))).toMatch(/abort/i);
    await traced.close();
  });
});

describe('findLeak', () => {
  const leak = (prompt: string, answer: unknown, demonstrations: string[] = []) =>
    findLeak({ prompt, answer, demonstrations });

  it('knows an answer said as an answer from a number that is merely there', () => {
    expect(leak('I have 5 apples. The answer is 7.', 5)).toBeUndefined();
    expect(leak('I have 5 apples. The answer is 5.', 5)).toBe('The prompt states the answer: 5');
    expect(leak('The answer is 55', 5)).toBeUndefined();
    expect(leak('The answer is 5.5', 5)).toBeUndefined();
    expect(leak('so #### 12', '12')).toBe('The prompt states the answer: 12');
    expect(leak('so \\boxed{x+1}', 'x+1')).toBe('The prompt states the answer: x+1');
    expect(leak('<answer> 3 </answer>', 3)).toBe('The prompt states the answer: 3');
    expect(leak('It is Tom the lempus, clearly', 'Tom the lempus')).toBe(
      'The prompt contains the answer: Tom the lempus',
    );
    expect(leak('Numbers: 1, 2. Target: 3.', { nums: [1, 2], target: 3 })).toBeUndefined();
  });

  it('finds a trace, or what it answers, in the prompt', () => {
    expect(leak('Q. Think: one and  one\nis two. Now?', 2, ['one and one is two.'])).toBe(
      'The prompt contains a whole trace.',
    );
    expect(leak('Use 63 + (96 - 95) please', undefined, ['x <answer> 63 + (96 - 95) </answer>'])).toBe(
      'The prompt contains what the trace answers: 63 + (96 - 95)',
    );
  });
});

describe('inspectDataset', () => {
  it('shows layout, mapping, problems, coverage and examples', async () => {
    const file = write(
      'inspect.jsonl',
      jsonl([
        { prompt: 'One?', answer: 1, trace: 'so\n1' },
        { prompt: 'One?', answer: 1, trace: '1' },
        { prompt: 'Two?', answer: 2, trace: '' },
      ]),
    );
    const inspection = await inspectDataset({
      file,
      traces,
      examples: 1,
      promptLimit: { tokens: 9, count: (row) => row.prompt.length },
    });
    expect(JSON.parse(JSON.stringify(inspection))).toMatchObject({
      layout: { name: 'trl-prompt' },
      coverage: { traces: 1 },
    });
    expect(renderInspection(inspection).replaceAll(file, 'inspect.jsonl')).toBe(
      [
        'inspect.jsonl (jsonl, 126 B): 3 records, 2 usable rows',
        'Columns: prompt (string), answer (number), trace (string)',
        'Recognised layout: TRL (prompt)',
        '  prompt         ← "prompt"',
        '  answer         ← "answer"',
        '  demonstration  ← "trace"',
        '  id             a hash of the prompt',
        'Longest usable prompt: 4 tokens',
        'Left out: 1 duplicate',
        '  inspect.jsonl:2: The same prompt as in line 1.',
        'Traces: 1 from inspect.jsonl; 1 of 2 prompts (50.0 %) have one, at most 1 a prompt',
        '  1 empty trace',
        '  inspect.jsonl:3: The trace is empty.',
        `Row 1, id ${inspection.examples[0]?.id}`,
        '  prompt: One?',
        '  answer: 1',
        '  demonstration: so',
        '    1',
      ].join('\n'),
    );
  });

  it('says so when there is no answer', async () => {
    const inspection = await inspectDataset({ file: write('bare.jsonl', jsonl([{ prompt: 'Write.' }])) });
    expect(renderInspection(inspection)).toContain(
      'No answer is mapped: rewards that compare with one need data.map.answer.',
    );
  });
});
