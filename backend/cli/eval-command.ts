// `superrl eval RUN`: held-out accuracy of a run's checkpoint, or of a run file's model.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { SuperRlError } from '../protocol/errors';
import { type EventData, fromLoggedNumber } from '../protocol/events';
import type { RunConfig } from '../protocol/run-config';
import { readCheckpointState } from '../trainer/run-folder/checkpoint-folder';
import { modelPath } from '../trainer/run-folder/model-path';
import { readRunRecord } from '../trainer/run-folder/run-json';
import { readRunSettings } from '../trainer/run-settings';
import { type CommandContext, type CommonOptions, collect, createCommand } from './command';
import { exitCodes } from './error-report';
import type { EvaluationRequest } from './evaluate-model';
import { wholeNumber } from './number-option';
import { durationText, shareText } from './number-text';
import { evaluationParts } from './run-progress';

interface EvalOptions extends CommonOptions {
  readonly model?: string;
  readonly step?: number;
  readonly prompts?: number;
  readonly samples?: number;
  readonly set?: readonly string[];
}

export function evalCommand({ terminal, finish }: CommandContext): Command {
  return createCommand('eval <run>', "Evaluate a run's checkpoint, or a run file's model, on the held-out prompts")
    .option('--model <path>', 'evaluate this model instead')
    .option(
      '--step <n>',
      'of a run: the checkpoint of this step; default: the best, else the newest',
      wholeNumber('--step', 0),
    )
    .option('--prompts <n>', 'held-out prompts; default: eval.prompts', wholeNumber('--prompts', 1))
    .option('--samples <n>', 'samples a prompt; default: eval.samples', wholeNumber('--samples', 1))
    .option('--set <path=value>', 'change a field of the run file; may be given several times', collect)
    .action(async (run: string, options: EvalOptions) => {
      const { evaluateModel } = await import('./evaluate-model');
      if (!options.json) terminal.err('Evaluating…\n');
      const evaluation = await evaluateModel(
        existsSync(join(run, 'run.json')) ? ofRun(run, options) : ofRunFile(run, options),
      );
      terminal.out(options.json ? `${JSON.stringify(evaluation)}\n` : evaluationText(evaluation));
      finish(exitCodes.done);
    });
}

function ofRun(run: string, options: EvalOptions): EvaluationRequest {
  if (options.set)
    throw new SuperRlError('usage', '--set changes a run file; a run is evaluated with what it was trained by.');
  const { config, engine, plan, runFile } = readRunRecord(run);
  const model = options.model === undefined ? modelPath(run, options.step) : modelPath(options.model);
  const step = options.model === undefined ? readCheckpointState(model).step : 0;
  return {
    runFile,
    overrides: [],
    stored: {
      config: { ...config, model, lora: 'off', eval: evalSettings(config, options) },
      engine: engine.engine,
      plan,
    },
    step,
  };
}

function ofRunFile(run: string, options: EvalOptions): EvaluationRequest {
  if (options.step !== undefined)
    throw new SuperRlError('usage', '--step names a checkpoint of a run; give a run folder.');
  const overrides = [...(options.set ?? [])];
  if (options.model !== undefined) overrides.push(`model=${JSON.stringify(modelPath(options.model))}`);
  const { config, runFile } = readRunSettings(run, overrides);
  return { runFile, overrides: [...overrides, `eval=${JSON.stringify(evalSettings(config, options))}`], step: 0 };
}

function evalSettings({ eval: settings, data }: RunConfig, { prompts, samples }: EvalOptions): RunConfig['eval'] {
  if (data.eval === undefined) {
    throw new SuperRlError(
      'config',
      '"data.eval" is not set, so there are no held-out prompts. Add it to the run file.',
    );
  }
  const wanted = samples ?? settings.samples;
  return {
    ...settings,
    every: Math.max(1, settings.every),
    prompts: prompts ?? settings.prompts,
    samples: wanted,
    k: settings.k.filter((k) => k <= wanted),
  };
}

/** The figures with their intervals, for a person. */
export function evaluationText(evaluation: EventData<'evaluation'>): string {
  const lines = evaluationParts(evaluation).map(({ name, share }) => {
    const interval = evaluation.intervals[`eval/${name}`];
    const range = interval ? `  (95 % over prompts: ${interval.map(shareText).join(' to ')})` : '';
    return `${name.padEnd(8)} ${shareText(share).padStart(6)}${range}\n`;
  });
  const invalid = fromLoggedNumber(evaluation.values['eval/invalid_frac'] ?? 0);
  const note = invalid > 0 ? `${shareText(invalid)} of the samples have no valid reward and count for nothing.\n` : '';
  const { prompts, samples, elapsedMs } = evaluation;
  return `${lines.join('')}${note}${prompts} prompts × ${samples} samples in ${durationText(elapsedMs)}\n`;
}
