// Every layout that is recognised by itself, on excerpts of the real datasets where there are any.
import { describe, expect, it } from 'vitest';
import { openDataset } from '../../../backend/data/dataset';
import { describeMapping } from '../../../backend/data/mapping';
import type { Row } from '../../../backend/data/row';
import { fixture, jsonl, write } from './written-files';

interface Opened {
  readonly first: Row;
  readonly layout: string | undefined;
  readonly text: string;
  readonly length: number;
}

async function open(file: string, map: Record<string, string> = {}): Promise<Opened> {
  const dataset = await openDataset({ file, map });
  const first = await dataset.row(0);
  await dataset.close();
  return {
    first,
    layout: dataset.mapping.layout?.name,
    text: describeMapping(dataset.mapping),
    length: dataset.length,
  };
}

const rows = (...content: unknown[]): string => write('rows.jsonl', jsonl(content));

describe('real datasets', () => {
  it('GSM8K: the number is the answer, the whole text the demonstration', async () => {
    const { first, layout, length, text } = await open(fixture('gsm8k.jsonl'));
    expect({ layout, length, answer: first.answer }).toEqual({ layout: 'gsm8k', length: 12, answer: '72' });
    expect(first.prompt).toMatch(/^Natalia sold clips/);
    expect(first.demonstrations).toEqual([first.columns.answer]);
    expect(first.demonstrations[0]).toMatch(/#### 72$/);
    expect(text).toBe(
      [
        'Recognised layout: GSM8K (question, answer ending in "#### N")',
        '  prompt         ← "question"',
        '  answer         ← "final_answer" (what stands behind "####" in answer, commas removed)',
        '  demonstration  ← "answer"',
        '  id             a hash of the prompt',
      ].join('\n'),
    );
  });

  it('Countdown: puzzle, default prompt, three kinds of demonstration', async () => {
    const file = fixture('countdown.jsonl');
    const { first, layout } = await open(file);
    expect(layout).toBe('countdown');
    expect(first.prompt).toBe('Numbers: 44, 19, 35. Target: 98.');
    expect(first.answer).toEqual({ nums: [44, 19, 35], target: 98 });
    expect(first.demonstrations).toEqual([
      '19 + 35 = 54\n44 + 54 = 98\nTherefore, the final equation is 44 + (19 + 35) </think>\n<answer> 44 + (19 + 35) </answer>',
    ]);
    expect((await open(file, { demonstration: 'expression' })).first.demonstrations).toEqual(['44 + (19 + 35)']);
    expect((await open(file, { demonstration: 'steps' })).first.demonstrations).toEqual(['19 + 35 = 54\n44 + 54 = 98']);
    expect((await open(file, { demonstration: '{steps}\n={expression}' })).first.demonstrations).toEqual([
      '19 + 35 = 54\n44 + 54 = 98\n=44 + (19 + 35)',
    ]);
    expect((await open(file, { demonstration: 'trace' })).first.demonstrations[0]).toBe(
      '19 + 35 = 54\n44 + 54 = 98\nTherefore, the final equation is 44 + (19 + 35)',
    );
  });

  it.each(['snappy', 'gzip', 'zstd'])('Countdown as Parquet, %s: the same puzzles', async (codec) => {
    const parquet = await open(fixture(`countdown-${codec}.parquet`));
    const lines = await open(fixture('countdown.jsonl'));
    expect(parquet.layout).toBe('countdown-parquet');
    expect(parquet.length).toBe(12);
    expect(parquet.first.answer).toEqual(lines.first.answer);
    expect(parquet.first.demonstrations).toEqual(lines.first.demonstrations);
    expect(parquet.first.prompt).toMatch(/Using the numbers \[44, 19, 35\], create an equation that equals 98/);
    expect(parquet.first.messages).toBeUndefined();
    const steps = await open(fixture(`countdown-${codec}.parquet`), { demonstration: 'steps' });
    expect(steps.first.demonstrations).toEqual(['19 + 35 = 54\n44 + 54 = 98']);
  });

  it('MATH: solution is the demonstration, unique_id the id', async () => {
    const { first, layout } = await open(fixture('math500.jsonl'));
    expect(layout).toBe('math');
    expect(first).toMatchObject({ id: 'test/precalculus/807.json', answer: '\\left( 3, \\frac{\\pi}{2} \\right)' });
    expect(first.demonstrations[0]).toMatch(/^We have that \$r = /);
    const boxed = await open(fixture('math500.jsonl'), { answer: 'boxed' });
    expect(boxed.first.answer).toBe('\\left( 3, \\frac{\\pi}{2} \\right)');
  });

  it('MATH without an answer column takes the last \\boxed{}', async () => {
    const { first } = await open(rows({ problem: 'p', solution: 'so \\boxed{1} and \\boxed{\\frac{1}{2}}.' }));
    expect(first.answer).toBe('\\frac{1}{2}');
  });

  it('SVAMP: a template for the prompt, the equation as demonstration', async () => {
    const { first, layout } = await open(fixture('svamp.json'));
    expect(layout).toBe('svamp');
    expect(first).toMatchObject({ id: 'chal-1', answer: 51, demonstrations: ['( 76.0 - 25.0 ) = 51\n#### 51'] });
    expect(first.prompt).toBe(
      'Each pack of dvds costs 76 dollars. If there is a discount of 25 dollars on each pack How much do you have to pay to buy each pack?',
    );
    const own = await open(fixture('svamp.json'), { prompt: '{{{Type}}} {Question}', id: 'Equation' });
    expect(own.first.prompt).toBe('{Subtraction} How much do you have to pay to buy each pack?');
    expect(own.first.id).toBe('( 76.0 - 25.0 )');
    expect(own.text).toContain('  prompt         ← "{{{Type}}} {Question}", from your map');
  });
});

describe('layouts', () => {
  it('ProsQA', async () => {
    const { first, layout } = await open(
      rows({ question: 'Is Tom a?', steps: ['Tom is b.', 'b is a.'], answer: 'Tom is a.' }),
    );
    expect(layout).toBe('prosqa');
    expect(first).toMatchObject({ answer: 'Tom is a.', demonstrations: ['Tom is b.\nb is a.\n### Tom is a.'] });
  });

  it('verl, with its demonstration in extra_info', async () => {
    const { first, layout } = await open(
      rows({
        data_source: 'x',
        prompt: [
          { role: 'system', content: 'Be brief.' },
          { role: 'user', content: '1 + 1?' },
        ],
        reward_model: { style: 'rule', ground_truth: '2' },
        extra_info: { index: 0, tagged_answer: '<answer>2</answer>', answer: 'two' },
      }),
    );
    expect(layout).toBe('verl');
    expect(first).toMatchObject({ prompt: 'Be brief.\n\n1 + 1?', answer: '2', demonstrations: ['<answer>2</answer>'] });
    expect(first.messages).toEqual([
      { role: 'system', content: 'Be brief.' },
      { role: 'user', content: '1 + 1?' },
    ]);
    expect(first.columns.data_source).toBe('x');
  });

  it('TRL prompt, with and without an answer', async () => {
    const bare = await open(rows({ prompt: 'Write.' }));
    expect(bare).toMatchObject({
      layout: 'trl-prompt',
      first: { prompt: 'Write.', answer: undefined, demonstrations: [] },
    });
    expect(bare.text).toContain('  answer         none');
    const several = await open(rows({ prompt: 'Why?', ground_truth: 4, demonstrations: ['one', '', 'two'] }));
    expect(several.first).toMatchObject({ answer: 4, demonstrations: ['one', 'two'] });
    expect((await open(rows({ prompt: 'Why?', trace: 'so' }))).first.demonstrations).toEqual(['so']);
  });

  it('TRL prompt and completion, plain and conversational', async () => {
    const plain = await open(rows({ prompt: 'The sky is', completion: ' blue.' }));
    expect(plain).toMatchObject({ layout: 'trl-prompt-completion', first: { demonstrations: [' blue.'] } });
    const talk = await open(
      rows({ prompt: [{ role: 'user', content: 'Colour?' }], completion: [{ role: 'assistant', content: 'Blue.' }] }),
    );
    expect(talk.first).toMatchObject({ prompt: 'Colour?', demonstrations: ['Blue.'], messages: undefined });
  });

  it('TRL messages: all before the last reply is the prompt', async () => {
    const messages = [
      { role: 'user', content: [{ type: 'text', text: 'Hi' }] },
      { role: 'assistant', content: 'Hello.' },
      { role: 'user', content: 'Colour?' },
      { role: 'assistant', content: 'Blue.' },
    ];
    const { first, layout } = await open(rows({ messages, answer: 'blue' }));
    expect(layout).toBe('trl-messages');
    expect(first).toMatchObject({ prompt: 'Hi\n\nHello.\n\nColour?', answer: 'blue', demonstrations: ['Blue.'] });
    expect(first.messages?.map(({ role }) => role)).toEqual(['user', 'assistant', 'user']);
    const open2 = await open(rows({ messages: messages.slice(0, 1) }));
    expect(open2.first).toMatchObject({ prompt: 'Hi', demonstrations: [] });
  });

  it('questions with plain answers are not GSM8K', async () => {
    const { layout, first } = await open(rows({ question: 'q', answer: 'a' }));
    expect(layout).toBe('question-answer');
    expect(first).toMatchObject({ answer: 'a', demonstrations: [] });
  });

  it('a map alone, with dotted columns', async () => {
    const file = rows({ task: { text: 'do', 'a.b': 1 }, gold: [1, 2], 'x.y': 'dotted' });
    const { first, layout } = await open(file, { prompt: 'task.text', answer: 'gold', demonstration: '{x.y}: {gold}' });
    expect(layout).toBeUndefined();
    expect(first).toMatchObject({ prompt: 'do', answer: [1, 2], demonstrations: ['dotted: 1, 2'] });
  });

  it('CSV columns are recognised too', async () => {
    const { first, layout } = await open(write('qa.csv', 'question,answer\n"1,\n2?","so\n#### 1,234"\n'));
    expect({ layout, answer: first.answer, prompt: first.prompt }).toEqual({
      layout: 'gsm8k',
      answer: '1234',
      prompt: '1,\n2?',
    });
  });
});
