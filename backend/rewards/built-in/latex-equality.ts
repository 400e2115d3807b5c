// Whether two LaTeX answers mean the same: numerically where both are numbers, element by element for
// tuples, intervals, sets, lists and matrices, else as normalised text. In the spirit of the MATH
// benchmark's is_equiv (arXiv 2103.03874): percent and degree signs, units and spacing don't count.
import { latexValue } from './latex-value';
import { Rational } from './rational';

/** Relative tolerance of numeric equality: for the rounding of √ and π, not for rounded answers. */
const relativeTolerance = 1e-9;

/** Equal as text after normalisation, or as numbers where both are numbers. */
export function latexEqual(left: string, right: string): boolean {
  return equalNormalised(normaliseLatex(left), normaliseLatex(right));
}

function equalNormalised(left: string, right: string): boolean {
  if (left === right) return true;
  const numbers = numbersEqual(left, right);
  if (numbers !== undefined) return numbers;
  const parts = compareParts(left, right);
  if (parts !== undefined) return parts;
  return wordsOf(left) !== undefined && wordsOf(left) === wordsOf(right);
}

/** undefined when not both are numbers. */
function numbersEqual(left: string, right: string): boolean | undefined {
  const [a, b] = [Rational.parse(left), Rational.parse(right)];
  if (a && b) return a.equals(b);
  const [x, y] = [latexValue(left), latexValue(right)];
  if (x === undefined || y === undefined) return undefined;
  return Math.abs(x - y) <= relativeTolerance * Math.max(Math.abs(x), Math.abs(y));
}

interface Parts {
  readonly kind: string;
  readonly ordered: boolean;
  readonly items: readonly string[];
}

/** undefined when neither side has parts. */
function compareParts(left: string, right: string): boolean | undefined {
  const [a, b] = [partsOf(left), partsOf(right)];
  if (!a && !b) return undefined;
  if (!a || !b || a.kind !== b.kind || a.items.length !== b.items.length) return false;
  if (a.ordered) return a.items.every((item, index) => equalNormalised(item, b.items[index] ?? ''));
  const rest = [...b.items];
  return a.items.every((item) => {
    const at = rest.findIndex((other) => equalNormalised(item, other));
    if (at >= 0) rest.splice(at, 1);
    return at >= 0;
  });
}

/** The elements of a union, matrix, tuple, interval, set or list of solutions. */
function partsOf(text: string): Parts | undefined {
  const union = splitTop(text, '\\cup');
  if (union.length > 1) return { kind: 'union', ordered: true, items: union };
  const matrix = /^\\begin\{([a-z]*matrix)\}(.*)\\end\{\1\}$/.exec(text);
  if (matrix) {
    const rows = (matrix[2] ?? '').split(rowEnd).filter((row) => row !== '');
    return { kind: `matrix of ${rows.length} rows`, ordered: true, items: rows.flatMap((row) => row.split('&')) };
  }
  const set = /^\\\{(.*)\\\}$/.exec(text);
  if (set) return { kind: 'set', ordered: false, items: splitTop(set[1] ?? '', ',') };
  const bracketed = /^([([])(.*)([)\]])$/.exec(text);
  if (bracketed) {
    const items = splitTop(bracketed[2] ?? '', ',');
    if (items.length > 1) return { kind: `${bracketed[1]}${bracketed[3]}`, ordered: true, items };
  }
  const list = splitTop(text, ',');
  return list.length > 1 ? { kind: 'list', ordered: false, items: list } : undefined;
}

/** Splits at a separator that is in no bracket. */
function splitTop(text: string, separator: string): string[] {
  const items: string[] = [];
  let depth = 0;
  let start = 0;
  for (let at = 0; at < text.length; at++) {
    const character = text[at] ?? '';
    if ('([{'.includes(character)) depth++;
    else if (')]}'.includes(character)) depth--;
    else if (depth === 0 && text.startsWith(separator, at)) {
      items.push(text.slice(start, at));
      start = at + separator.length;
      at = start - 1;
    }
  }
  return [...items, text.slice(start)];
}

/** Plain words, without the brackets of a choice such as (B), in lower case. */
function wordsOf(text: string): string | undefined {
  return /^\(?([A-Za-z]+)\)?$/.exec(text)?.[1]?.toLowerCase();
}

/** Stands for `\\`, which ends a matrix row, so that no rule takes half of it for a command. */
const rowEnd = '\u0000';
const thousands = /^([-+]?)(\d{1,3}(?:(?:,|\{,\})\d{3})+)((?:\.\d+)?)$/;
const command = '(?:text|mathrm|mbox|textbf|textit|mathbf|textrm|operatorname)';
const unitCommand = new RegExp(String.raw`^(.*[\d})])\s*\\${command}\{[^{}]*\}(?:\^\{?\d\}?)?$`);
const unitWords = /^([-+]?[\d.,/]+)\s+[A-Za-z]{2,}(?:\s+[A-Za-z]+)*$/;
const textCommand = new RegExp(String.raw`\\${command}\{([^{}]*)\}`, 'g');

/** One canonical spelling; what remains is compared as text where it has no value. */
export function normaliseLatex(source: string): string {
  let text = source
    .replaceAll('\\\\', rowEnd)
    .replace(/\\[()]|\\\[|\\\]|\\?\$/g, '')
    .replace(/\\(?:left|right|displaystyle|limits|big|Big|bigg|Bigg)(?![a-zA-Z])/g, '')
    .replace(/\\[!,;:]|\\ |~|\\quad|\\qquad/g, ' ')
    .replace(/\\[dtc]frac/g, '\\frac')
    .replace(/\^\{?\\circ\}?|\\degree|°/g, '')
    .replace(/\\?%/g, '')
    .replace(/\\(?:cdot|times)(?![a-zA-Z])|×|·/g, '*')
    .replace(/\\div(?![a-zA-Z])|÷/g, '/')
    .replace(/−/g, '-')
    .replace(/\\(?:lbrace|rbrace)/g, (name) => (name === '\\lbrace' ? '\\{' : '\\}'))
    .replace(/\\neq/g, '\\ne')
    .replace(/\\([lg])eq/g, '\\$1e')
    .trim()
    .replace(/(?<=[^.])\.$/, '')
    .trim();
  text = text.replace(/^[a-zA-Z]\s*(?:=|\\in(?![a-zA-Z]))\s*/, '');
  text = unitCommand.exec(text)?.[1] ?? unitWords.exec(text)?.[1] ?? text;
  text = text.replace(textCommand, '$1').trim();
  const grouped = thousands.exec(text);
  if (grouped) text = `${grouped[1]}${(grouped[2] ?? '').replace(/[{},]/g, '')}${grouped[3]}`;
  return text.replace(/\s+/g, '');
}
