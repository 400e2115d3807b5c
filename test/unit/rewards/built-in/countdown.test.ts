// Countdown: where the expression stands, which numbers it may use, and exact arithmetic.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { evaluateArithmetic } from '../../../../backend/rewards/built-in/arithmetic';
import { outcomeOf, scoreOf } from './score-one';

const puzzle = { nums: [44, 19, 35], target: 98 };

describe('the reward', () => {
  it.each([
    ['<answer> 44 + (19 + 35) </answer>', {}, 1],
    ['<answer>44+19+35 = 98</answer>', {}, 1],
    ['<answer>44+19+35 = 97</answer>', {}, 0],
    ['44 + (19 + 35)', {}, 0],
    ['<answer>1</answer> <answer>44 + 19 + 35</answer>', {}, 1],
    ['19+35=54,44+54=98,=44+(19+35)', { from: 'equals' }, 1],
    ['19 + 35 = 54\n=44+(19+35)\n', { from: 'equals' }, 1],
    ['thinking\n44 + 19 + 35\n\n', { from: 'lastLine' }, 1],
    ['44 + 19 + 35', { from: 'text' }, 1],
    ['<answer>98</answer>', {}, 0],
    ['<answer>44 + 54</answer>', {}, 0],
    ['<answer>44 + 19 + 35 + 44 - 44</answer>', {}, 0],
    ['<answer>constructor(44)</answer>', {}, 0],
    ['<answer></answer>', {}, 0],
  ])('%j with %j scores %d', (completion, options, expected) => {
    expect(scoreOf('countdown', options, completion, puzzle)).toBe(expected);
    expect(scoreOf('countdown', options, completion, undefined, { row: puzzle })).toBe(expected);
  });

  it('may leave numbers out only when told so', () => {
    const row = { nums: [50, 2, 7], target: 100 };
    expect(scoreOf('countdown', { from: 'text' }, '50 * 2', row)).toBe(0);
    expect(scoreOf('countdown', { from: 'text', numbers: 'atMostOnce' }, '50 * 2', row)).toBe(1);
    expect(scoreOf('countdown', { from: 'text', numbers: 'atMostOnce' }, '50 + 50', row)).toBe(0);
  });

  it('says why a completion is wrong', () => {
    const why = (completion: string) => outcomeOf('countdown', { from: 'text' }, completion, puzzle);
    expect(why('44+19*35')).toMatchObject({ value: 0, details: { why: 'comes to 709, not 98' } });
    expect(why('44+19')).toMatchObject({ details: { why: 'uses 44, 19 instead of 44, 19, 35' } });
    expect(why('44+')).toMatchObject({ details: { why: 'not an expression: it ends too early' } });
    expect(why('44/(19-19)')).toMatchObject({ details: { why: 'not an expression: division by zero' } });
    expect(why('')).toMatchObject({ details: { why: 'no expression found' } });
  });

  it('a row without a puzzle is invalid', () => {
    expect(scoreOf('countdown', {}, '<answer>1</answer>', '98')).toBe(
      'The row has no Countdown puzzle: its answer must be {nums, target}, or it must have the columns nums (a list of numbers) and target (a number).',
    );
  });
});

interface Tree {
  text: string;
  value: number;
}
const tree = fc.letrec<{ tree: Tree }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 5 },
    fc.nat({ max: 99 }).map((value) => ({ text: String(value), value })),
    fc.tuple(tie('tree'), fc.constantFrom('+', '-', '*', '/'), tie('tree')).map(([left, operator, right]) => ({
      text: `(${left.text} ${operator} ${right.text})`,
      value: {
        '+': left.value + right.value,
        '-': left.value - right.value,
        '*': left.value * right.value,
        '/': left.value / right.value,
      }[operator] as number,
    })),
    tie('tree').map((inner) => ({ text: `-(${inner.text})`, value: -inner.value })),
  ),
})).tree;

describe('the evaluator', () => {
  it('agrees with floating point where that is exact enough', () => {
    fc.assert(
      fc.property(tree, ({ text, value }) => {
        const result = evaluateArithmetic(text);
        if ('problem' in result)
          expect(Number.isFinite(value) && !text.includes('/') && text.length <= 1000).toBe(false);
        else if (Number.isFinite(value)) {
          const exact = Number(result.value.numerator) / Number(result.value.denominator);
          expect(Math.abs(exact - value)).toBeLessThanOrEqual(1e-6 * Math.max(1, Math.abs(value)));
        }
      }),
    );
  });

  it('binds as arithmetic does, and is exact', () => {
    const value = (text: string) => {
      const result = evaluateArithmetic(text);
      return 'problem' in result ? result.problem : result.value.toString();
    };
    expect(value('1 - 2 - 3')).toBe('-4');
    expect(value('8 / 4 / 2')).toBe('1');
    expect(value('2 + 3 * 4')).toBe('14');
    expect(value('8 / (3 - 8 / 3)')).toBe('24');
    expect(value('0.1 + 0.2')).toBe('3/10');
    expect(value('6 × 2 ÷ 3 − 1')).toBe('3');
    expect(value('2 3')).toBe('"3" is out of place');
    expect(value('2 ** 3')).toBe('"*" is out of place');
    expect(value('(1')).toBe('a ")" is missing');
    expect(value(`${'('.repeat(150)}1${')'.repeat(150)}`)).toBe('nested deeper than 100');
    expect(value(`${'1+'.repeat(600)}1`)).toBe('longer than 1000 characters');
  });

  it('never throws on any text', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom(...'0123456789+-*/(). =x') }),
        (text) => void evaluateArithmetic(text),
      ),
    );
  });
});
