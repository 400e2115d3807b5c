// Commands on checkpoints: ask one something, or write it out for other programs.
import { basename, join } from 'node:path';
import * as vscode from 'vscode';
import { z } from 'zod';
import { SuperRlError } from '../../backend/protocol/errors';
import { CancelledError } from '../server/server-connection';
import type { Services } from '../services';
import { checkpointFolder } from '../views/runs-view';
import { type Handlers, runArgument } from './handler';
import { pickRun } from './pick-run';
import { requestWithProgress } from './with-progress';

interface Model {
  readonly run: string;
  /** The checkpoint's folder. */
  readonly path: string;
  /** "countdown, step 300". */
  readonly label: string;
}

export function modelCommands(services: Services): Pick<Handlers, 'superrl.tryModel' | 'superrl.exportModel'> {
  return {
    'superrl.tryModel': async (argument) => {
      const model = await pickCheckpoint(services, argument, 'Try which checkpoint?');
      if (model) await tryModel(services, model);
    },
    'superrl.exportModel': async (argument) => {
      const model = await pickCheckpoint(services, argument, 'Export which checkpoint?');
      if (model) await exportModel(services, model);
    },
  };
}

const checkpointSchema = z.object({ run: z.string(), path: z.string() });

async function pickCheckpoint(services: Services, argument: unknown, placeHolder: string): Promise<Model | undefined> {
  const run =
    services.runs.get(runArgument(argument) ?? '') ?? (await pickRun(services, placeHolder, { mark: 'checkpoints' }));
  if (!run) return undefined;
  const given = checkpointSchema.safeParse(argument);
  const models = [...run.checkpoints]
    .sort((a, b) => Number(b.best) - Number(a.best) || b.step - a.step)
    .map(({ step, path, best }) => ({
      run: run.run,
      path: checkpointFolder(run.run, path),
      label: `${run.name}, step ${step}`,
      description: best ? 'the best evaluation' : '',
    }));
  if (models.length === 0) throw new SuperRlError('checkpoint', `${run.name} has no checkpoint yet. Save one first.`);
  if (given.success) {
    const wanted = checkpointFolder(run.run, given.data.path);
    return models.find(({ path }) => path === wanted) ?? models[0];
  }
  return models.length === 1 ? models[0] : vscode.window.showQuickPick(models, { placeHolder });
}

/** Prompts and answers in turn, as a document that grows; Escape in the prompt box ends it. */
async function tryModel(services: Services, { path, label }: Model): Promise<void> {
  const title = `Try ${label}`;
  let said = `# ${title}\n\nModel text is indented. Temperature 1, at most 256 tokens.\n`;
  await services.reports.show(title, said);
  for (;;) {
    const prompt = await vscode.window.showInputBox({
      title,
      prompt: 'What the model goes on from. Write \\n for a line break; Escape ends.',
      ignoreFocusOut: true,
    });
    if (prompt === undefined || prompt === '') return;
    const text = prompt.replaceAll('\\n', '\n');
    said += `\n## ${prompt}\n\n`;
    let answer = '';
    const show = () => services.reports.update(title, `${said}${indented(answer)}\n`);
    show();
    try {
      const result = await requestWithProgress(
        services.connection,
        `${label} writes`,
        'tryModel',
        { model: path, prompt: text },
        ({ message }) => {
          answer += message;
          show();
        },
      );
      answer = result.text;
      said += `${indented(answer)}\n\n${result.tokens} tokens, ended by ${result.stopReason}.\n`;
    } catch (error) {
      if (!(error instanceof CancelledError)) throw error;
      said += `${indented(answer)}\n\nStopped.\n`;
    }
    services.reports.update(title, said);
  }
}

function indented(text: string): string {
  return text
    .split('\n')
    .map((line) => `    ${line}`)
    .join('\n');
}

const formats = [
  {
    label: 'Hugging Face folder, bfloat16',
    description: 'transformers, vLLM',
    format: 'huggingface',
    dtype: 'bfloat16',
  },
  { label: 'Hugging Face folder, float32', description: 'exactly as trained', format: 'huggingface', dtype: 'float32' },
  { label: 'GGUF file, float16', description: 'llama.cpp, Ollama', format: 'gguf', dtype: 'float16' },
  { label: 'GGUF file, q8_0', description: 'llama.cpp, Ollama; half the size', format: 'gguf', dtype: 'q8_0' },
] as const;

async function exportModel(services: Services, { run, path, label }: Model): Promise<void> {
  const chosen = await vscode.window.showQuickPick(formats, { placeHolder: `Export ${label} as` });
  if (!chosen) return;
  const { format, dtype } = chosen;
  const name = `${basename(run)}-${basename(path)}${format === 'gguf' ? '.gguf' : ''}`;
  const target = await vscode.window.showSaveDialog({
    title: `Export ${label}`,
    defaultUri: vscode.Uri.file(join(run, name)),
    ...(format === 'gguf' ? { filters: { GGUF: ['gguf'] } } : {}),
  });
  if (!target) return;
  const params = { model: path, to: target.fsPath, format, dtype };
  const { path: written, bytes } = await requestWithProgress(
    services.connection,
    `Exporting ${label}`,
    'exportModel',
    params,
  );
  const size = (bytes / 1024 / 1024).toFixed(1);
  const answer = await vscode.window.showInformationMessage(`Wrote ${written} (${size} MiB, ${dtype}).`, 'Reveal');
  if (answer) await vscode.commands.executeCommand('revealFileInOS', vscode.Uri.file(written));
}
