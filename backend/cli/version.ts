// The version of this program, from its package.json, which esbuild bundles in.
import { version } from '../../package.json';

export function programVersion(): string {
  return version;
}
