// exact, regex, format, length and repetition, and what wrong options say.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { softOverlong } from '../../../../backend/rewards/built-in/length';
import { repeatedShare } from '../../../../backend/rewards/built-in/repetition';
import { outcomeOf, scoreOf } from './score-one';

describe('exact', () => {
  it.each([
    [' 321\n', '321', {}, 1],
    ['321', 321, {}, 1],
    ['the answer: 321', '321', {}, 0],
    ['x <answer>321</answer> y', '321', { from: 'answer' }, 1],
    ['321', '321', { from: 'answer' }, 0],
    ['a\n= 321', '321', { from: 'equals' }, 1],
    ['a\n321\n\n', '321', { from: 'lastLine' }, 1],
    ['YES', 'yes', {}, 0],
    ['YES', 'yes', { ignoreCase: true }, 1],
    ['a  b', 'a b', { collapseWhitespace: true }, 1],
  ])('%j against %j with %j is %d', (completion, answer, options, expected) => {
    expect(scoreOf('exact', options, completion, answer)).toBe(expected);
  });
});

describe('regex', () => {
  it('matches, or compares what it captures last', () => {
    expect(scoreOf('regex', { pattern: '^yes$', flags: 'im' }, 'no\nYES', undefined)).toBe(1);
    expect(scoreOf('regex', { pattern: 'yes' }, 'no', undefined)).toBe(0);
    const capture = { pattern: 'answer is (?<answer>\\d+)', compare: 'answer' };
    expect(scoreOf('regex', capture, 'answer is 1, no: answer is 42', '42')).toBe(1);
    expect(scoreOf('regex', capture, 'answer is 42, no: answer is 1', '42')).toBe(0);
    expect(scoreOf('regex', { pattern: '\\d+', compare: 'answer' }, 'about 42', '42')).toBe(1);
  });

  it('catastrophic backtracking is invalid, not endless', () => {
    const outcome = outcomeOf('regex', { pattern: '^(a+)+$' }, `${'a'.repeat(60)}!`, undefined);
    expect(outcome).toMatchObject({
      invalid: 'timeout',
      reason: 'The pattern took longer than 1000 ms on this text.',
    });
  });
});

describe('format', () => {
  const good = '<think>hm</think>\n<answer>5</answer>';
  it.each([
    [good, {}, 1],
    [`  ${good}\n`, {}, 1],
    [`text ${good}`, {}, 0],
    [`${good} text`, {}, 0],
    [`${good} text`, { allowTail: true }, 1],
    ['<think>a</think> x <answer>5</answer>', {}, 0],
    ['<think>a</think><think>b</think><answer>5</answer>', {}, 0],
    ['<answer>5</answer><think>a</think>', {}, 0],
    ['<think>a<think>b</think><answer>5</answer>', {}, 0],
    ['<think>a</think><answer>5</answer>6</answer>', {}, 0],
    ['hm</think>\n<answer>5</answer>', {}, 0],
    ['hm</think>\n<answer>5</answer>', { thinkOpened: true }, 1],
    ['', {}, 0],
  ])('%j with %j is %d', (completion, options, expected) => {
    expect(scoreOf('format', options, completion, undefined)).toBe(expected);
  });
});

describe('length', () => {
  it('is 0, then falls, then −1, as in DAPO', () => {
    const options = { maxTokens: 10, cacheTokens: 4 };
    const score = (tokens: number) => scoreOf('length', options, '', undefined, { tokenIds: Array(tokens).fill(1) });
    expect([0, 6, 7, 8, 10, 11, 50].map(score)).toEqual([0, 0, -0.25, -0.5, -1, -1, -1]);
  });

  it('never rises with length', () => {
    fc.assert(
      fc.property(fc.nat(200), fc.integer({ min: 1, max: 100 }), fc.nat(50), (tokens, cache, more) => {
        const [now, later] = [softOverlong(tokens, cache + more, cache), softOverlong(tokens + 1, cache + more, cache)];
        expect(later).toBeLessThanOrEqual(now);
        expect(now).toBeGreaterThanOrEqual(-1);
        expect(now).toBeLessThanOrEqual(0);
      }),
    );
  });
});

describe('repetition', () => {
  it('is 0 without repeats and falls with them', () => {
    expect(scoreOf('repetition', {}, 'one two three four five', undefined)).toBe(0);
    expect(scoreOf('repetition', {}, 'too short', undefined)).toBe(0);
    expect(scoreOf('repetition', {}, 'no no no no no', undefined)).toBeCloseTo(-2 / 3);
    expect(scoreOf('repetition', { maxPenalty: -0.3, n: 1 }, 'No no no no', undefined)).toBeCloseTo(-0.225);
    const tokens = { tokenIds: [1, 2, 3, 1, 2, 3] };
    expect(scoreOf('repetition', { unit: 'tokens' }, '', undefined, tokens)).toBeCloseTo(-1 / 4);
  });

  it('of anything said twice is above 0 and below 1', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(), { minLength: 2 }), (units) => {
        expect(repeatedShare([...units, ...units], 2)).toBeGreaterThan(0);
        expect(repeatedShare([...units, ...units], 2)).toBeLessThan(1);
      }),
    );
  });
});

describe('options', () => {
  it.each([
    [
      'gsm8k',
      { mod: 'strict' },
      'Reward "r" (built-in gsm8k): there is no option "mod" (did you mean "mode"?). Its options are mode.',
    ],
    [
      'countdown',
      { from: 'box' },
      'Reward "r" (built-in countdown): options.from: Invalid option: expected one of "text"|"answer"|"equals"|"lastLine". Its options are numbers, from.',
    ],
    [
      'regex',
      { pattern: '(' },
      'Reward "r" (built-in regex): options.pattern: Invalid regular expression: /(/: Unterminated group. Its options are pattern, flags, compare.',
    ],
    [
      'regex',
      {},
      'Reward "r" (built-in regex): options.pattern: Invalid input: expected string, received undefined. Its options are pattern, flags, compare.',
    ],
    [
      'length',
      { maxTokens: 2, cacheTokens: 3 },
      'Reward "r" (built-in length): options.cacheTokens: cacheTokens must not be greater than maxTokens. Its options are maxTokens, cacheTokens.',
    ],
  ] as const)('of %s: %j', (name, options, message) => {
    expect(() => outcomeOf(name, options, '', '')).toThrow(message);
  });
});
