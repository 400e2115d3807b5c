// A recursive-descent evaluator of + − * / and parentheses on exact rationals, for Countdown. Never eval:
// the text is a model's. Grammar: sum := product (("+"|"-") product)*; product := factor (("*"|"/") factor)*;
// factor := number | "-" factor | "(" sum ")".
import { Rational } from './rational';

export interface Evaluation {
  readonly value: Rational;
  /** The numbers the expression uses, in order. */
  readonly numbers: readonly Rational[];
}

/** Longest expression looked at, in characters, and deepest nesting; a longer one is not a Countdown answer. */
const longest = 1000;
const deepest = 100;

class NotAnExpression extends Error {}

/** The value of an expression, or the reason why it has none. `×`, `÷`, `−` and `·` count as operators. */
export function evaluateArithmetic(text: string): Evaluation | { readonly problem: string } {
  if (text.length > longest) return { problem: `longer than ${longest} characters` };
  const tokens = text.match(/\d+(?:\.\d+)?|\S/g) ?? [];
  const numbers: Rational[] = [];
  let at = 0;
  let depth = 0;

  const operators: Record<string, string> = { '×': '*', '·': '*', '÷': '/', '−': '-' };
  const peek = () => {
    const token = tokens[at];
    return token === undefined ? undefined : (operators[token] ?? token);
  };

  function sum(): Rational {
    let value = product();
    for (;;) {
      if (peek() === '+') {
        at++;
        value = value.plus(product());
      } else if (peek() === '-') {
        at++;
        value = value.minus(product());
      } else return value;
    }
  }

  function product(): Rational {
    let value = factor();
    for (;;) {
      if (peek() === '*') {
        at++;
        value = value.times(factor());
      } else if (peek() === '/') {
        at++;
        const quotient = value.dividedBy(factor());
        if (!quotient) throw new NotAnExpression('division by zero');
        value = quotient;
      } else return value;
    }
  }

  function factor(): Rational {
    if (++depth > deepest) throw new NotAnExpression(`nested deeper than ${deepest}`);
    const value = unnestedFactor();
    depth--;
    return value;
  }

  function unnestedFactor(): Rational {
    const token = peek();
    at++;
    if (token === '-') return factor().negated();
    if (token === '(') {
      const value = sum();
      if (peek() !== ')') throw new NotAnExpression('a ")" is missing');
      at++;
      return value;
    }
    const number = token === undefined ? undefined : Rational.parse(token);
    if (!number) throw new NotAnExpression(token === undefined ? 'it ends too early' : `"${token}" is out of place`);
    numbers.push(number);
    return number;
  }

  try {
    const value = sum();
    if (at < tokens.length) return { problem: `"${tokens[at]}" is out of place` };
    return { value, numbers };
  } catch (error) {
    if (error instanceof NotAnExpression) return { problem: error.message };
    throw error;
  }
}
