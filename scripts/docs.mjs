// Writes the pages of docs/ that are made from code: run-file.md from the schema of the run file, bad-input.md from
// the cases that the tests try. Names given as arguments pick pages; with --check it only says whether they are up to date.
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { cacheFolder, root } from './prepare.mjs';

const pages = {
  'run-file': { from: 'backend/protocol/run-file-schema.ts', render: runFilePage },
  'bad-input': { from: 'test/backend/bad-input/sections.ts', render: badInputPage },
};

async function load(name, entry) {
  mkdirSync(cacheFolder, { recursive: true });
  const bundle = join(cacheFolder, `docs-${name}-${process.pid}.mjs`);
  await build({
    absWorkingDir: root,
    entryPoints: [entry],
    outfile: bundle,
    bundle: true,
    platform: 'node',
    format: 'esm',
    external: ['esbuild'],
    // Files are found from where the source lies, not the bundle.
    define: {
      'import.meta.url': JSON.stringify(pathToFileURL(join(root, 'test/backend/cli/superrl-program.ts')).href),
    },
    logLevel: 'warning',
  });
  try {
    return await import(pathToFileURL(bundle).href);
  } finally {
    rmSync(bundle);
  }
}

/** Every field of the schema, by object, in the order of the schema. */
function runFilePage({ runFileJsonSchema }) {
  const schema = runFileJsonSchema();
  const sections = [];
  const walk = (path, object) => {
    const required = new Set(object.required ?? []);
    const rows = Object.entries(object.properties).map(([key, field]) => {
      const marks = required.has(key) ? 'required' : defaultText(field);
      return `| \`${key}\` | ${typeText(field)} | ${marks} | ${cell(field.description ?? '')} |`;
    });
    sections.push(
      [
        `## ${path === '' ? 'The file' : `\`${path}\``}`,
        '',
        ...(path === '' || object.description === undefined ? [] : [object.description, '']),
        '| field | type | default | meaning |',
        '|---|---|---|---|',
        ...rows,
      ].join('\n'),
    );
    for (const [key, field] of Object.entries(object.properties)) {
      for (const [inner, suffix] of objectsOf(field)) walk(`${path === '' ? '' : `${path}.`}${key}${suffix}`, inner);
    }
  };
  walk('', schema);
  return `${runFileIntroduction}\n\n${sections.join('\n\n')}\n`;
}

/** Objects with fields of their own that a field may be, or a list of such. */
function objectsOf(field) {
  return (field.anyOf ?? [field]).flatMap((branch) => {
    if (branch.properties) return [[{ description: field.description, ...branch }, '']];
    return branch.items?.properties ? [[{ description: field.description, ...branch.items }, '[]']] : [];
  });
}

function typeText(field) {
  if (field.anyOf) return field.anyOf.map(typeText).join(' or ');
  if (field.const !== undefined) return code(field.const);
  if (field.enum) return field.enum.map(code).join(', ');
  if (field.type === 'array') return `list of ${typeText(field.items)}`;
  if (field.type === 'integer' || field.type === 'number') {
    return `${field.type === 'integer' ? 'whole number' : 'number'}${rangeText(field)}`;
  }
  return { string: 'text', boolean: 'true or false', object: 'object', null: 'null' }[field.type] ?? 'anything';
}

function rangeText({ minimum, exclusiveMinimum, maximum }) {
  const safe = (value) => value !== undefined && Math.abs(value) < Number.MAX_SAFE_INTEGER;
  const parts = [];
  if (safe(minimum)) parts.push(`≥ ${minimum}`);
  if (safe(exclusiveMinimum)) parts.push(`> ${exclusiveMinimum}`);
  if (safe(maximum)) parts.push(`≤ ${maximum}`);
  return parts.length === 0 ? '' : ` ${parts.join(', ')}`;
}

function defaultText({ default: value, properties }) {
  if (value === undefined || (properties && typeof value === 'object')) return '–';
  return code(value);
}

const code = (value) => `\`${JSON.stringify(value)}\``;
const cell = (text) => text.replaceAll('|', '\\|').replaceAll('\n', '<br>');

const runFileIntroduction = `<!-- Made by "npm run docs:run-file" from backend/protocol/run-config.ts. -->
# The run file

A run is one file, \`NAME.superrl.json\`: JSON with comments and trailing commas, described here field by field. The editor completes it and shows the same words. Paths are relative to the file. An unknown field is an error that names the nearest known one; \`--set path=value\` on the command line changes any field, as \`--set rollout.k=4\`.

A dash under *default* means that the field may be left out: its meaning says what holds then. A preset (\`method\`, see [method.md](method.md)) fills in fields under \`switch\`, \`hybrid\`, \`loss\`, \`advantage\` and \`sft\` that you don't give. The smallest run file:

\`\`\`jsonc
{
  "name": "digits",
  "model": { "scratch": {} },                  // or "models/SmolLM2-135M-Instruct", or "model.gguf"
  "data": { "train": "train.jsonl" },          // columns prompt, answer: see data.md
  "traces": {},                                // the demonstrations of the same file
  "rewards": [{ "name": "right", "use": "exact" }],
  "budget": { "minutes": 5 }
}
\`\`\``;

function badInputPage({ sections, commandLine }) {
  const count = sections.reduce((sum, { cases }) => sum + cases.length, 0);
  const tables = sections.map(({ title, cases }) => {
    const rows = cases.map((input) => {
      const says = input.says
        .trimEnd()
        .split('\n')
        .map((line) => `\`\`${line.replaceAll('|', '\\|')}\`\``)
        .join('<br>');
      return `| ${cell(input.mistake)} | \`${cell(commandLine(input))}\` | ${input.code} | ${says} |`;
    });
    return [
      `## ${title}`,
      '',
      '| what is wrong | command | exit code | what it says |',
      '|---|---|---|---|',
      ...rows,
    ].join('\n');
  });
  return `${badInputIntroduction(count)}\n\n${tables.join('\n\n')}\n`;
}

const badInputIntroduction = (count) => `<!-- Made by "npm run docs:bad-input" from test/backend/bad-input. -->
# Bad input

${count} mistakes, and what the program says to each. Every line is a test (\`test/backend/bad-input\`) that makes the mistake with the real command line in a project of its own, and checks three things: the message word for word, the exit code, and that no file was changed, made or lost by it (for what goes wrong in the middle of a run: none but the run's own). So a new run that can't start leaves no folder behind.

Exit code 2: correct what was typed or the run file. 1: something else has to be mended. 0: it goes on without what is bad, and says so. 130: stopped by Ctrl-C, saved. An error names its place as \`file:line:column\` where there is one; with \`--json\` it is an object with \`code\`, \`message\`, \`file\`, \`line\`. \`/project\` stands for the folder of the project.`;

const wanted = process.argv.slice(2).filter((argument) => !argument.startsWith('--'));
for (const name of wanted.length > 0 ? wanted : Object.keys(pages)) {
  const { from, render } = pages[name];
  const text = render(await load(name, from));
  const file = join(root, 'docs', `${name}.md`);
  const same = existsSync(file) && readFileSync(file, 'utf8') === text;
  if (process.argv.includes('--check')) {
    if (same) continue;
    console.error(`docs/${name}.md is not up to date: run "npm run docs:${name}".`);
    process.exitCode = 1;
  } else {
    if (!same) writeFileSync(file, text);
    console.log(same ? `docs/${name}.md is up to date.` : `Wrote docs/${name}.md.`);
  }
}
