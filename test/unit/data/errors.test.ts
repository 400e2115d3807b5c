// The text of every error about a data file that a person can cause.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openDataset } from '../../../backend/data/dataset';
import { jsonl, messageOf, testFolder, write } from './written-files';

const good = { prompt: 'One?', answer: '1' };
const open = (file: string, map: Record<string, string> = {}) => messageOf(openDataset({ file, map }));

describe('files', () => {
  it('that are missing', async () => {
    expect(await open(join(testFolder, 'absent.jsonl'))).toBe(
      "absent.jsonl: There is no such file. Check the path; in a run file it is relative to that file's folder.",
    );
  });

  it('that are folders', async () => {
    mkdirSync(join(testFolder, 'folder.jsonl'));
    expect(await open(join(testFolder, 'folder.jsonl'))).toBe(
      'folder.jsonl: This is a folder. Name a file in it: .jsonl, .json, .csv and .parquet, each also with .gz are read.',
    );
  });

  it('of an unsupported kind', async () => {
    expect(await open(write('data.xlsx', 'x'))).toBe(
      "data.xlsx: A .xlsx file can't be read as data. Supported are .jsonl, .json, .csv and .parquet, each also with .gz.",
    );
    expect(await open(write('data', 'x'))).toMatch(/^data: A file without an extension can't be read/);
  });

  it('that are empty', async () => {
    expect(await open(write('empty.jsonl', ''))).toBe(
      'empty.jsonl: The file is empty. Check that it is the right one.',
    );
    expect(await open(write('blank.jsonl', '\ufeff\n \n'))).toBe(
      'blank.jsonl: The file is empty. Check that it is the right one.',
    );
    expect(await open(write('none.json', '[ ]'))).toBe(
      'none.json: The file has no rows. Check that it is the right one.',
    );
    expect(await open(write('header.csv', 'prompt,answer\n'))).toBe(
      'header.csv: The file has no rows. Check that it is the right one.',
    );
    expect(await open(write('empty.jsonl.gz', ''))).toBe(
      'empty.jsonl.gz: The file is empty. Check that it is the right one.',
    );
  });

  it('that are binary or in another encoding', async () => {
    expect(await open(write('image.jsonl', Buffer.from([1, 0, 2])))).toBe(
      'image.jsonl: The file is binary, not JSON text.',
    );
    expect(await open(write('image.csv', Buffer.from([1, 0, 2])))).toBe('image.csv: The file is binary, not CSV text.');
    expect(await open(write('wide.jsonl', Buffer.from('\ufeff{}', 'utf16le')))).toBe(
      'wide.jsonl: The file is UTF-16. Save it as UTF-8.',
    );
    const latin1 = Buffer.concat([
      Buffer.from(`${JSON.stringify(good)}\n{"prompt": "caf`),
      Buffer.from([0xe9]),
      Buffer.from('"}'),
    ]);
    expect(await open(write('latin1.jsonl', latin1))).toBe(
      'latin1.jsonl:2: This record is not valid UTF-8. Save the file as UTF-8 and open it again.',
    );
    expect(await open(write('latin1.csv', Buffer.concat([Buffer.from('prompt\ncaf'), Buffer.from([0xe9])])))).toBe(
      'latin1.csv:1: The text from here on is not valid UTF-8. Save the file as UTF-8 and open it again.',
    );
  });

  it('whose name and content disagree', async () => {
    expect(await open(write('really.jsonl', Buffer.from([0x1f, 0x8b, 8, 1])))).toBe(
      'really.jsonl: The file is gzip data. Let its name end in .gz, or unpack it.',
    );
    expect(await open(write('really.csv', 'PAR1xxxx'))).toBe(
      'really.csv: The file is Parquet. Let its name end in .parquet.',
    );
    expect(await open(write('text.parquet', 'hello there'))).toBe(
      'text.parquet: The file does not begin as Parquet does (PAR1), though its name says so. Rename it, or download it again.',
    );
    expect(await open(write('list.jsonl', '[{"prompt": "a"}]'))).toBe(
      'list.jsonl:1: The file is one JSON list, not an object a line. Let its name end in .json.',
    );
    const plain = join(testFolder, 'plain.jsonl.gz');
    writeFileSync(plain, jsonl([good]));
    expect(await open(plain)).toBe(
      'plain.jsonl.gz: The file is not whole gzip data, though its name ends in .gz. Compress or download it again.',
    );
  });

  it('that are cut-off Parquet', async () => {
    expect(await open(write('cut.parquet', `PAR1${'x'.repeat(40)}`))).toMatch(
      /^cut\.parquet: This Parquet file can't be read \(.+\)\. Download it again, or convert it to JSONL\.$/,
    );
  });
});

describe('JSON', () => {
  it('that is broken, with line and column', async () => {
    expect(await open(write('broken.jsonl', `${JSON.stringify(good)}\n{"prompt": nope}\n`))).toBe(
      'broken.jsonl:2:12: The JSON of this record is broken near "nope}". Correct it, or delete the record.',
    );
    expect(await open(write('torn.jsonl', `${JSON.stringify(good)}\n\n{"prompt": "tw`))).toMatch(
      /^torn\.jsonl:3:\d+: The JSON of this record ends too early\. Correct it, or delete the record\.$/,
    );
    expect(await open(write('broken.json', '[\n  {"prompt": "a"},\n  {\n    "prompt": ,\n  }\n]'))).toBe(
      'broken.json:4:15: The JSON of this record is broken near ",\n  }". Correct it, or delete the record.',
    );
  });

  it('whose records are not objects', async () => {
    expect(await open(write('scalar.jsonl', `${JSON.stringify(good)}\n3\n`))).toBe(
      'scalar.jsonl:2: A record must be an object with named columns, such as {"prompt": "…", "answer": "…"}; this is a number.',
    );
    expect(await open(write('null.jsonl', 'null'))).toMatch(/this is null\.$/);
    expect(await open(write('lists.jsonl', `${JSON.stringify(good)}\n[1]`))).toMatch(/this is a list\.$/);
    expect(await open(write('scalar.json', '[{"prompt": "a"},\n "b"]'))).toBe(
      'scalar.json:2: Each element of the list must be an object with named columns; found ""b"]".',
    );
  });

  it('that is no whole list', async () => {
    expect(await open(write('object.json', '{\n  "rows": []\n}'))).toBe(
      'object.json:1: A JSON file must be one list of objects, [{…}, {…}]; found "{\n  "rows": ".',
    );
    expect(await open(write('open.json', '[{"prompt": "a"}\n'))).toBe(
      'open.json:2: The list has no closing "]": the file is cut off. Save or download it again.',
    );
    expect(await open(write('torn.json', '[{"prompt": "a"},\n{"prompt": "b'))).toMatch(
      /^torn\.json:2:\d+: The JSON of this record ends too early\./,
    );
    expect(await open(write('comma.json', '[{"prompt": "a"} {"prompt": "b"}]'))).toBe(
      'comma.json:1: A comma or the closing "]" belongs here; found "{"prompt": "".',
    );
    expect(await open(write('more.json', '[{"prompt": "a"}]\nmore'))).toBe(
      'more.json:2: Nothing may follow the closing "]"; found "more".',
    );
  });
});

describe('CSV', () => {
  it('with the wrong number of fields', async () => {
    expect(await open(write('fields.csv', 'prompt,answer\n"a\r\nb",1\nc,2,3\n'))).toBe(
      'fields.csv:4: This record has 3 fields and the header has 2. Quote fields that contain commas or line breaks.',
    );
  });

  it('with bad quotes', async () => {
    expect(await open(write('open.csv', 'prompt,answer\na,1\n"b,2\nc,3\n'))).toBe(
      'open.csv:3: A quoted field that opens here is never closed. Add the closing quote (").',
    );
    expect(await open(write('inner.csv', 'prompt,answer\na,1\n"b"x,2\n'))).toBe(
      'inner.csv:3: A quote (") stands inside an unquoted field or behind a closing quote. Put the whole field in quotes and write a quote inside it twice ("").',
    );
  });

  it('with a bad header', async () => {
    expect(await open(write('nameless.csv', 'prompt,\na,1\n'))).toBe(
      'nameless.csv:1: Column 2 of the header has no name. The first line must name every column.',
    );
    expect(await open(write('twice.csv', 'prompt,a,a\nx,1,2\n'))).toBe(
      'twice.csv:1: The header names the column "a" twice. Give each column its own name.',
    );
    expect(await open(write('semicolon.csv', 'prompt;answer\na;1\n'))).toBe(
      'semicolon.csv:1: The header seems to be separated by semicolons. Save the file with commas between columns.',
    );
    expect(await open(write('tab.csv', 'prompt\tanswer\na\t1\n'))).toMatch(/separated by tabs\./);
  });
});

describe('the map', () => {
  const file = write('map.jsonl', jsonl([{ Question: 'a', gold: { value: 1 } }]));

  it('that names a column which is not there', async () => {
    expect(await open(file, { prompt: 'question' })).toBe(
      'map.jsonl: data.map.prompt names "question", which this file lacks. Did you mean "Question"? Its columns are Question, gold.',
    );
    expect(await open(file, { prompt: 'Question', answer: 'gold.valu' })).toBe(
      'map.jsonl: data.map.answer names "gold.valu", which this file lacks. Did you mean "gold.value"? Its columns are Question, gold.',
    );
    expect(await open(file, { prompt: 'Q: {something else}' })).toBe(
      'map.jsonl: data.map.prompt names "something else", which this file lacks. Its columns are Question, gold.',
    );
  });

  it('that is a broken template', async () => {
    expect(await open(file, { prompt: 'Q: {Question' })).toBe(
      'map.jsonl: data.map.prompt is the template "Q: {Question", which has a "{" without its "}". Write {column} for a column, and {{ or }} for a brace itself.',
    );
    expect(await open(file, { prompt: '{Question}}' })).toMatch(/has a "}" without its "{"/);
  });

  it('that has an unknown field, or two that exclude each other', async () => {
    expect(await open(file, { promt: 'Question' })).toBe(
      'map.jsonl: data.map has the unknown field "promt"; did you mean "prompt"? The fields are prompt, answer, demonstration, demonstrations, id.',
    );
    expect(await open(file, { prompt: 'Question', demonstration: 'gold', demonstrations: 'gold' })).toBe(
      'map.jsonl: data.map has both demonstration (one text) and demonstrations (a list). Keep one.',
    );
  });

  it('that is needed', async () => {
    expect(await open(file)).toBe(
      'map.jsonl: No known layout has the columns Question, gold. Say which of them is the prompt, for example "map": {"prompt": "Question"}, or give a template such as "{Question}".',
    );
  });
});

describe('rows', () => {
  it('that can not be used, refused', async () => {
    const file = write('bad.jsonl', jsonl([good, { prompt: ' ', answer: '1' }, good, { prompt: 'Two?' }]));
    expect(await messageOf(openDataset({ file, onBadRow: 'refuse' }))).toBe(
      `bad.jsonl: 3 of 4 rows can't be used: 1 duplicate, 1 empty prompt, 1 missing answer. The first: bad.jsonl:2: The prompt is empty. Correct them, or set data.onBadRow to "skip".`,
    );
  });

  it('of which none can be used', async () => {
    const file = write('all-bad.jsonl', jsonl([{ prompt: '', answer: 1 }]));
    expect(await messageOf(openDataset({ file }))).toBe(
      `all-bad.jsonl: 1 of 1 rows can't be used: 1 empty prompt. The first: all-bad.jsonl:1: The prompt is empty. No row is left; check data.map and the file.`,
    );
  });

  it('of a file that changes in use', async () => {
    const file = write('changing.jsonl', jsonl([good, { prompt: 'Two?', answer: '2' }]));
    const dataset = await openDataset({ file });
    writeFileSync(file, jsonl([good, { prompt: 'Three and more?', answer: '3' }]));
    expect(await messageOf(dataset.row(1))).toBe(
      'changing.jsonl: The file has changed while it was in use. Open it again, or resume the run.',
    );
    await dataset.close();
  });
});
