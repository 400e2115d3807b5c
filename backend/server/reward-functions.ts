// The functions that a reward file exports, with their places, for what the editor writes above each of them.
// Found by parsing, so that opening a file runs none of its code.
import { readFile } from 'node:fs/promises';
import { extname } from 'node:path';
import { type Expression, type FunctionDeclaration, type Node, type Pattern, type Program, parse } from 'acorn';
import { errorText, SuperRlError } from '../protocol/errors';
import type { RequestResult } from '../protocol/messages';

export type RewardFunctions = RequestResult<'rewardFunctions'>;
type FoundFunction = RewardFunctions['functions'][number];

/** @throws SuperRlError `reward` when the file can't be read; mistakes in it are the result's `problem`. */
export async function rewardFunctionsOf(file: string): Promise<RewardFunctions> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (cause) {
    throw new SuperRlError('reward', `The reward file can't be read (${errorText(cause)}).`, {
      place: { file },
      cause,
    });
  }
  const kind = extname(file).toLowerCase();
  if (kind === '.py') return { functions: pythonFunctions(text) };
  try {
    if (!kind.endsWith('ts')) return { functions: exportedFunctions(text) };
    const { stripTypes } = await import('./strip-types'); // large, and only TypeScript needs it
    return { functions: exportedFunctions(stripTypes(text)) };
  } catch (error) {
    return { functions: [], problem: errorText(error) };
  }
}

/** Exported for tests. */
export function exportedFunctions(code: string): FoundFunction[] {
  const options = { ecmaVersion: 'latest', locations: true, allowHashBang: true } as const;
  const program = parse(code, { ...options, sourceType: 'module' });
  const local = localFunctions(program);
  return program.body.flatMap((node): FoundFunction[] => {
    if (node.type === 'ExportDefaultDeclaration') {
      const { declaration } = node;
      const found = isFunction(declaration)
        ? declaration
        : declaration.type === 'Identifier'
          ? local.get(declaration.name)
          : undefined;
      return found ? [functionAt('default', found)] : [];
    }
    if (node.type === 'ExportNamedDeclaration' && node.source == null) {
      const own = node.declaration
        ? [...declared(node.declaration)].map(([name, found]) => functionAt(name, found))
        : [];
      const listed = node.specifiers.flatMap(({ local: from, exported }) => {
        const found = from.type === 'Identifier' ? local.get(from.name) : undefined;
        const name = exported.type === 'Identifier' ? exported.name : String(exported.value);
        return found ? [functionAt(name, found)] : [];
      });
      return [...own, ...listed];
    }
    return commonJsExports(node, local);
  });
}

interface FunctionNode extends Node {
  readonly params: readonly Pattern[];
}

function isFunction(node: Node): node is FunctionNode & (FunctionDeclaration | Expression) {
  return ['FunctionDeclaration', 'FunctionExpression', 'ArrowFunctionExpression'].includes(node.type);
}

function localFunctions(program: Program): Map<string, FunctionNode> {
  return new Map(
    program.body.flatMap((node) => [
      ...declared(node.type === 'ExportNamedDeclaration' && node.declaration ? node.declaration : node),
    ]),
  );
}

function declared(node: Node): Map<string, FunctionNode> {
  const found = new Map<string, FunctionNode>();
  const statement = node as Program['body'][number];
  if (statement.type === 'FunctionDeclaration' && statement.id) found.set(statement.id.name, statement);
  if (statement.type === 'VariableDeclaration') {
    for (const { id, init } of statement.declarations) {
      if (id.type === 'Identifier' && init && isFunction(init)) found.set(id.name, init);
    }
  }
  return found;
}

/** `exports.name = …`, `module.exports.name = …`, `module.exports = { name, … }` or a function. */
function commonJsExports(node: Program['body'][number], local: ReadonlyMap<string, FunctionNode>): FoundFunction[] {
  if (node.type !== 'ExpressionStatement' || node.expression.type !== 'AssignmentExpression') return [];
  const { left, right } = node.expression;
  const resolve = (value: Node & { name?: string }): FunctionNode | undefined =>
    isFunction(value) ? value : value.type === 'Identifier' ? local.get(value.name ?? '') : undefined;
  const target = left.type === 'MemberExpression' ? memberPath(left) : undefined;
  if (target === undefined) return [];
  const name = /^(?:module\.)?exports\.([\w$]+)$/.exec(target)?.[1];
  if (name !== undefined && name !== 'exports') {
    const found = resolve(right);
    return found ? [functionAt(name, found)] : [];
  }
  if (target !== 'module.exports') return [];
  if (right.type !== 'ObjectExpression') {
    const found = resolve(right);
    return found ? [functionAt('default', found)] : [];
  }
  return right.properties.flatMap((property) => {
    if (property.type !== 'Property' || property.key.type !== 'Identifier') return [];
    const found = resolve(property.value);
    return found ? [functionAt(property.key.name, found)] : [];
  });
}

function memberPath(node: Expression | Pattern): string | undefined {
  if (node.type === 'Identifier') return node.name;
  if (node.type !== 'MemberExpression' || node.computed || node.property.type !== 'Identifier') return undefined;
  const holder = node.object.type === 'Super' ? undefined : memberPath(node.object);
  return holder === undefined ? undefined : `${holder}.${node.property.name}`;
}

/** As the reward host counts: parameters before the first with a default or a rest; two or more are batched. */
function functionAt(name: string, { params, loc }: FunctionNode): FoundFunction {
  const optional = params.findIndex(({ type }) => type === 'AssignmentPattern' || type === 'RestElement');
  const counted = optional < 0 ? params.length : optional;
  return { name, line: loc?.start.line ?? 1, batched: counted >= 2 };
}

/** Top-level functions of the two signatures that the Python host knows; verl's is called once a completion. */
export function pythonFunctions(text: string): FoundFunction[] {
  return [...text.matchAll(/^(?:async[ \t]+)?def[ \t]+([A-Za-z]\w*)[ \t]*\(([^)]*)\)/gm)].flatMap((found) => {
    const [, name = '', parameters = ''] = found;
    const isVerl = /\bsolution_str\b/.test(parameters);
    if (!isVerl && !/\bcompletions\b/.test(parameters)) return [];
    return [{ name, line: text.slice(0, found.index).split('\n').length, batched: !isVerl }];
  });
}
