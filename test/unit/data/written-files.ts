// Data files that a test writes: a fresh folder a test, removed afterwards.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { afterAll } from 'vitest';

const folder = mkdtempSync(join(tmpdir(), 'superrl-data-test-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let written = 0;

/** Writes a file whose name ends in `name`; a name that ends in .gz is compressed. Returns its path. */
export function write(name: string, content: string | Uint8Array): string {
  const path = join(folder, `${written++}-${name}`);
  const bytes = typeof content === 'string' ? Buffer.from(content) : content;
  writeFileSync(path, name.endsWith('.gz') ? gzipSync(bytes) : bytes);
  return path;
}

export function jsonl(rows: readonly unknown[]): string {
  return rows.map((row) => `${JSON.stringify(row)}\n`).join('');
}

export const testFolder = folder;

/** A file of test/fixtures/data. */
export function fixture(name: string): string {
  return fileURLToPath(new URL(`../../fixtures/data/${name}`, import.meta.url));
}

/** The message of what `action` throws, with the test's folder cut out. */
export async function messageOf(action: Promise<unknown>): Promise<string> {
  try {
    await action;
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    return error.message.replaceAll(/\S*superrl-data-test-[^/\\]+[/\\](?:\d+-)?/g, '');
  }
  throw new Error('Nothing was thrown.');
}
