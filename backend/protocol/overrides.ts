// `--set path=value` on the command line: changes of a run file's data before it is checked.
import { SuperRlError } from './errors';
import type { FieldPath } from './run-file-schema';

export interface Override {
  /** As typed, for messages. */
  readonly text: string;
  readonly path: FieldPath;
  readonly value: unknown;
}

/**
 * Reads `a.b[0].c=value`; the value is JSON where it parses as JSON, else text.
 * @throws SuperRlError `usage` when there is no path or no "=".
 */
export function parseOverride(text: string): Override {
  const equals = text.indexOf('=');
  if (equals < 1) throw new SuperRlError('usage', `--set "${text}": write path=value, for example rollout.k=4.`);
  const path: (string | number)[] = [];
  for (const part of text.slice(0, equals).trim().split('.')) {
    const match = /^([^[\]]*)((?:\[\d+\])*)$/.exec(part);
    if (!match || part === '')
      throw new SuperRlError(
        'usage',
        `--set "${text}": "${text.slice(0, equals)}" is not a path like rewards[0].weight.`,
      );
    const [, key = '', indices = ''] = match;
    if (key !== '') path.push(/^\d+$/.test(key) ? Number(key) : key);
    for (const [, index] of indices.matchAll(/\[(\d+)\]/g)) path.push(Number(index));
  }
  return { text, path, value: jsonOrText(text.slice(equals + 1)) };
}

/** A copy of `raw` with each override set, in order; objects on the way are made where missing. */
export function applyOverrides(raw: unknown, overrides: readonly string[]): unknown {
  return overrides.map(parseOverride).reduce((root, override) => setAt(root, override.path, override), raw);
}

function setAt(target: unknown, path: FieldPath, override: Override): unknown {
  const [key, ...rest] = path;
  if (key === undefined) return override.value;
  if (typeof key === 'number') {
    const list = target ?? [];
    if (!Array.isArray(list)) throw notA(override, path, 'a list', target);
    if (key > list.length)
      throw new SuperRlError(
        'usage',
        `--set "${override.text}": the list has ${list.length} items, so [${key}] is beyond its end.`,
      );
    return Object.assign([...list], { [key]: setAt(list[key], rest, override) });
  }
  const object = target ?? {};
  if (typeof object !== 'object' || Array.isArray(object)) throw notA(override, path, 'an object', target);
  const inner = Object.hasOwn(object, key) ? (object as Record<string, unknown>)[key] : undefined;
  return { ...object, [key]: setAt(inner, rest, override) };
}

function notA(override: Override, path: FieldPath, kind: string, found: unknown): SuperRlError {
  return new SuperRlError(
    'usage',
    `--set "${override.text}": what should hold "${path.join('.')}" is ${JSON.stringify(found)}, not ${kind}. Set the whole of it instead.`,
  );
}

function jsonOrText(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
