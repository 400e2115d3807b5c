// JSON schemas of the files that a person writes, generated from the zod schemas they are checked with: what the editor
// completes and explains.
import { z } from 'zod';

/** The part of JSON schema that z.toJSONSchema writes and that we walk. */
export interface JsonSchema {
  readonly [keyword: string]: unknown;
  readonly type?: string;
  readonly description?: string;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly items?: JsonSchema;
  readonly anyOf?: readonly JsonSchema[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
}

/** JSON schema (draft 2020-12) of what a person writes; comments and trailing commas are allowed beside it. */
export function jsonSchemaOf(schema: z.ZodType, title: string): JsonSchema {
  const generated = z.toJSONSchema(schema, { io: 'input' }) as JsonSchema;
  return { ...generated, title, allowComments: true, allowTrailingCommas: true };
}
