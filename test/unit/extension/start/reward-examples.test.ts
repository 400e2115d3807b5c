// What a new reward file says of the person's own rows.
import { expect, it } from 'vitest';
import { answerType, exampleLines } from '../../../../extension/start/reward-examples';
import { rewardFileTemplates } from '../../../../extension/start/reward-file-text';

const row = (answer: unknown) => ({ prompt: 'line\n1', answer, demonstrations: [] });

it('lists the first rows with the kind of their answers', () => {
  const examples = [row(96), row('96'), row(null), row(1)];
  expect(exampleLines({ examples }, 'train.jsonl')).toEqual([
    'From train.jsonl:',
    '  prompt "line\\n1" · answer 96 (a number)',
    '  prompt "line\\n1" · answer "96" (text)',
    '  prompt "line\\n1" · answer none',
  ]);
  expect(exampleLines({ examples: [] }, 'a')).toEqual([]);
});

it('types the answer as the rows have it', () => {
  expect(answerType({ examples: [row(1), row('a')] })).toBe('number | string');
  expect(answerType({ examples: [row([1, 2])] })).toBe('number[]');
  expect(answerType({ examples: [row({ a: 1 })] })).toBe('unknown');
  expect(answerType({ examples: [] })).toBe('unknown');
});

it('stands in the new file as comments and types', () => {
  const data = { lines: exampleLines({ examples: [row(96)] }, 'train.jsonl'), answerType: 'number' };
  const [typescript, , python] = rewardFileTemplates;
  expect(typescript!.text('correct', data)).toContain(
    '// From train.jsonl:\n//   prompt "line\\n1" · answer 96 (a number)\n',
  );
  expect(typescript!.text('correct', data)).toContain('  answer: number;');
  expect(python!.text('correct', data)).toContain('#   prompt "line\\n1"');
  expect(typescript!.text('correct')).toContain('  answer: unknown;');
});
