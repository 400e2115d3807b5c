// Every mistake a person can make in a run file, with the exact text and place they get for it.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatPlace } from '../../../backend/protocol/errors';
import type { JsonSchema } from '../../../backend/protocol/json-schema';
import { applyOverrides, parseRunFile, runFileError, runFileJsonSchema } from '../../../backend/protocol/run-file';

const valid = `{
  // a comment
  "name": "demo",
  "model": { "scratch": { "hidden": 64, }, },
  "data": { "train": "train.jsonl" },
  "rollout": { "k": 4 },
}
`;

/** Problems as a person reads them. */
function problems(text: string, overrides: string[] = []): string[] {
  return parseRunFile(text, 'a.superrl.json', overrides).problems.map(
    ({ place, message }) => `${formatPlace(place)}: ${message}`,
  );
}

/** A valid file with one more line (line 3). */
function withLine(line: string): string[] {
  return problems(`{\n  "name": "demo", "model": "m", "data": { "train": "t" },\n  ${line}\n}`);
}

describe('parseRunFile', () => {
  it('reads comments, trailing commas and a byte order mark, and fills defaults', () => {
    const { parsed, raw, problems: found } = parseRunFile(`\uFEFF${valid}`, 'a.superrl.json');
    expect(found).toEqual([]);
    expect(parsed?.rollout).toMatchObject({ k: 4, promptsPerStep: 8, temperature: 1 });
    expect(parsed?.model).toMatchObject({ scratch: { hidden: 64, layers: 4 } });
    expect(raw).toEqual({
      name: 'demo',
      model: { scratch: { hidden: 64 } },
      data: { train: 'train.jsonl' },
      rollout: { k: 4 },
    });
  });

  const errors: [what: string, line: string, expected: string[]][] = [
    [
      'unknown key, near one',
      '"rolout": {}',
      ['3:3: "rolout" is not a field of the run file. Did you mean "rollout"?'],
    ],
    [
      'unknown key, other case',
      '"update": { "learningrate": 1 }',
      ['3:15: "learningrate" is not a field of "update". Did you mean "learningRate"?'],
    ],
    [
      'unknown key, none near',
      '"sft": { "xyzzy": 1 }',
      ['3:12: "xyzzy" is not a field of "sft". Its fields are normalize, learningRate, share.'],
    ],
    ['wrong type', '"rollout": { "k": "8" }', ['3:21: "rollout.k" must be a whole number, not the text "8".']],
    ['fraction', '"rollout": { "k": 2.5 }', ['3:21: "rollout.k" must be a whole number, not 2.5.']],
    ['out of range', '"rollout": { "k": 0 }', ['3:21: "rollout.k" must be greater than 0, not 0.']],
    ['above range', '"rollout": { "topP": 1.5 }', ['3:24: "rollout.topP" must be at most 1, not 1.5.']],
    ['null', '"seed": null', ['3:11: "seed" must be a whole number, not null.']],
    ['boolean', '"eval": { "greedy": "yes" }', ['3:23: "eval.greedy" must be true or false, not the text "yes".']],
    ['object expected', '"budget": 100', ['3:13: "budget" must be an object { … }, not 100.']],
    ['list expected', '"rewards": {}', ['3:14: "rewards" must be a list [ … ], not an object.']],
    ['empty list', '"eval": { "k": [] }', ['3:18: "eval.k" must be a list with at least 1 item, not a list.']],
    ['item', '"eval": { "k": [1, "8"] }', ['3:22: "eval.k[1]" must be a whole number, not the text "8".']],
    [
      'empty text',
      '"rollout": { "stop": [""] }',
      ['3:25: "rollout.stop[0]" must be text that is not empty, not the text "".'],
    ],
    [
      'nullable',
      '"update": { "clipNorm": "off" }',
      ['3:27: "update.clipNorm" must be a number or null, not the text "off".'],
    ],
    [
      'misspelt choice',
      '"method": "suprl"',
      [
        '3:13: "method" must be one of "superrl", "superrl-a", "superrl-v1", "superrl-log-sigma", "hpt", "superrl-posterior", "rl", "sft", "sft-then-rl", "filter", "fixed-mix", not the text "suprl". Did you mean "superrl"?',
      ],
    ],
    ['union of text and object', '"lora": true', ['3:11: "lora" must be "off" or an object { … }, not true.']],
    ['inside a union', '"lora": { "rank": -1 }', ['3:21: "lora.rank" must be greater than 0, not -1.']],
    [
      'both use and file',
      '"rewards": [{ "name": "a", "use": "exact", "file": "a.ts" }]',
      ['3:15: "rewards[0]": Give exactly one of "use" (a built-in reward) and "file" (your own).'],
    ],
    [
      'missing in a list',
      '"rewards": [{ "use": "exact" }]',
      [
        '3:15: "rewards[0].name" is missing. Add it: Name of the component; its metrics are rewards/{name}/mean and …/std.',
      ],
    ],
    ['given twice', '"name": "x"', ['3:3: "name" is given twice. Remove one of them.']],
    ['huge', '"seed": 4294967296', ['3:11: "seed" must be at most 4294967295, not 4294967296.']],
  ];
  it.each(errors)('%s', (_, line, expected) => {
    expect(withLine(line)).toEqual(expected.map((text) => `a.superrl.json:${text}`));
  });

  it('names every missing field', () => {
    expect(problems('{ "name": "a" }')).toEqual([
      'a.superrl.json:1:1: "model" is missing. Add it: A folder in Hugging Face layout, a .gguf file, or { "scratch": {…} } for a small model initialised at random.',
      'a.superrl.json:1:1: "data" is missing. Add it: Prompts with their verifiable answers.',
    ]);
  });

  it('calls a misspelt required field one mistake', () => {
    expect(problems('{ "name": "a", "model": "m", "data": { "trian": "t" } }')).toEqual([
      'a.superrl.json:1:40: "trian" is not a field of "data". Did you mean "train"?',
    ]);
    expect(problems('{ "name": "a", "data": { "train": "t" }, "model": { "scrach": {} } }')).toEqual([
      'a.superrl.json:1:53: "scrach" is not a field of "model". Did you mean "scratch"?',
    ]);
  });

  it('says what a name may hold', () => {
    expect(problems('{ "name": "a b", "model": "m", "data": { "train": "t" } }')).toEqual([
      'a.superrl.json:1:11: "name" is the text "a b". Use letters, digits, ".", "_" and "-" only.',
    ]);
  });

  it('refuses what is not an object', () => {
    expect(problems('[]')).toEqual(['a.superrl.json:1:1: The run file must be an object { … }, not a list.']);
  });

  const broken: [what: string, text: string, expected: string][] = [
    ['empty', '', '1:1: The run file is empty. Write { "name": …, "model": …, "data": … } or start from an example.'],
    [
      'only a comment',
      '// x',
      '1:1: The run file is empty. Write { "name": …, "model": …, "data": … } or start from an example.',
    ],
    [
      'no comma',
      '{\r\n "a": 1\r\n "b": 2 }',
      '3:2: The run file is not valid JSON: a "," is expected here, between two fields or items.',
    ],
    ['no brace', '{ "a": 1', '1:9: The run file is not valid JSON: a "}" is missing here.'],
    [
      'bare word',
      '{ "a": yes }',
      '1:8: The run file is not valid JSON: an unknown word here: text must be in double quotes.',
    ],
    [
      'open text',
      '{ "a": "yes }',
      '1:8: The run file is not valid JSON: this text is never closed: add a double quote.',
    ],
    ['open comment', '{ "a": 1 } /* x', '1:12: The run file is not valid JSON: this comment is never closed: add */.'],
    ['no value', '{ "a": }', '1:8: The run file is not valid JSON: a value is expected here.'],
    [
      'no colon',
      '{ "a" 1 }',
      '1:7: The run file is not valid JSON: a ":" is expected here, between a field name and its value.',
    ],
    [
      'unquoted key',
      '{ a: 1 }',
      '1:3: The run file is not valid JSON: a field name in double quotes is expected here.',
    ],
    [
      'bad escape',
      '{ "a": "C:\\data" }',
      '1:8: The run file is not valid JSON: not an escape that JSON knows: write \\\\ for a backslash.',
    ],
    ['two values', '{} {}', '1:4: The run file is not valid JSON: nothing may follow the closing "}".'],
  ];
  it.each(broken)('broken JSON: %s', (_, text, expected) => {
    expect(problems(text)).toEqual([`a.superrl.json:${expected}`]);
  });

  it('gives the length of what is at fault', () => {
    const { problems: found } = parseRunFile('{ "nam": "a", "model": "m", "data": { "train": "t" } }', 'f');
    expect(found.map(({ place, length }) => [place.column, length])).toEqual([[3, 5]]);
  });

  it('never throws, and every problem has a place within the text', () => {
    const words = fc.constantFrom(
      '{',
      '}',
      '[',
      ']',
      ':',
      ',',
      '"name"',
      '"rollout"',
      '"k"',
      '1',
      'null',
      '"',
      '//',
      '\n',
      ' ',
      'é',
    );
    const texts = fc.oneof(
      fc.string(),
      fc.json(),
      fc.array(words, { maxLength: 30 }).map((parts) => parts.join('')),
    );
    fc.assert(
      fc.property(texts, (text) => {
        const { parsed, problems: found } = parseRunFile(text, 'f');
        expect(parsed === undefined).toBe(found.length > 0);
        for (const { place, message, length } of found) {
          const line = text.split(/\r\n|\r|\n/)[(place.line ?? 0) - 1];
          expect(line).toBeDefined();
          expect(place.column).toBeGreaterThanOrEqual(1);
          expect(place.column).toBeLessThanOrEqual((line?.length ?? 0) + 1);
          expect(message).not.toBe('');
          expect(length).toBeGreaterThanOrEqual(0);
        }
      }),
    );
  });

  it('lists all problems in one error', () => {
    const { problems: found } = parseRunFile('{ "model": 1, "data": 2, "name": "a" }', 'f.json');
    const error = runFileError(found);
    expect(error.code).toBe('config');
    expect(error.message).toBe(
      'f.json:1:12: "model" must be text in double quotes or an object { … }, not 1.\nf.json:1:23: "data" must be an object { … }, not 2.',
    );
  });
});

describe('overrides', () => {
  it('set JSON values or text, before the check', () => {
    const { parsed } = parseRunFile(valid, 'f', [
      'rollout.k=2',
      'name=other',
      'loss.kl.coefficient=0.1',
      'eval.k=[1,4]',
    ]);
    expect(parsed).toMatchObject({
      name: 'other',
      rollout: { k: 2 },
      loss: { kl: { coefficient: 0.1 } },
      eval: { k: [1, 4] },
    });
  });

  it('reach into lists, by either spelling, and may append', () => {
    const raw = { rewards: [{ name: 'a', weight: 1 }] };
    expect(applyOverrides(raw, ['rewards[0].weight=2', 'rewards.1.name=b'])).toEqual({
      rewards: [{ name: 'a', weight: 2 }, { name: 'b' }],
    });
    expect(raw.rewards[0]?.weight).toBe(1);
  });

  it('are named as the place of a problem', () => {
    expect(problems(valid, ['rollout.k=none'])).toEqual([
      '--set rollout.k=none: "rollout.k" must be a whole number, not the text "none".',
    ]);
    expect(problems(valid, ['rolout={}'])).toEqual([
      '--set rolout={}: "rolout" is not a field of the run file. Did you mean "rollout"?',
    ]);
  });

  it('never touch a prototype', () => {
    applyOverrides({}, ['__proto__.polluted=1']);
    expect(({} as { polluted?: number }).polluted).toBeUndefined();
  });

  const errors: [override: string, message: string][] = [
    ['rollout.k', '--set "rollout.k": write path=value, for example rollout.k=4.'],
    ['=4', '--set "=4": write path=value, for example rollout.k=4.'],
    ['a..b=4', '--set "a..b=4": "a..b" is not a path like rewards[0].weight.'],
    ['a[x]=4', '--set "a[x]=4": "a[x]" is not a path like rewards[0].weight.'],
    [
      'name.first=4',
      '--set "name.first=4": what should hold "first" is "demo", not an object. Set the whole of it instead.',
    ],
    [
      'data[0]=4',
      '--set "data[0]=4": what should hold "0" is {"train":"train.jsonl"}, not a list. Set the whole of it instead.',
    ],
    ['rewards[3].weight=4', '--set "rewards[3].weight=4": the list has 0 items, so [3] is beyond its end.'],
  ];
  it.each(errors)('%s', (override, message) => {
    expect(() => parseRunFile(valid, 'f', [override])).toThrow(message);
  });
});

describe('runFileJsonSchema', () => {
  it('describes what a person writes', () => {
    const schema = runFileJsonSchema();
    expect(schema).toMatchObject({ type: 'object', additionalProperties: false, required: ['name', 'model', 'data'] });
    expect(schema.properties?.method).toMatchObject({ default: 'superrl' });
    expect(schema.properties?.rollout?.properties?.k).toMatchObject({ type: 'integer', default: 8 });
  });

  it('has a description for every field', () => {
    const undescribed: string[] = [];
    const walk = (schema: JsonSchema, path: string) => {
      for (const [name, field] of Object.entries(schema.properties ?? {})) {
        if (!field.description) undescribed.push(`${path}${name}`);
        walk(field, `${path}${name}.`);
      }
      if (schema.items) walk(schema.items, `${path}[].`);
      for (const branch of schema.anyOf ?? []) walk(branch, path);
    };
    walk(runFileJsonSchema(), '');
    expect(undescribed).toEqual([]);
  });
});
