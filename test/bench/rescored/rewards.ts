// Reward functions that `npm run bench -- rescore` scores with: one that costs nothing, and one that takes about as long
// as a checker of mathematics does.

interface Sample {
  completion: string;
  row: { nums: number[]; target: number; trace: string };
}

/** The completion is the trace, letter by letter. */
export function same({ completion, row }: Sample): number {
  return completion === row.trace ? 1 : 0;
}

/** How close the last number of the completion comes to the target, among all that the given numbers can make. */
export function nearest({ completion, row }: Sample): number {
  const found = Number(completion.match(/-?\d+/g)?.at(-1) ?? Number.NaN);
  const values = [...reachable(row.nums)].sort((a, b) => Math.abs(a - row.target) - Math.abs(b - row.target));
  const rank = values.indexOf(found);
  return rank < 0 ? 0 : 1 - rank / values.length;
}

/** Every value of an expression that uses each number once. */
function reachable(numbers: number[]): Set<number> {
  if (numbers.length === 1) return new Set(numbers);
  const values = new Set<number>();
  for (const [i, a] of numbers.entries()) {
    for (const [j, b] of numbers.entries()) {
      if (i === j) continue;
      const rest = numbers.filter((_, at) => at !== i && at !== j);
      for (const value of [a + b, a - b, a * b, a / b]) {
        for (const end of reachable([value, ...rest])) values.add(end);
      }
    }
  }
  return values;
}
