// The JSON schema of a run file, generated from the zod schema: what the editor completes, hovers and
// checks with, and what our own messages take field names and descriptions from.
import { type JsonSchema, jsonSchemaOf } from './json-schema';
import { runConfigSchema } from './run-config';

let generated: JsonSchema | undefined;

export function runFileJsonSchema(): JsonSchema {
  generated ??= jsonSchemaOf(runConfigSchema, 'SuperRL run');
  return generated;
}

export type FieldPath = readonly (string | number)[];

/** `rewards[0].weight`; the empty path is "the run file". */
export function formatFieldPath(path: FieldPath): string {
  if (path.length === 0) return 'the run file';
  return path.map((key, index) => (typeof key === 'number' ? `[${key}]` : index === 0 ? key : `.${key}`)).join('');
}

/** The schema of the field at a path; of alternatives, the one that has the next key. */
export function schemaAt(path: FieldPath): JsonSchema | undefined {
  let schema: JsonSchema | undefined = runFileJsonSchema();
  for (const key of path) {
    const branches: readonly JsonSchema[] = schema.anyOf ?? [schema];
    schema = branches
      .map((branch) => (typeof key === 'number' ? branch.items : branch.properties?.[key]))
      .find(Boolean);
    if (!schema) return undefined;
  }
  return schema;
}

/** Names of the fields of the object at a path, of all its alternatives. */
export function knownKeys(path: FieldPath): string[] {
  const schema = schemaAt(path);
  return (schema?.anyOf ?? (schema ? [schema] : [])).flatMap((branch) => Object.keys(branch.properties ?? {}));
}
