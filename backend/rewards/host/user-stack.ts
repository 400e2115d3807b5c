// Stacks of user code as a person wants them: without the host's and Node's own frames, paths instead of
// file: URLs, so that every line of it is a place in their files.
import { fileURLToPath } from 'node:url';

/** The stack of anything thrown, without the frames of `hostFile` (a path or URL), of our module hook and of Node itself. */
export function userStack(error: unknown, hostFile: string): string {
  if (!(error instanceof Error) || error.stack === undefined) return thrownText(error);
  const lines = error.stack
    .split('\n')
    .filter(
      (line) => !/^\s+at /.test(line) || (!line.includes(hostFile) && !/\bnode:|\btypescript-hook\.mjs\b/.test(line)),
    );
  return lines.join('\n').replace(/file:\/\/\/?(?:[A-Za-z]:)?[^\s):]*/g, urlToPath);
}

/** One line on anything thrown. */
export function thrownText(error: unknown): string {
  if (error instanceof Error) return `${error.name}: ${error.message}${missingPackageAdvice(error)}`;
  return `threw ${typeof error === 'string' ? JSON.stringify(error) : String(error)}`;
}

function missingPackageAdvice(error: Error): string {
  if (!('code' in error) || error.code !== 'ERR_MODULE_NOT_FOUND') return '';
  const name = /^Cannot find package '([^']+)'/.exec(error.message)?.[1];
  return name === undefined ? '' : `. Install it beside the file: npm install ${name}`;
}

function urlToPath(url: string): string {
  try {
    return fileURLToPath(url);
  } catch {
    return url;
  }
}
