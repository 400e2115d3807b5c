// From a run file to everything a run needs: configuration, data with traces, model and tokenizer, engine,
// rewards. Whatever a person got wrong is an error here, before a run folder exists.
import { dirname, resolve } from 'node:path';
import { type DatasetRequest, type OpenDataset, openDataset } from '../data/dataset';
import { describeCounts } from '../data/problems';
import type { Row } from '../data/row';
import { describeShared, HeldOutPrompts } from '../data/shared-prompts';
import { attachTraces, type TracedDataset } from '../data/traces';
import { createEngine } from '../engine/create-engine';
import type { EngineDescription, EnginePlan } from '../engine/engine';
import { readRunConfig } from '../method/config-checks';
import { renderPrompt } from '../model/prompt';
import { encodeDemonstration } from '../model/stop-matcher';
import type { Tokenizer } from '../model/tokenizer';
import { SuperRlError } from '../protocol/errors';
import type { RunConfig } from '../protocol/run-config';
import { runFileError } from '../protocol/run-file';
import { createScorer, type ScorerOptions } from '../rewards/create-scorer';
import type { Scorer } from '../rewards/scorer';
import { chooseEngine, type EngineChoice } from './choose-engine';
import { startingModel } from './prepare-model';
import type { RunParts } from './run';
import { readRunFileText } from './run-settings';

export interface PrepareRequest {
  /** Absolute path of the run file; paths in the configuration are relative to its folder. */
  readonly runFile: string;
  /** `path=value` of --set. */
  readonly overrides: readonly string[];
  /** On resume: what run.json stores, in place of the run file's text. */
  readonly stored?: StoredChoices | undefined;
  /** How reward hosts are started. */
  readonly rewardHosts?: Pick<ScorerOptions, 'pythonPath' | 'memoryMb' | 'timeoutMs'> | undefined;
  /** Told at each stage, for progress displays. */
  readonly onStage?: (message: string) => void;
}

export interface StoredChoices {
  readonly config: RunConfig;
  readonly engine: EngineDescription['engine'];
  readonly plan: EnginePlan;
}

export interface PreparedRun extends RunParts {
  readonly runFile: string;
  readonly engineReason: string;
  readonly scorer: Scorer;
  /** What a person should know before training starts: skipped rows, coverage of the traces. */
  readonly notes: readonly { readonly level: 'info' | 'warning'; readonly message: string }[];
  /** Closes data and engine; the scorer is the run's to close. */
  close(): Promise<void>;
}

/** @throws SuperRlError of any kind that a person can mend; whatever was opened is closed again. */
export async function prepareRun(request: PrepareRequest): Promise<PreparedRun> {
  const { runFile, onStage } = request;
  const config = request.stored?.config ?? readConfig(runFile, request.overrides);
  const baseFolder = dirname(runFile);
  const opened: { close(): Promise<void> }[] = [];
  const close = async () => {
    for (const part of opened.splice(0).reverse()) await part.close();
  };
  const keep = <T extends { close(): Promise<void> }>(part: T): T => {
    opened.push(part);
    return part;
  };
  try {
    const openScorer = () => createScorer({ ...request.rewardHosts, rewards: config.rewards, baseFolder });
    onStage?.('Loading the rewards');
    const scorer = await openScorer();
    opened.push(scorer);
    onStage?.('Loading the model');
    const model = await startingModel(config, baseFolder, () => textsOf(config, baseFolder));
    onStage?.('Opening the data');
    const limits = limitsOf(config, model.tokenizer, model.config.contextLength);
    const heldOut = await openHeldOut(config, baseFolder, limits);
    if (heldOut) keep(heldOut);
    const train = keep(await openTraining(config, baseFolder, limits, heldOut && (await HeldOutPrompts.of(heldOut))));
    const choice = storedChoice(request.stored) ?? chooseEngine(config.engine);
    onStage?.(`Starting the engine ${choice.kind}`);
    const engine = await createEngine({
      kind: choice.kind,
      config: model.config,
      weights: model.weights,
      options: {
        plan: { ...request.stored?.plan, ...planOf(config), ...choice.plan },
        keepReference: config.loss.kl.coefficient > 0,
        lora: config.lora,
        seed: config.seed,
      },
    });
    opened.splice(opened.indexOf(scorer), 1);
    keep({ close: () => engine.dispose() });
    return {
      config,
      runFile,
      engine,
      engineReason: choice.reason,
      tokenizer: model.tokenizer,
      train,
      heldOut,
      scorer,
      openScorer,
      notes: [...notesOf(train, heldOut), ...rewardNotes(config, request.rewardHosts?.timeoutMs)],
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

function readConfig(runFile: string, overrides: readonly string[]): RunConfig {
  const { config, problems } = readRunConfig(readRunFileText(runFile), runFile, overrides);
  if (!config) throw runFileError(problems);
  return config;
}

function planOf({ update }: RunConfig): Partial<EnginePlan> {
  return {
    ...(update.microBatchTokens !== undefined && { microBatchTokens: update.microBatchTokens }),
    ...(update.gradientCheckpointing && { gradientCheckpointing: true }),
  };
}

function storedChoice(stored: StoredChoices | undefined): EngineChoice | undefined {
  return stored && { kind: stored.engine, plan: {}, reason: 'The run was started on this engine.' };
}

type PromptLimit = NonNullable<DatasetRequest['promptLimit']>;

interface Limits {
  readonly prompt: PromptLimit;
  readonly trace: { readonly tokens: number; count(text: string): number };
}

/** Prompts must leave room for a whole completion; demonstrations are at most as long as one. */
function limitsOf({ prompt, rollout }: RunConfig, tokenizer: Tokenizer, contextLength: number): Limits {
  const room = contextLength - rollout.maxNewTokens;
  if (room < 1) {
    throw new SuperRlError(
      'config',
      `rollout.maxNewTokens (${rollout.maxNewTokens}) leaves no room for a prompt in the model's context of ` +
        `${contextLength} tokens. Lower it.`,
    );
  }
  return {
    prompt: { tokens: room, count: (row) => tokenizer.encode(renderPrompt(row, prompt, tokenizer)).length },
    trace: {
      tokens: rollout.maxNewTokens,
      count: (text) => encodeDemonstration(tokenizer, text, rollout.stop).length,
    },
  };
}

async function openTraining(
  { data, traces }: RunConfig,
  baseFolder: string,
  limits?: Limits,
  heldOut?: HeldOutPrompts,
): Promise<TracedDataset> {
  const dataset = await openDataset({
    file: resolve(baseFolder, data.train),
    map: data.map,
    onBadRow: data.onBadRow,
    ...(data.limit !== undefined && { limit: data.limit }),
    ...(limits && { promptLimit: limits.prompt }),
    heldOut,
  });
  const resolved = traces && {
    ...traces,
    ...(traces.path !== undefined && { path: resolve(baseFolder, traces.path) }),
  };
  try {
    return await attachTraces(dataset, resolved, limits ? { limit: limits.trace } : {});
  } catch (error) {
    await dataset.close();
    throw error;
  }
}

/** Held-out data as training evaluates them; undefined when it doesn't. */
async function openHeldOut(config: RunConfig, baseFolder: string, limits: Limits): Promise<OpenDataset | undefined> {
  const { data } = config;
  if (config.eval.every === 0 || data.eval === undefined) return undefined;
  const file = resolve(baseFolder, data.eval);
  return openDataset({ file, map: data.map, onBadRow: data.onBadRow, promptLimit: limits.prompt });
}

/** All rows of the run, training data first, to train a tokenizer on. */
export async function* textsOf(config: RunConfig, baseFolder: string): AsyncGenerator<Row> {
  const train = await openTraining(config, baseFolder);
  try {
    yield* train.scan();
  } finally {
    await train.close();
  }
  if (config.data.eval === undefined) return;
  const heldOut = await openDataset({ file: resolve(baseFolder, config.data.eval), map: config.data.map });
  try {
    yield* heldOut.scan();
  } finally {
    await heldOut.close();
  }
}

/** What the editor's settings change of the rewards, so that the log says what was in force. */
function rewardNotes(config: RunConfig, timeoutMs: number | undefined): PreparedRun['notes'] {
  const others = config.rewards.filter((reward) => timeoutMs !== undefined && reward.timeoutMs !== timeoutMs);
  if (others.length === 0) return [];
  const names = others.map(({ name, timeoutMs: own }) => `${name} ${own}`).join(', ');
  const message = `A call of a reward may take ${timeoutMs} ms: the setting superrl.reward.timeoutMs stands above timeoutMs of the run file (${names}).`;
  return [{ level: 'info', message }];
}

function notesOf(train: TracedDataset, heldOut: OpenDataset | undefined): PreparedRun['notes'] {
  const skipped = [train, heldOut].flatMap((data) => {
    const bad = data ? data.report.records - data.report.rows : 0;
    if (!data || bad === 0) return [];
    const message = `${bad} of ${data.report.records} rows of ${data.file} are left out: ${describeCounts(data.report.counts)}.`;
    return [{ level: 'warning' as const, message }];
  });
  const shared = train.report.sharedPrompts && describeShared(train.report.sharedPrompts);
  if (shared !== undefined) skipped.push({ level: 'warning', message: shared });
  const { coverage } = train;
  if (!coverage) return skipped;
  const covered = `${coverage.promptsWithTraces} of ${coverage.prompts} prompts have a demonstration (${coverage.traces} in all).`;
  const tooLong = coverage.counts.traceTooLong ?? 0;
  const are = tooLong === 1 ? 'demonstration is' : 'demonstrations are';
  return [
    ...skipped,
    { level: coverage.promptsWithTraces < coverage.prompts ? 'warning' : 'info', message: covered },
    ...(tooLong > 0
      ? [{ level: 'warning' as const, message: `${tooLong} ${are} longer than rollout.maxNewTokens.` }]
      : []),
  ];
}
