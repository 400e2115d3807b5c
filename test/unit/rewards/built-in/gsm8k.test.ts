// GSM8K: strict and flexible extraction, and exact comparison.
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { scoreOf } from './score-one';

it.each([
  ['so #### 72', '72', 1],
  ['#### 18.00', 'She makes 9 * 2 = $18\n#### 18', 1],
  ['#### $1,234.50 in total', '1234.5', 1],
  ['#### -5', '-5', 1],
  ['#### .5', '0.5', 1],
  ['first #### 1 then #### 2', '2', 1],
  ['first #### 1 then #### 2', '1', 0],
  ['The answer is 72.', '72', 0],
  ['#### seventy-two', '72', 0],
  ['', '72', 0],
  ['#### 72', 72, 1],
])('strict: %j against %j is %d', (completion, answer, expected) => {
  expect(scoreOf('gsm8k', {}, completion, answer)).toBe(expected);
});

it.each([
  ['The answer is 72.', '72', 1],
  ['2 + 2 = 4, so 5', '5', 1],
  ['It costs $1,000, or 1,000 dollars.', '1000', 1],
  ['none', '72', 0],
])('flexible: %j against %j is %d', (completion, answer, expected) => {
  expect(scoreOf('gsm8k', { mode: 'flexible' }, completion, answer)).toBe(expected);
});

it('an answer that is no number, or none, is invalid', () => {
  expect(scoreOf('gsm8k', {}, '#### 1', 'blue')).toBe('The row\'s answer is not a number: "blue".');
  expect(scoreOf('gsm8k', {}, '#### 1', undefined)).toBe(
    'The row has no answer to compare with (found none). Name its column in data.map.answer.',
  );
});

it('any number, grouped by commas or not, equals itself and not its successor', () => {
  fc.assert(
    fc.property(fc.integer(), fc.boolean(), (number, grouped) => {
      const written = grouped ? number.toLocaleString('en-US') : String(number);
      expect(scoreOf('gsm8k', {}, `thus\n#### ${written}`, String(number))).toBe(1);
      expect(scoreOf('gsm8k', { mode: 'flexible' }, `it is ${written}.`, String(number))).toBe(1);
      expect(scoreOf('gsm8k', {}, `#### ${written}`, String(number + 1))).toBe(0);
    }),
  );
});
