// The reward of the Countdown example: yours to edit. It runs in its own process, never in the trainer.
// A completion is right when the expression after its last "=" uses each given number exactly once
// and comes to the target: "19+35=54,44+54=98,=44+(19+35)".

interface Sample {
  prompt: string;
  completion: string;
  row: { nums: number[]; target: number };
}

/** 1 for a correct expression, else 0. */
export function solved({ completion, row }: Sample): number {
  const expression = completion.slice(completion.lastIndexOf('=') + 1);
  const used = (expression.match(/\d+/g) ?? []).map(Number);
  if (!sameNumbers(used, row.nums)) return 0;
  return evaluate(expression) === row.target ? 1 : 0;
}

function sameNumbers(used: number[], given: number[]): boolean {
  const sorted = (numbers: number[]) => [...numbers].sort((a, b) => a - b).join(' ');
  return sorted(used) === sorted(given);
}

/** The value of an expression of + - * / and parentheses, or NaN when it is not one. Never eval. */
function evaluate(text: string): number {
  const tokens = text.match(/\d+|[-+*/()]/g) ?? [];
  if (tokens.join('') !== text.trim()) return Number.NaN;
  let at = 0;

  function sum(): number {
    let value = product();
    while (tokens[at] === '+' || tokens[at] === '-')
      value = tokens[at++] === '+' ? value + product() : value - product();
    return value;
  }
  function product(): number {
    let value = factor();
    while (tokens[at] === '*' || tokens[at] === '/') value = tokens[at++] === '*' ? value * factor() : value / factor();
    return value;
  }
  function factor(): number {
    const token = tokens[at++];
    if (token === '(') {
      const value = sum();
      return tokens[at++] === ')' ? value : Number.NaN;
    }
    return token !== undefined && /^\d+$/.test(token) ? Number(token) : Number.NaN;
  }

  const value = sum();
  return at === tokens.length ? value : Number.NaN;
}
