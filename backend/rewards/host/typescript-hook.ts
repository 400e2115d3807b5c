// Module hook of the Node reward host: loads TypeScript by stripping its types in place (so that positions
// stay and no source map is needed), resolves relative imports without extension, and reports the place of
// a syntax error, which V8 keeps to itself for modules, over a port.
import { existsSync, readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import type { InitializeHook, LoadHook, ResolveHook } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { MessagePort } from 'node:worker_threads';
import { transformSync } from 'amaro';
import { readSyntaxDiagnostic, type SyntaxDiagnostic } from './syntax-diagnostic';

/** What the hook posts when a user's file doesn't parse. */
export type HookDiagnostic = SyntaxDiagnostic & { readonly file: string };

let diagnostics: MessagePort | undefined;

export const initialize: InitializeHook<{ port: MessagePort }> = ({ port }) => {
  diagnostics = port;
};

const extensions = ['.ts', '.mts', '.js', '.mjs', '.cjs'];
const endings = [...extensions, ...extensions.map((extension) => `/index${extension}`)];

export const resolve: ResolveHook = async (specifier, context, nextResolve) => {
  try {
    return await nextResolve(specifier, context);
  } catch (error) {
    if (!/^(?:\.{1,2}(?:\/|$)|\/|file:)/.test(specifier)) throw error;
    for (const candidate of candidates(specifier)) {
      const url = new URL(candidate, context.parentURL);
      if (url.protocol === 'file:' && existsSync(url)) return nextResolve(url.href, context);
    }
    throw error;
  }
};

/** `./a` may mean ./a.ts …, ./a/index.ts …; `./a.js` is how TypeScript itself has one import ./a.ts. */
function candidates(specifier: string): string[] {
  const base = specifier.replace(/\/$/, '');
  const source = base.replace(/\.(m?)js$/, '.$1ts');
  return [...(source === base ? [] : [source]), ...endings.map((ending) => base + ending)];
}

export const load: LoadHook = async (url, context, nextLoad) => {
  if (!url.startsWith('file:')) return nextLoad(url, context);
  const file = fileURLToPath(url);
  if (/\.m?ts$/.test(file)) {
    const source = stripTypes(file, await readFile(file, 'utf8'));
    return { format: 'module', source, shortCircuit: true };
  }
  if (!/\.m?js$/.test(file) || /[\\/]node_modules[\\/]/.test(file)) return nextLoad(url, context);
  const source = await readFile(file, 'utf8');
  checkSyntax(file, source);
  // Node before 20.19 takes a .js file without a package "type" for CommonJS whatever it contains.
  if (file.endsWith('.js') && /^\s*(?:export|import)\b/m.test(source) && packageType(file) === undefined)
    return { format: 'module', source, shortCircuit: true };
  return nextLoad(url, context);
};

function stripTypes(file: string, source: string): string {
  try {
    return transformSync(source, { mode: 'strip-only' }).code;
  } catch (drawn) {
    const diagnostic = { file, ...readSyntaxDiagnostic(String(drawn)) };
    diagnostics?.postMessage(diagnostic);
    throw new SyntaxError(diagnostic.message);
  }
}

/** Posts where a JavaScript file is wrong; whether it is wrong is left to V8. */
function checkSyntax(file: string, source: string): void {
  try {
    transformSync(source, { mode: 'strip-only' });
  } catch (drawn) {
    diagnostics?.postMessage({ file, ...readSyntaxDiagnostic(String(drawn)) });
  }
}

/** "type" of the nearest package.json. */
function packageType(file: string): unknown {
  for (let folder = dirname(file); ; folder = dirname(folder)) {
    const path = join(folder, 'package.json');
    if (existsSync(path)) {
      const content: unknown = JSON.parse(readFileSync(path, 'utf8'));
      return typeof content === 'object' && content !== null && 'type' in content ? content.type : undefined;
    }
    if (folder === dirname(folder)) return undefined;
  }
}
