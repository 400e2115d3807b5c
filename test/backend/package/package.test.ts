// The packed extension: what is in it for each platform, how large it is, and that its backend runs with no
// node_modules about. Packs dist/ as it is (npm test builds it before).
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

interface Packing {
  readonly targets: readonly string[];
  readonly mostBytes: number;
  packExtension(options: { target: string; out: string }): Promise<string>;
}

const { targets, mostBytes, packExtension }: Packing = await import(join(process.cwd(), 'scripts/package.mjs'));
const folder = mkdtempSync(join(tmpdir(), 'superrl-package-'));
const python = process.env.SUPERRL_PYTHON ?? 'python3';
const here = `${process.platform}-${process.arch}`;
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Names in a zip file, from its central directory (no zip64: the package is far below 4 GB). */
function zipNames(file: string): string[] {
  const bytes = readFileSync(file);
  const end = bytes.lastIndexOf(Buffer.from('PK\x05\x06', 'latin1'));
  const names: string[] = [];
  let at = bytes.readUInt32LE(end + 16);
  for (let entry = 0; entry < bytes.readUInt16LE(end + 10); entry++) {
    const [name, extra, comment] = [28, 30, 32].map((offset) => bytes.readUInt16LE(at + offset)) as [
      number,
      number,
      number,
    ];
    names.push(bytes.toString('utf8', at + 46, at + 46 + name));
    at += 46 + name + extra + comment;
  }
  return names;
}

/** A text file of a package. */
function contents(file: string, name: string): string {
  const program = 'import sys, zipfile; print(zipfile.ZipFile(sys.argv[1]).read(sys.argv[2]).decode())';
  return execFileSync(python, ['-c', program, file, name], { encoding: 'utf8' });
}

describe.each(targets)('the package for %s', (target) => {
  let file: string;
  let names: string[];

  beforeAll(async () => {
    file = await packExtension({ target, out: join(folder, `${target}.vsix`) });
    names = zipNames(file).map((name) => name.replace(/^extension\//, ''));
  });

  it('is at most 35 MiB', () => {
    expect(statSync(file).size).toBeLessThanOrEqual(mostBytes);
    expect(mostBytes).toBe(35 * 1024 * 1024);
  });

  it('holds the native runtime of its platform and of no other', () => {
    const [platform, arch] = target.split('-');
    const runtimes = names.filter((name) => name.includes('/bin/'));
    const prefix = `node_modules/onnxruntime-node/bin/napi-v6/${platform}/${arch}/`;
    expect(runtimes).toContain(`${prefix}onnxruntime_binding.node`);
    expect(runtimes.filter((name) => !name.startsWith(prefix))).toEqual([]);
  });

  it('has a page for the editor, without pictures that could not be shown', () => {
    const page = contents(file, 'extension/readme.md');
    expect(page).toContain('# SuperRL for VS Code');
    expect(page).not.toContain('![');
  });

  it('holds what the editor and the backend load, and nothing else', () => {
    const allowed =
      /^(\[Content_Types\]\.xml|extension\.vsixmanifest|package(\.nls)?\.json|(readme|changelog)\.md|LICENSE\.txt|dist\/[\w.-]+\.(mjs|cjs|js|css|json|py)|media\/[\w/.-]+|examples\/((countdown|broken-reward)\/[\w.-]+|rewards\.d\.ts)|node_modules\/onnxruntime-(node|common)\/.+)$/;
    expect(names.filter((name) => !allowed.test(name))).toEqual([]);
    const manifest = JSON.parse(readFileSync('package.json', 'utf8'));
    for (const needed of [
      manifest.main.replace('./', ''),
      manifest.contributes.jsonValidation[0].url.replace('./', ''),
      ...['superrl', 'trainer', 'computation', 'reward-host', 'typescript-hook'].map((name) => `dist/${name}.mjs`),
      ...['dist/webview.js', 'dist/webview.css', 'dist/python_host.py', 'media/superrl.svg'],
      ...['countdown', 'broken-reward'].map((name) => `examples/${name}/superrl.superrl.json`),
      'examples/countdown/train.jsonl',
      'node_modules/onnxruntime-common/dist/cjs/package.json',
    ]) {
      expect(names).toContain(needed);
    }
    expect(names.filter((name) => /tfjs|\.map$|\.d\.ts$/.test(name) && name !== 'examples/rewards.d.ts')).toEqual([]);
  });
});

it.runIf(targets.includes(here))('runs its backend from the package alone', () => {
  const clean = join(folder, 'clean');
  const unzipped = spawnSync(python, ['-m', 'zipfile', '-e', join(folder, `${here}.vsix`), clean]);
  expect(unzipped.status).toBe(0);
  const { stdout, stderr } = spawnSync(
    process.execPath,
    [join(clean, 'extension/dist/superrl.mjs'), 'doctor', '--json'],
    {
      cwd: clean,
      encoding: 'utf8',
      env: { PATH: process.env.PATH ?? '', HOME: clean },
    },
  );
  const report: { findings: { name: string; level: string }[] } = JSON.parse(stdout || `"${stderr}"`);
  const engine = report.findings.find(({ name }) => name === 'engine onnx');
  expect(engine).toMatchObject({ level: 'good' });
});
