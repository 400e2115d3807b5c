// `*.reward.json`: completions with the reward they should get. Run by `superrl reward test` and shown in
// the editor's Testing view; schema, reading and result are shared by both.
import { findNodeAtLocation, getNodeValue, type ParseError, parseTree } from 'jsonc-parser';
import { z } from 'zod';
import { type SourcePlace, SuperRlError } from './errors';
import { type JsonSchema, jsonSchemaOf } from './json-schema';
import { syntaxObjection } from './json-syntax';
import { builtInRewardNames } from './run-config';
import { rewardOutcomeSchema } from './sample';

const fixtureCaseSchema = z.strictObject({
  name: z.string().min(1).optional().describe('What the case shows; default: the start of the completion.'),
  prompt: z.string().default('').describe('The prompt that the reward gets.'),
  completion: z.string().describe('The completion to score.'),
  answer: z.unknown().optional().describe('The answer to compare with; default: the answer column of row.'),
  row: z.record(z.string(), z.unknown()).default({}).describe('The columns of the dataset row.'),
  tokenIds: z.array(z.int()).default([]).describe('Token ids of the completion, for rewards that count tokens.'),
  expected: z
    .union([z.number(), z.null(), z.literal('invalid')])
    .describe('The score; null for "does not apply"; "invalid" when the reward must refuse this completion.'),
  tolerance: z.number().nonnegative().default(1e-9).describe('Largest difference from expected.'),
});

export const rewardFixtureSchema = z
  .strictObject({
    $schema: z.string().optional().describe('Ignored; lets editors find the JSON schema.'),
    file: z.string().min(1).optional().describe('The reward file, relative to this one. Give either file or use.'),
    export: z.string().optional().describe('Which exported function; default: default export, else the only one.'),
    use: z.enum(builtInRewardNames).optional().describe('A built-in reward.'),
    options: z.record(z.string(), z.unknown()).optional().describe('Options of the built-in reward.'),
    timeoutMs: z.int().positive().default(5000).describe('Time limit of one call in milliseconds.'),
    cases: z.array(fixtureCaseSchema).min(1).describe('Completions and the reward that each should get.'),
  })
  .refine((fixture) => (fixture.use === undefined) !== (fixture.file === undefined), {
    message: 'Give exactly one of "use" (a built-in reward) and "file" (your own).',
  });

export function rewardFixtureJsonSchema(): JsonSchema {
  return jsonSchemaOf(rewardFixtureSchema, 'SuperRL reward fixtures');
}

/** What a person writes. */
export type RewardFixtureFile = z.input<typeof rewardFixtureSchema>;
export type RewardFixture = z.output<typeof rewardFixtureSchema>;
export type RewardFixtureCase = RewardFixture['cases'][number];

/** A fixture with the 1-based line of each case. */
export interface ReadRewardFixture {
  readonly fixture: RewardFixture;
  readonly caseLines: readonly number[];
}

export const fixtureResultSchema = z.object({
  fixtureFile: z.string(),
  /** Why the fixture or its reward could not be loaded; cases is empty then. */
  error: z.string().optional(),
  cases: z.array(
    z.object({
      name: z.string(),
      /** 1-based line of the case in the fixture file. */
      line: z.int(),
      passed: z.boolean(),
      /** What was expected and what came, when it did not pass. */
      message: z.string().optional(),
      outcome: rewardOutcomeSchema,
    }),
  ),
});
export type FixtureResult = z.infer<typeof fixtureResultSchema>;

/** Reads a fixture's text (JSON with comments); throws SuperRlError(reward) at the place of a mistake. */
export function readRewardFixture(text: string, file: string): ReadRewardFixture {
  const errors: ParseError[] = [];
  const root = parseTree(text, errors, { allowTrailingComma: true });
  const [error] = errors;
  if (error || !root) {
    const what = error && root ? syntaxObjection(errors) : 'the file is empty';
    throw new SuperRlError('reward', `This fixture is not JSON: ${what}.`, {
      place: at(file, text, error?.offset ?? 0),
    });
  }
  const parsed = rewardFixtureSchema.safeParse(getNodeValue(root));
  const placeOf = (path: readonly PropertyKey[]): SourcePlace => {
    for (let length = path.length; length >= 0; length--) {
      const node = findNodeAtLocation(root, path.slice(0, length).map(segment));
      if (node) return at(file, text, node.offset);
    }
    return { file };
  };
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const path = issue?.path ?? [];
    const where = path.length > 0 ? `${path.join('.')}: ` : '';
    throw new SuperRlError('reward', `This fixture is wrong: ${where}${issue?.message}`, { place: placeOf(path) });
  }
  const caseLines = parsed.data.cases.map((_, index) => placeOf(['cases', index]).line ?? 1);
  return { fixture: parsed.data, caseLines };
}

/** How a case is called in reports and in the Testing view. */
export function fixtureCaseName(one: RewardFixtureCase): string {
  const text = one.completion.replace(/\s+/g, ' ').trim();
  return one.name ?? (text.length > 60 ? `${text.slice(0, 59)}…` : text || '(empty completion)');
}

function segment(key: PropertyKey): string | number {
  return typeof key === 'number' ? key : String(key);
}

function at(file: string, text: string, offset: number): SourcePlace {
  const before = text.slice(0, offset).split('\n');
  return { file, line: before.length, column: (before.at(-1) ?? '').length + 1 };
}
