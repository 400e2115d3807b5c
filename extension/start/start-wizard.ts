// Start Training with no run file: four QuickPicks, dataset → offline traces → reward → model and engine, the built-in
// example first in each, with a preview of how the data is understood. The result is a run file beside the data.
import { basename, dirname, join } from 'node:path';
import * as vscode from 'vscode';
import { errorText } from '../../backend/protocol/errors';
import { coverageLine, type Inspection, inspectionLine, inspectionSchema } from '../data/inspection';
import type { Services } from '../services';
import { setting } from '../setting';
import { folderText } from '../workspace-files';
import { dataFileGlob, heldOutBeside, mayBeData, notDataGlob, rewardDescriptions, rewardsFor } from './data-candidates';
import { provideExample, startInFolder } from './example';
import { pickStep, type StepItem, type StepResult, separator } from './quick-pick-step';
import {
  type DatasetChoice,
  type ModelChoice,
  modelConfig,
  modelItems,
  type RewardChoice,
  rewardConfig,
  type TracesChoice,
  tracesConfig,
} from './run-choices';
import { browse, freeName, pathFrom, siblings, writableFolder } from './run-file-place';
import { type RunFileChoices, runFileText, runName, sequenceLengths } from './run-file-text';

export interface WizardStart {
  /** A dataset that was chosen before (context menu, Pick Dataset): the first step is passed over. */
  readonly dataset?: string;
}

const mostFiles = 200;

export class StartWizard {
  private readonly inspections = new Map<string, Promise<Inspection>>();

  constructor(private readonly services: Services) {}

  /** The run file to start; undefined when the person left, or when it goes on in another window. */
  async run(start: WizardStart = {}): Promise<vscode.Uri | undefined> {
    const answers: { dataset?: DatasetChoice; traces?: TracesChoice; reward?: RewardChoice; model?: ModelChoice } = {};
    if (start.dataset !== undefined) answers.dataset = { kind: 'file', file: start.dataset };
    const first = start.dataset === undefined ? 1 : 2;
    for (let number = first; number <= 4; ) {
      const result = await this.step(number, answers);
      if (!result) return undefined;
      if (result.kind === 'back') {
        number = Math.max(number - 1, first);
        continue;
      }
      if (answers.dataset?.kind === 'runFile') return answers.dataset.uri;
      number++;
    }
    const { dataset, traces, reward, model } = answers;
    if (!dataset || !traces || !reward || !model) return undefined;
    return this.write(dataset, traces, reward, model);
  }

  private async step(
    number: number,
    answers: { dataset?: DatasetChoice; traces?: TracesChoice; reward?: RewardChoice; model?: ModelChoice },
  ): Promise<StepResult<unknown>> {
    if (number === 1) return taken(await this.pickDataset(), (dataset) => Object.assign(answers, { dataset }));
    const { dataset } = answers;
    if (!dataset) return undefined;
    if (number === 2) return taken(await this.pickTraces(dataset), (traces) => Object.assign(answers, { traces }));
    if (number === 3) return taken(await this.pickReward(dataset), (reward) => Object.assign(answers, { reward }));
    return taken(await this.pickModel(), (model) => Object.assign(answers, { model }));
  }

  async pickDataset(): Promise<StepResult<DatasetChoice>> {
    const result = await pickStep<DatasetChoice>({
      title: 'Start Training: dataset',
      placeholder: 'Prompts with checkable answers',
      number: 1,
      of: 4,
      items: this.datasetItems(),
      preview: (choice, signal) => this.previewDataset(choice, signal),
    });
    if (result?.kind !== 'picked' || result.value.kind !== 'browse') return result;
    const file = await browse('Dataset', true);
    return file === undefined ? this.pickDataset() : { kind: 'picked', value: { kind: 'file', file } };
  }

  private async datasetItems(): Promise<StepItem<DatasetChoice>[]> {
    const { runFiles } = this.services.files;
    const items: StepItem<DatasetChoice>[] = [
      {
        label: '$(beaker) Built-in example: Countdown',
        description: 'make a target from three numbers; needs no configuration',
        value: { kind: 'example' },
      },
    ];
    if (runFiles.length > 0) items.push(separator('run files here: start as they are'));
    for (const uri of runFiles) {
      items.push({
        label: `$(json) ${basename(uri.fsPath)}`,
        description: folderText(uri),
        value: { kind: 'runFile', uri },
      });
    }
    items.push(separator('datasets here'));
    for (const uri of await dataFiles()) {
      items.push({
        label: `$(database) ${basename(uri.fsPath)}`,
        description: vscode.workspace.asRelativePath(uri),
        value: { kind: 'file', file: uri.fsPath },
      });
    }
    items.push({
      label: '$(folder-opened) Browse…',
      description: 'JSONL, JSON, CSV or Parquet, each also .gz',
      value: { kind: 'browse' },
    });
    return items;
  }

  private async previewDataset(choice: DatasetChoice, signal: AbortSignal): Promise<string | undefined> {
    if (choice.kind !== 'file') return undefined;
    try {
      return inspectionLine(await this.inspect(choice.file, signal));
    } catch (error) {
      return signal.aborted ? undefined : errorText(error);
    }
  }

  private async pickTraces(dataset: DatasetChoice): Promise<StepResult<TracesChoice>> {
    const result = await pickStep<TracesChoice>({
      title: 'Start Training: offline traces',
      placeholder: 'Worked solutions to learn from where sampling finds nothing',
      number: 2,
      of: 4,
      items: this.tracesItems(dataset),
      preview: (choice, signal) => this.previewTraces(dataset, choice, signal),
    });
    if (result?.kind !== 'picked' || result.value.kind !== 'browse') return result;
    const file = await browse('Offline traces', true);
    return file === undefined ? this.pickTraces(dataset) : { kind: 'picked', value: { kind: 'file', file } };
  }

  private async tracesItems(dataset: DatasetChoice): Promise<StepItem<TracesChoice>[]> {
    const none: StepItem<TracesChoice> = {
      label: '$(circle-slash) None',
      description: 'plain reinforcement learning',
      value: { kind: 'none' },
    };
    if (dataset.kind === 'example') {
      const example: StepItem<TracesChoice> = {
        label: '$(beaker) Built-in example: its worked solutions',
        description: 'one for each puzzle',
        value: { kind: 'example' },
      };
      return [example, none];
    }
    if (dataset.kind !== 'file') return [none];
    const items: StepItem<TracesChoice>[] = [];
    const own = await this.ownTraces(dataset.file);
    if (own) {
      items.push({ label: `$(book) From the dataset: ${own}`, description: 'its own column', value: { kind: 'own' } });
    }
    items.push(none, separator('other files, joined on the prompt'));
    for (const uri of await dataFiles()) {
      if (uri.fsPath === dataset.file) continue;
      items.push({
        label: `$(book) ${basename(uri.fsPath)}`,
        description: vscode.workspace.asRelativePath(uri),
        value: { kind: 'file', file: uri.fsPath },
      });
    }
    items.push({ label: '$(folder-opened) Browse…', value: { kind: 'browse' } });
    return items;
  }

  /** The expression that the layout takes demonstrations from. */
  private async ownTraces(file: string): Promise<string | undefined> {
    try {
      const { mapping } = await this.inspect(file);
      return mapping.find(({ field }) => field.startsWith('demonstration'))?.from;
    } catch {
      return undefined; // the preview of the first step said why
    }
  }

  private async previewTraces(
    dataset: DatasetChoice,
    choice: TracesChoice,
    signal: AbortSignal,
  ): Promise<string | undefined> {
    if (dataset.kind !== 'file' || (choice.kind !== 'own' && choice.kind !== 'file')) return undefined;
    const traces = choice.kind === 'own' ? {} : { path: choice.file, join: 'prompt' };
    try {
      const { coverage } = await this.inspect(dataset.file, signal, traces);
      return coverage && coverageLine(coverage);
    } catch (error) {
      return signal.aborted ? undefined : errorText(error);
    }
  }

  private async pickReward(dataset: DatasetChoice): Promise<StepResult<RewardChoice>> {
    return pickStep<RewardChoice>({
      title: 'Start Training: reward',
      placeholder: 'What a completion is worth',
      number: 3,
      of: 4,
      items: this.rewardItems(dataset),
    });
  }

  private async rewardItems(dataset: DatasetChoice): Promise<StepItem<RewardChoice>[]> {
    const items: StepItem<RewardChoice>[] = [];
    if (dataset.kind === 'example') {
      items.push({
        label: '$(beaker) Built-in example: countdown.reward.ts',
        description: 'a function in TypeScript, yours to edit',
        value: { kind: 'example' },
      });
    }
    const layout = dataset.kind === 'file' ? await this.layoutOf(dataset.file) : 'countdown';
    for (const name of rewardsFor(layout)) {
      items.push({
        label: `$(symbol-event) ${name}`,
        description: rewardDescriptions[name],
        value: { kind: 'builtIn', name },
      });
    }
    const functions = await this.rewardFunctions();
    if (functions.length > 0) items.push(separator('reward functions here'), ...functions);
    return items;
  }

  private async layoutOf(file: string): Promise<string | undefined> {
    try {
      return (await this.inspect(file)).layout?.name;
    } catch {
      return undefined; // the preview of the first step said why
    }
  }

  private async rewardFunctions(): Promise<StepItem<RewardChoice>[]> {
    const { connection, files } = this.services;
    const found = await Promise.all(
      files.rewardFiles.map(async ({ fsPath: file }) => {
        const { functions } = await connection.request('rewardFunctions', { file });
        return functions.map(
          ({ name }): StepItem<RewardChoice> => ({
            label: `$(symbol-function) ${name}`,
            description: vscode.workspace.asRelativePath(file),
            value: { kind: 'function', file, name },
          }),
        );
      }),
    );
    return found.flat();
  }

  private async pickModel(): Promise<StepResult<ModelChoice>> {
    const engine = setting('superrl.engine');
    const result = await pickStep<ModelChoice>({
      title: `Start Training: model (engine: ${engine})`,
      placeholder: 'What learns',
      number: 4,
      of: 4,
      items: modelItems(engine),
    });
    if (result?.kind !== 'picked') return result;
    const { value } = result;
    if (value.kind === 'engine') {
      await vscode.commands.executeCommand('superrl.selectEngine');
      return this.pickModel();
    }
    if (value.kind !== 'browseFolder' && value.kind !== 'browseFile') return result;
    const path = await browse('Model', value.kind === 'browseFile', ['gguf']);
    return path === undefined ? this.pickModel() : { kind: 'picked', value: { kind: 'path', path } };
  }

  private inspect(file: string, signal?: AbortSignal, traces?: unknown): Promise<Inspection> {
    const key = JSON.stringify([file, traces]);
    const known = this.inspections.get(key);
    if (known) return known;
    const params = { file, ...(traces === undefined ? {} : { traces }) };
    const asked = this.services.connection
      .request('inspectData', params, signal ? { signal } : {})
      .then((result) => inspectionSchema.parse(result));
    this.inspections.set(key, asked);
    asked.catch(() => this.inspections.delete(key));
    return asked;
  }

  private async write(
    dataset: DatasetChoice,
    traces: TracesChoice,
    reward: RewardChoice,
    model: ModelChoice,
  ): Promise<vscode.Uri | undefined> {
    const { context } = this.services;
    if (dataset.kind !== 'example') {
      return dataset.kind === 'file' ? this.writeBeside(dataset.file, traces, reward, model) : undefined;
    }
    const example = await provideExample(context.extensionUri);
    if (!example) return undefined;
    const asItIs = traces.kind === 'example' && reward.kind === 'example' && model.kind === 'scratch';
    const runFile = asItIs
      ? example.runFile
      : await this.writeBeside(join(example.folder.fsPath, 'train.jsonl'), traces, reward, model, {
          prompt: '{nums}>{target}:',
        });
    if (!runFile || !example.elsewhere) return runFile;
    await startInFolder(context.globalState, example.folder, runFile);
    return undefined;
  }

  private async writeBeside(
    file: string,
    traces: TracesChoice,
    reward: RewardChoice,
    model: ModelChoice,
    map?: Readonly<Record<string, string>>,
  ): Promise<vscode.Uri | undefined> {
    const folder = await writableFolder(dirname(file));
    if (folder === undefined) return undefined;
    const path = (target: string) => pathFrom(folder, target);
    const { examples } = await this.inspect(file);
    const lengths = sequenceLengths(examples, model.kind === 'scratch' ? 1 : 3);
    const heldOut = heldOutBeside(basename(file), await siblings(file));
    const choices: RunFileChoices = {
      name: runName(basename(file)),
      train: path(file),
      heldOut: heldOut === undefined ? undefined : path(join(dirname(file), heldOut)),
      map,
      traces: tracesConfig(traces, path),
      reward: rewardConfig(reward, path),
      model: modelConfig(model, lengths.context, path),
      lengths,
    };
    const target = await freeName(folder, choices.name);
    await vscode.workspace.fs.writeFile(target, Buffer.from(runFileText(choices)));
    await vscode.window.showTextDocument(target, { preview: false });
    return target;
  }
}

function taken<T>(result: StepResult<T>, take: (value: T) => void): StepResult<T> {
  if (result?.kind === 'picked') take(result.value);
  return result;
}

async function dataFiles(): Promise<vscode.Uri[]> {
  const found = await vscode.workspace.findFiles(dataFileGlob, notDataGlob, mostFiles * 2);
  return found
    .filter(({ fsPath }) => mayBeData(fsPath))
    .sort((a, b) => a.fsPath.localeCompare(b.fsPath))
    .slice(0, mostFiles);
}
