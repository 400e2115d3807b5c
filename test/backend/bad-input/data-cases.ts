// Mistakes in datasets and traces.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { root } from '../cli/superrl-program';
import type { BadInput } from './bad-input';
import { jsonl } from './project';

const inspect = (file: string) => ['data', 'inspect', file];
const parquet = () => readFileSync(join(root, 'test/fixtures/data/countdown-snappy.parquet'));
const trained = (rows: readonly unknown[]) => ({ 'train.jsonl': jsonl(rows) });
const good = { prompt: '12>', answer: '21', trace: '21' };

export const dataCases: readonly BadInput[] = [
  {
    mistake: 'the dataset is not there',
    runFile: { data: { train: 'trian.jsonl' } },
    code: 1,
    says: "/project/trian.jsonl: There is no such file. Check the path; in a run file it is relative to that file's folder.",
  },
  {
    mistake: 'the held-out dataset is not there',
    runFile: { data: { train: 'train.jsonl', eval: 'test.jsonl' } },
    code: 1,
    says: "/project/test.jsonl: There is no such file. Check the path; in a run file it is relative to that file's folder.",
  },
  {
    mistake: 'a folder in place of a file',
    files: { 'data/train.jsonl': '' },
    command: inspect('data'),
    code: 1,
    says: '/project/data: This is a folder. Name a file in it: .jsonl, .json, .csv and .parquet, each also with .gz are read.',
  },
  {
    mistake: 'a kind of file that is not read',
    files: { 'data.xlsx': 'PK' },
    command: inspect('data.xlsx'),
    code: 1,
    says: "/project/data.xlsx: A .xlsx file can't be read as data. Supported are .jsonl, .json, .csv and .parquet, each also with .gz.",
  },
  {
    mistake: 'an empty dataset',
    files: { 'a.jsonl': '' },
    command: inspect('a.jsonl'),
    code: 1,
    says: '/project/a.jsonl: The file is empty. Check that it is the right one.',
  },
  {
    mistake: 'a CSV file with a header only',
    files: { 'a.csv': 'prompt,answer\n' },
    command: inspect('a.csv'),
    code: 1,
    says: '/project/a.csv: The file has no rows. Check that it is the right one.',
  },
  {
    mistake: 'a broken JSON line',
    files: { 'train.jsonl': `${JSON.stringify(good)}\n{"prompt": "34>", "answer": nope}\n` },
    code: 1,
    says: '/project/train.jsonl:2:29: The JSON of this record is broken near "nope}". Correct it, or delete the record.',
  },
  {
    mistake: 'a JSON line that is cut off',
    files: { 'a.jsonl': '{"prompt": "34>", "ans' },
    command: inspect('a.jsonl'),
    code: 1,
    says: '/project/a.jsonl:1:19: The JSON of this record ends too early. Correct it, or delete the record.',
  },
  {
    mistake: 'a line that is a list',
    files: { 'a.jsonl': '[1, 2]\n' },
    command: inspect('a.jsonl'),
    code: 1,
    says: '/project/a.jsonl:1: The file is one JSON list, not an object a line. Let its name end in .json.',
  },
  {
    mistake: 'a JSON list without its end',
    files: { 'a.json': '[{"prompt": "1>", "answer": "1"}' },
    command: inspect('a.json'),
    code: 1,
    says: '/project/a.json:1: The list has no closing "]": the file is cut off. Save or download it again.',
  },
  {
    mistake: 'a picture named .jsonl',
    files: { 'a.jsonl': Buffer.from([0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10, 0, 0, 0]) },
    command: inspect('a.jsonl'),
    code: 1,
    says: '/project/a.jsonl: The file is binary, not JSON text.',
  },
  {
    mistake: 'Latin-1 text',
    files: { 'a.jsonl': Buffer.from('{"prompt": "caf\xe9", "answer": "1"}\n', 'latin1') },
    command: inspect('a.jsonl'),
    code: 1,
    says: '/project/a.jsonl:1: This record is not valid UTF-8. Save the file as UTF-8 and open it again.',
  },
  {
    mistake: 'UTF-16 text',
    files: { 'a.jsonl': Buffer.from('\uFEFF{"prompt": "1", "answer": "1"}\n', 'utf16le') },
    command: inspect('a.jsonl'),
    code: 1,
    says: '/project/a.jsonl: The file is UTF-16. Save it as UTF-8.',
  },
  {
    mistake: 'a .gz file that is cut off',
    files: { 'a.jsonl.gz': gzipSync(jsonl([good, good])).subarray(0, 30) },
    command: inspect('a.jsonl.gz'),
    code: 1,
    says: '/project/a.jsonl.gz: The file is not whole gzip data, though its name ends in .gz. Compress or download it again.',
  },
  {
    mistake: 'gzip data without .gz',
    files: { 'a.jsonl': gzipSync(jsonl([good])) },
    command: inspect('a.jsonl'),
    code: 1,
    says: '/project/a.jsonl: The file is gzip data. Let its name end in .gz, or unpack it.',
  },
  {
    mistake: 'a Parquet file that is cut off',
    files: { 'a.parquet': parquet().subarray(0, 3000) },
    command: inspect('a.parquet'),
    code: 1,
    says: "/project/a.parquet: This Parquet file can't be read (parquet file invalid (footer != PAR1)). Download it again, or convert it to JSONL.",
  },
  {
    mistake: 'a Parquet file with a damaged page',
    files: { 'a.parquet': parquet().fill(0xff, 8, 600) },
    command: inspect('a.parquet'),
    code: 1,
    says: "/project/a.parquet: This Parquet file can't be read (thrift unhandled type: 15). Download it again, or convert it to JSONL.",
  },
  {
    mistake: 'a CSV record with too many fields',
    files: { 'a.csv': 'prompt,answer\n12>,21,x\n' },
    command: inspect('a.csv'),
    code: 1,
    says: '/project/a.csv:2: This record has 3 fields and the header has 2. Quote fields that contain commas or line breaks.',
  },
  {
    mistake: 'a CSV quote that stays open',
    files: { 'a.csv': 'prompt,answer\n"12>,21\n' },
    command: inspect('a.csv'),
    code: 1,
    says: '/project/a.csv:2: A quoted field that opens here is never closed. Add the closing quote (").',
  },
  {
    mistake: 'a CSV file with semicolons',
    files: { 'a.csv': 'prompt;answer\n12>;21\n' },
    command: inspect('a.csv'),
    code: 1,
    says: '/project/a.csv:1: The header seems to be separated by semicolons. Save the file with commas between columns.',
  },
  {
    mistake: 'columns of no known layout',
    files: { 'a.jsonl': jsonl([{ task: '12>', gold: '21' }]) },
    command: inspect('a.jsonl'),
    code: 1,
    says: '/project/a.jsonl: No known layout has the columns task, gold. Say which of them is the prompt, for example "map": {"prompt": "task"}, or give a template such as "{task}".',
  },
  {
    mistake: 'a map to a column that is not there',
    runFile: { data: { train: 'train.jsonl', map: { answer: 'anser' } } },
    code: 1,
    says: '/project/train.jsonl: data.map.answer names "anser", which this file lacks. Did you mean "answer"? Its columns are prompt, answer, trace.',
  },
  {
    mistake: 'a map of a field that is not there',
    runFile: { data: { train: 'train.jsonl', map: { promt: 'prompt' } } },
    code: 1,
    says: '/project/train.jsonl: data.map has the unknown field "promt"; did you mean "prompt"? The fields are prompt, answer, demonstration, demonstrations, id.',
  },
  {
    mistake: 'a template with an open brace',
    runFile: { data: { train: 'train.jsonl', map: { prompt: 'Reverse {prompt' } } },
    code: 1,
    says: '/project/train.jsonl: data.map.prompt is the template "Reverse {prompt", which has a "{" without its "}". Write {column} for a column, and {{ or }} for a brace itself.',
  },
  {
    mistake: 'a prompt twice, an empty one and a missing answer, under `onBadRow: "refuse"`',
    runFile: { data: { train: 'train.jsonl', onBadRow: 'refuse' } },
    files: trained([good, good, { prompt: ' ', answer: '1' }, { prompt: '5>' }]),
    code: 1,
    says: '/project/train.jsonl: 3 of 4 rows can\'t be used: 1 duplicate, 1 empty prompt, 1 missing answer. The first: /project/train.jsonl:2: The same prompt as in line 1. Correct them, or set data.onBadRow to "skip".',
  },
  {
    mistake: 'the same, under `onBadRow: "skip"`: it trains on the rest and says so',
    files: trained([
      good,
      good,
      { prompt: ' ', answer: '1' },
      { prompt: '5>' },
      { prompt: '7>', answer: '7', trace: '7' },
    ]),
    code: 0,
    on: 'out',
    says: 'warning: 3 of 5 rows of /project/train.jsonl are left out: 1 duplicate, 1 empty prompt, 1 missing answer.',
    mayChange: /^runs\//,
  },
  {
    mistake: 'an id twice',
    runFile: { data: { train: 'train.jsonl', map: { id: 'uid' }, onBadRow: 'refuse' } },
    files: trained([
      { uid: 7, ...good },
      { uid: 7, prompt: '34>', answer: '43', trace: '43' },
    ]),
    code: 1,
    says: '/project/train.jsonl: 1 of 2 rows can\'t be used: 1 duplicate. The first: /project/train.jsonl:2: The same id "7" as in line 1. Correct them, or set data.onBadRow to "skip".',
  },
  {
    mistake: 'every prompt is longer than the context allows',
    files: trained([{ prompt: `${'1'.repeat(40)}>`, answer: '1', trace: '1' }]),
    code: 1,
    says: "/project/train.jsonl: 1 of 1 rows can't be used: 1 prompt that is too long. The first: /project/train.jsonl:1: The prompt has 41 tokens; at most 28 fit. No row is left; check data.map and the file.",
  },
  {
    mistake: 'a prompt beyond the context, under `onBadRow: "refuse"`',
    runFile: { data: { train: 'train.jsonl', onBadRow: 'refuse' } },
    files: trained([good, { prompt: `${'1'.repeat(40)}>`, answer: '1', trace: '1' }]),
    code: 1,
    says: '/project/train.jsonl: 1 of 2 rows can\'t be used: 1 prompt that is too long. The first: /project/train.jsonl:2: The prompt has 41 tokens; at most 28 fit. Correct them, or set data.onBadRow to "skip".',
  },
  {
    mistake: 'every trace is empty',
    files: trained([{ ...good, trace: '' }]),
    code: 1,
    says: '/project/train.jsonl: None of the 1 rows has a usable trace in "trace". The trace is empty. Name another column in traces.map, or leave "traces" out.',
  },
  {
    mistake: 'one trace is empty: it trains, and says how many prompts have one',
    files: trained([good, { prompt: '34>', answer: '43', trace: ' ' }, { prompt: '5>', answer: '5', trace: '5' }]),
    code: 0,
    on: 'out',
    says: 'warning: 2 of 3 prompts have a demonstration (2 in all).',
    mayChange: /^runs\//,
  },
  {
    mistake: 'a trace column that is not there',
    runFile: { traces: { map: { demonstration: 'solution' } } },
    code: 1,
    says: '/project/train.jsonl: traces.map.demonstration names "solution", which this file lacks. Its columns are prompt, answer, trace.',
  },
  {
    mistake: 'no column is known to hold traces',
    runFile: { traces: {} },
    files: trained([{ prompt: '1>', answer: '1' }]),
    code: 1,
    says: '/project/train.jsonl: No column is known to hold traces. Name one of prompt, answer in traces.map, for example {"demonstration": "…"}, name another file in traces.path, or leave "traces" out.',
  },
  {
    mistake: 'the trace file is not there',
    runFile: { traces: { path: 'traces.jsonl' } },
    code: 1,
    says: "/project/traces.jsonl: There is no such file. Check the path; in a run file it is relative to that file's folder.",
  },
  {
    mistake: 'a trace file of other prompts',
    runFile: { traces: { path: 'traces.jsonl', map: { demonstration: 'trace' } } },
    files: { 'traces.jsonl': jsonl([{ prompt: 'Reverse 12.', trace: '21' }]) },
    code: 1,
    says: '/project/traces.jsonl: None of its 1 records gives a usable trace for a prompt of /project/train.jsonl. They are joined on the exact prompt: here "Reverse 12.", there "12>". No prompt has this prompt. Check traces.join and traces.map.',
  },
  {
    mistake: 'method `sft`, and every trace is longer than `rollout.maxNewTokens`',
    runFile: { method: 'sft', rollout: { maxNewTokens: 1 } },
    code: 1,
    says: '/project/train.jsonl: None of the 4 rows has a usable trace in "trace". The trace has 3 tokens; rollout.maxNewTokens is 1. Raise rollout.maxNewTokens, or say with traces.onTooLong to truncate or keep them.',
  },
  {
    mistake: '`data audit` without traces',
    runFile: { method: 'rl', traces: undefined },
    command: ['data', 'audit', 'tiny.superrl.json'],
    code: 2,
    says: '"traces" is not set in the run file, so there is nothing to audit. Add "traces": {} when they are a column of the dataset, or {"path": "…"}.',
  },
];
