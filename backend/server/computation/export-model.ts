// A model or a run's checkpoint, written for other programs.
import { readdir, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { type ExportDtype, exportDtypes, exportModel as writeModel } from '../../model/export-model';
import { loadModel } from '../../model/load-model';
import { SuperRlError } from '../../protocol/errors';
import { modelPath } from '../../trainer/run-folder/model-path';
import type { Computation } from './computation';

export const exportModel: Computation<'exportModel'> = async ({ model, to, format, dtype }, report) => {
  const path = resolve(to);
  const isGguf = path.toLowerCase().endsWith('.gguf');
  if (isGguf !== (format === 'gguf')) {
    const rule = format === 'gguf' ? 'ends in .gguf' : 'does not end in .gguf';
    throw new SuperRlError('usage', `The name of this export ${rule}. Choose another name.`, { place: { file: path } });
  }
  if (!isDtype(dtype)) {
    throw new SuperRlError('usage', `There is no number format "${dtype}". There are ${exportDtypes.join(', ')}.`);
  }
  report.progress(0, 2, 'Loading the model');
  const loaded = await loadModel(modelPath(model));
  report.progress(1, 2, 'Writing');
  await writeModel({ ...loaded, dtype, to: path });
  return { path, bytes: await bytesOf(path) };
};

function isDtype(name: string): name is ExportDtype {
  return exportDtypes.some((dtype) => dtype === name);
}

async function bytesOf(path: string): Promise<number> {
  const stats = await stat(path);
  if (!stats.isDirectory()) return stats.size;
  const sizes = await Promise.all((await readdir(path)).map((name) => bytesOf(join(path, name))));
  return sizes.reduce((sum, size) => sum + size, 0);
}
