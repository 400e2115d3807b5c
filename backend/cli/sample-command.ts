// `superrl sample MODEL --prompt TEXT`: what a model writes after a prompt.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { uniformSource } from '../method/random';
import { renderPrompt } from '../model/prompt';
import { createStopMatcher, cutEnding } from '../model/stop-matcher';
import { SuperRlError } from '../protocol/errors';
import { readRunRecord } from '../trainer/run-folder/run-json';
import { type CommandContext, type CommonOptions, collect, createCommand } from './command';
import { exitCodes } from './error-report';
import { positiveNumber, wholeNumber } from './number-option';
import { printable } from './paint';

interface SampleOptions extends CommonOptions {
  readonly prompt: string;
  readonly greedy?: boolean;
  readonly maxNewTokens: number;
  readonly chatTemplate: boolean;
  readonly system?: string;
  readonly temperature: number;
  readonly topP: number;
  readonly samples: number;
  readonly stop?: readonly string[];
  readonly seed: number;
}

export function sampleCommand({ terminal, finish }: CommandContext): Command {
  return createCommand('sample <model>', 'Print what a model writes after a prompt')
    .requiredOption('--prompt <text>', 'the prompt')
    .option('--greedy', 'always take the most likely token')
    .option('--max-new-tokens <n>', 'longest completion in tokens', wholeNumber('--max-new-tokens', 1), 256)
    .option('--no-chat-template', 'use the prompt as it is, also when the model brings a chat template')
    .option('--system <text>', 'system message, with a chat template')
    .option('--temperature <t>', 'sampling temperature', positiveNumber('--temperature'), 1)
    .option(
      '--top-p <p>',
      'sample from the most likely tokens of this total probability',
      positiveNumber('--top-p', 1),
      1,
    )
    .option('--samples <n>', 'completions to print', wholeNumber('--samples', 1), 1)
    .option(
      '--stop <text>',
      'stop string; may be given several times; default: those of the run, if MODEL is one',
      collect,
    )
    .option('--seed <n>', 'seed of the sampling', wholeNumber('--seed', 0), 0)
    .addHelpText(
      'after',
      '\nWith --json one object a completion: {"promptTokenIds", "tokenIds", "text", "stopReason"}; tokenIds include the\n' +
        'end-of-sequence token, or those of the stop string, which the text leaves out.',
    )
    .action(async (modelPath: string, options: SampleOptions) => {
      const { openModel, checkContext } = await import('../trainer/open-model');
      const model = await openModel(modelPath);
      const { engine, tokenizer } = model;
      try {
        const chatTemplate = options.chatTemplate ? 'auto' : 'off';
        const source = { prompt: options.prompt, columns: {} };
        const text = renderPrompt(source, { chatTemplate, system: options.system }, tokenizer);
        const promptIds = tokenizer.encode(text);
        if (promptIds.length === 0)
          throw new SuperRlError('usage', 'The prompt is empty; give at least one character.');
        checkContext(model, promptIds.length + 1, 'The prompt');
        const stops = options.stop ?? stopsOf(modelPath);
        const key = {
          seed: options.seed,
          purpose: 'sample',
          step: 0,
          attempt: 0,
          promptId: text,
          occurrence: 0,
        } as const;
        const uniform = uniformSource(key);
        const { completions } = await engine.generate({
          groups: [{ promptIds, completions: options.samples }],
          maxNewTokens: Math.min(options.maxNewTokens, engine.modelConfig.contextLength - promptIds.length),
          temperature: options.temperature,
          topP: options.topP,
          greedy: options.greedy ?? false,
          eosIds: tokenizer.eosIds,
          stopMatcher: stops.length === 0 ? undefined : () => createStopMatcher(tokenizer, stops),
          uniform: (_group, completion, token) => uniform(completion, token),
        });
        for (const completion of completions.flat()) {
          const written = cutEnding(tokenizer, completion, stops);
          const { stopReason } = completion;
          const tokenIds = [...completion.tokenIds];
          if (options.json) {
            terminal.out(
              `${JSON.stringify({ promptTokenIds: [...promptIds], tokenIds, text: written, stopReason })}\n`,
            );
          } else {
            terminal.out(`${printable(written)}\n`);
            if (stopReason === 'length') terminal.err(`(cut off after ${tokenIds.length} tokens)\n`);
          }
        }
      } finally {
        await engine.dispose();
      }
      finish(exitCodes.done);
    });
}

/** A run's completions end where they did in training. */
function stopsOf(model: string): readonly string[] {
  return existsSync(join(model, 'run.json')) ? readRunRecord(model).config.rollout.stop : [];
}
