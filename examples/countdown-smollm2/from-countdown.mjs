// Writes train.jsonl and heldout.jsonl from ../countdown: the same puzzles, with the expression alone as their trace.
// A demonstration begins with the space that a word begins with in the model's tokens.
import { readFileSync, writeFileSync } from 'node:fs';

for (const name of ['train.jsonl', 'heldout.jsonl']) {
  const lines = readFileSync(new URL(`../countdown/${name}`, import.meta.url), 'utf8')
    .trimEnd()
    .split('\n');
  const puzzles = lines.map((line) => {
    const { nums, target, trace } = JSON.parse(line);
    return JSON.stringify({ nums, target, expression: ` ${trace.slice(trace.lastIndexOf('=') + 1)}` });
  });
  writeFileSync(new URL(name, import.meta.url), `${puzzles.join('\n')}\n`);
}
