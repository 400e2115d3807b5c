// `superrl export MODEL OUT`: a checkpoint for other programs, as a Hugging Face folder or a GGUF file.
import { resolve } from 'node:path';
import { type Command, Option } from 'commander';
import { type ExportDtype, exportDtypes, exportModel } from '../model/export-model';
import { loadModel } from '../model/load-model';
import { modelPath } from '../trainer/run-folder/model-path';
import { type CommandContext, type CommonOptions, createCommand } from './command';
import { exitCodes } from './error-report';
import { wholeNumber } from './number-option';

interface ExportOptions extends CommonOptions {
  readonly dtype?: ExportDtype;
  readonly step?: number;
}

export function exportCommand({ terminal, finish }: CommandContext): Command {
  return createCommand('export <model> <out>', 'Write a model or a checkpoint of a run for other programs')
    .addOption(
      new Option('--dtype <type>', 'number format; default: bfloat16 for a folder, float16 for .gguf').choices(
        exportDtypes,
      ),
    )
    .option(
      '--step <n>',
      'of a run: the checkpoint of this step; default: the best, else the newest',
      wholeNumber('--step', 0),
    )
    .addHelpText('after', '\nOUT: a new folder (transformers, vLLM), or a new file ending in .gguf (llama.cpp).')
    .action(async (model: string, out: string, options: ExportOptions) => {
      const from = modelPath(model, options.step);
      const to = resolve(out);
      const dtype = options.dtype ?? (to.toLowerCase().endsWith('.gguf') ? 'float16' : 'bfloat16');
      await exportModel({ ...(await loadModel(from)), dtype, to });
      if (options.json) terminal.out(`${JSON.stringify({ from, to, dtype })}\n`);
      else terminal.out(`Wrote ${from} to ${to} (${dtype}).\n`);
      finish(exitCodes.done);
    });
}
