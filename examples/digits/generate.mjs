// Writes train.jsonl and heldout.jsonl: all 1,000 three-digit strings, shuffled by a fixed seed, 800 to train on
// and 200 held out. The task: reverse the digits.
import { writeFileSync } from 'node:fs';

let state = 20250601;
const random = () => {
  // Mulberry32, so that the files come out the same everywhere.
  state = (state + 0x6d2b79f5) | 0;
  let t = Math.imul(state ^ (state >>> 15), 1 | state);
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
  return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
};

const rows = Array.from({ length: 1000 }, (_, number) => String(number).padStart(3, '0'));
for (let i = rows.length - 1; i > 0; i--) {
  const j = Math.floor(random() * (i + 1));
  [rows[i], rows[j]] = [rows[j], rows[i]];
}
const line = (digits) => {
  const reversed = [...digits].reverse().join('');
  return JSON.stringify({ prompt: `${digits}>`, answer: reversed, trace: reversed });
};
writeFileSync(new URL('train.jsonl', import.meta.url), `${rows.slice(0, 800).map(line).join('\n')}\n`);
writeFileSync(new URL('heldout.jsonl', import.meta.url), `${rows.slice(800).map(line).join('\n')}\n`);
