// Boxed answers: brace matching, and which LaTeX counts as equal.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { lastBoxed } from '../../../../backend/rewards/built-in/boxed';
import { latexEqual } from '../../../../backend/rewards/built-in/latex-equality';
import { latexValue } from '../../../../backend/rewards/built-in/latex-value';
import { scoreOf } from './score-one';

describe('the box', () => {
  it.each([
    ['\\boxed{5}', '5'],
    ['first \\boxed{1}, then $\\boxed{\\frac{1}{2}}$.', '\\frac{1}{2}'],
    ['\\boxed{\\{1, 2\\}}', '\\{1, 2\\}'],
    ['\\boxed{a', undefined],
    ['\\fbox{7}', '7'],
    ['\\boxed 9$', '9'],
    ['no box', undefined],
  ])('%j holds %j', (text, expected) => {
    expect(lastBoxed(text)).toBe(expected);
  });

  it('finds any balanced content', () => {
    const balanced = fc.letrec<{ text: string }>((tie) => ({
      text: fc.oneof(
        { maxDepth: 4 },
        fc.constantFrom('', 'x', '12', '\\}', '\\{', '\\frac', ' '),
        fc.tuple(tie('text'), tie('text')).map(([a, b]) => `${a}{${b}}`),
      ),
    })).text;
    fc.assert(fc.property(balanced, (content) => lastBoxed(`so \\boxed{${content}} .`) === content));
  });
});

describe('equality', () => {
  it.each([
    ['\\frac{1}{2}', '0.5'],
    ['\\dfrac12', '1/2'],
    ['\\frac{3}{6}', '\\tfrac{1}{2}'],
    ['1\\frac{4}{5}', '9/5'],
    ['137 \\frac{1}{2}', '137.5'],
    ['3\\sqrt{13}', '\\sqrt{117}'],
    ['\\sqrt[3]{27}', '3'],
    ['-\\frac{24}{25}', '\\frac{-24}{25}'],
    ['11\\sqrt{5}+11', '11 + 11 \\sqrt 5'],
    ['288 \\pi', '288\\pi'],
    ['2^{10}', '1024'],
    ['50\\%', '50'],
    ['\\$36', '36'],
    ['145^\\circ', '145'],
    ['10\\text{ cm}', '10'],
    ['10 \\mathrm{cm}^2', '10'],
    ['10 cm', '10'],
    ['1,234', '1234'],
    ['1{,}234', '1234'],
    ['.5', '0.5'],
    ['x = 5', '5'],
    ['\\left( 3, \\frac{\\pi}{2} \\right)', '(3,\\pi/2)'],
    ['(2,\\infty)', '\\left(2, \\infty\\right)'],
    ['3, 5, 7', '7,3,5'],
    ['\\{1,2\\}', '\\{2, 1\\}'],
    ['(0,9) \\cup (9,36)', '(0,9)\\cup(9,36)'],
    ['\\text{Evelyn}', 'Evelyn'],
    ['\\text{(B)}', 'B'],
    ['\\text{even}', 'Even'],
    ['6+9i', '6 + 9i'],
    ['15x - 80', '15x-80'],
    ['y = -2x', '-2x'],
    ['\\begin{pmatrix} -1 & 0 \\\\ 0 & -1 \\end{pmatrix}', '\\begin{pmatrix}-1&0\\\\0&-1\\end{pmatrix}'],
    ['\\begin{pmatrix} 1/5 \\\\ 2 \\end{pmatrix}', '\\begin{pmatrix} 0.2 \\\\ 2 \\end{pmatrix}'],
    ['123456789012345678901', '123456789012345678901.0'],
  ])('%j equals %j', (left, right) => {
    expect(latexEqual(left, right)).toBe(true);
    expect(latexEqual(right, left)).toBe(true);
  });

  it.each([
    ['0.333', '\\frac{1}{3}'],
    ['3', '-3'],
    ['(3,5)', '[3,5]'],
    ['(3,5)', '(5,3)'],
    ['3, 5', '3, 5, 7'],
    ['3, 3', '3, 5'],
    ['x+1', 'x+2'],
    ['\\text{odd}', '\\text{even}'],
    ['123456789012345678901', '123456789012345678902'],
    ['', '5'],
    ['\\frac{1}{0}', '5'],
    ['\\sqrt{2}', '2'],
  ])('%j does not equal %j', (left, right) => {
    expect(latexEqual(left, right)).toBe(false);
  });

  it('scores the last box of a completion against an answer with or without a box', () => {
    expect(scoreOf('boxed', {}, 'thus \\boxed{\\frac12}', 'so $\\boxed{0.5}$')).toBe(1);
    expect(scoreOf('boxed', {}, 'thus \\boxed{1/2}', '0.5')).toBe(1);
    expect(scoreOf('boxed', { equality: 'exact' }, '\\boxed{1/2}', '0.5')).toBe(0);
    expect(scoreOf('boxed', {}, '0.5', '0.5')).toBe(0);
  });

  it('is reflexive and never throws on any text', () => {
    const symbol = fc.constantFrom(
      '\\frac',
      '\\sqrt',
      '{',
      '}',
      '(',
      ')',
      '[',
      ']',
      ',',
      '1',
      '23',
      'x',
      '^',
      '-',
      '\\text{',
      '%',
      '\\cup',
      ' ',
    );
    const texts = fc.array(symbol, { maxLength: 30 }).map((parts) => parts.join(''));
    fc.assert(
      fc.property(texts, texts, (left, right) => {
        expect(latexEqual(left, left)).toBe(true);
        expect(latexEqual(left, right)).toBe(latexEqual(right, left));
      }),
      { numRuns: 500 },
    );
  });

  it('values agree with arithmetic', () => {
    const integer = fc.integer({ min: 1, max: 999 });
    fc.assert(
      fc.property(integer, integer, integer, (a, b, c) => {
        expect(latexValue(`\\frac{${a}}{${b}}+${c}`)).toBeCloseTo(a / b + c, 9);
        expect(latexValue(`${a}\\frac{${b}}{${c}}`)).toBeCloseTo(a + b / c, 9);
        expect(latexValue(`-${a}\\sqrt{${b}}/${c}`)).toBeCloseTo((-a * Math.sqrt(b)) / c, 9);
        expect(latexValue(`(${a}-${b})(${c})`)).toBe((a - b) * c);
      }),
    );
  });

  it('gives up on nesting that no answer has', () => {
    expect(latexValue(`${'('.repeat(200)}1${')'.repeat(200)}`)).toBeUndefined();
  });
});
