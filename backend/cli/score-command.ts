// `superrl score MODEL FILE.jsonl`: log-probabilities (temperature 1, full vocabulary) of given completions,
// so that anyone can check the model against another library.
import { createReadStream, existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import type { Command } from 'commander';
import { z } from 'zod';
import type { Tokenizer } from '../model/tokenizer';
import { errorText, SuperRlError } from '../protocol/errors';
import { type CommandContext, type CommonOptions, createCommand } from './command';
import { exitCodes } from './error-report';
import { printable } from './paint';

const tokenIds = z.array(z.int().nonnegative());

/** A row of the file: texts, or the token ids themselves. */
const scoreRowSchema = z.union([
  z.object({ prompt: z.string(), completion: z.string() }),
  z.object({ promptTokenIds: tokenIds.min(1), tokenIds: tokenIds.min(1) }),
]);
type ScoreRow = z.infer<typeof scoreRowSchema>;

/** Rows scored in one call of the engine. */
const rowsAtOnce = 64;

export function scoreCommand({ terminal, finish }: CommandContext): Command {
  return createCommand('score <model> <file>', 'Print the log-probability of each token of given completions')
    .addHelpText(
      'after',
      '\nFILE.jsonl: a line a row, {"prompt": "…", "completion": "…"} or {"promptTokenIds": […], "tokenIds": […]}.\n' +
        'Prompt and completion are encoded one by one, without chat template and ending; a tokenizer that begins prompts\n' +
        'with a special token (BOS) does so here.\n' +
        'With --json one object a row: {"row", "promptTokenIds", "tokenIds", "logProbs", "sum"}; natural logarithms.',
    )
    .action(async (modelPath: string, file: string, options: CommonOptions) => {
      const { openModel, checkContext } = await import('../trainer/open-model');
      const model = await openModel(modelPath);
      try {
        for await (const batch of batches(readScoreRows(file), rowsAtOnce)) {
          const encoded = batch.map((row) => encodeRow(row, model.tokenizer));
          for (const [index, { promptTokenIds, tokenIds }] of encoded.entries()) {
            const place = { file, line: batch[index]?.line ?? 0 };
            if (promptTokenIds.length === 0 || tokenIds.length === 0) {
              throw new SuperRlError('data', 'Prompt and completion need at least one token each.', { place });
            }
            const tooLarge = [...promptTokenIds, ...tokenIds].find(
              (id) => id >= model.engine.modelConfig.vocabularySize,
            );
            if (tooLarge !== undefined) {
              const size = model.engine.modelConfig.vocabularySize;
              throw new SuperRlError('data', `Token id ${tooLarge} is not in the vocabulary of ${size} tokens.`, {
                place,
              });
            }
            checkContext(model, promptTokenIds.length + tokenIds.length, `${file}:${place.line}: the row`);
          }
          const scores = await model.engine.logProbs(
            encoded.map(({ promptTokenIds, tokenIds }) => ({
              tokenIds: Int32Array.from([...promptTokenIds, ...tokenIds]),
              promptLength: promptTokenIds.length,
              temperature: 1,
            })),
            'policy',
          );
          for (const [index, { promptTokenIds, tokenIds }] of encoded.entries()) {
            const logProbs = [...(scores[index]?.logProbs ?? [])];
            const sum = logProbs.reduce((total, value) => total + value, 0);
            const row = batch[index]?.index ?? 0;
            if (options.json) {
              terminal.out(`${JSON.stringify({ row, promptTokenIds, tokenIds, logProbs, sum })}\n`);
            } else {
              terminal.out(scoredText(row, tokenIds, logProbs, sum, (id) => model.tokenizer.decode([id])));
            }
          }
        }
      } finally {
        await model.engine.dispose();
      }
      finish(exitCodes.done);
    });
}

/** A row for a person: its sum, then a token a line. */
export function scoredText(
  row: number,
  tokenIds: readonly number[],
  logProbs: readonly number[],
  sum: number,
  decode: (id: number) => string,
): string {
  const head = `row ${row}: log-probability ${sum.toFixed(4)} of ${tokenIds.length} tokens, ${(sum / tokenIds.length).toFixed(4)} a token\n`;
  const lines = tokenIds.map((id, index) => {
    const value = (logProbs[index] ?? Number.NaN).toFixed(4);
    return `${value.padStart(12)}  ${String(id).padStart(7)}  ${JSON.stringify(printable(decode(id)))}\n`;
  });
  return head + lines.join('');
}

type PlacedRow = ScoreRow & { readonly index: number; readonly line: number };

async function* readScoreRows(file: string): AsyncGenerator<PlacedRow> {
  const stream = createReadStream(file, 'utf8');
  let line = 0;
  let index = 0;
  try {
    for await (const text of createInterface({ input: stream, crlfDelay: Number.POSITIVE_INFINITY })) {
      line++;
      const content = line === 1 ? text.replace(/^\uFEFF/, '') : text;
      if (content.trim() !== '') yield { ...parseRow(content, file, line), index: index++, line };
    }
  } catch (error) {
    if (error instanceof SuperRlError) throw error;
    const why = existsSync(file) ? `${file} can't be read (${errorText(error)}).` : `There is no file ${file}.`;
    throw new SuperRlError('data', `${why} Give a JSONL file of prompts and completions.`, { cause: error });
  } finally {
    stream.destroy();
  }
  if (index === 0)
    throw new SuperRlError('data', 'This file holds no rows; give a line {"prompt", "completion"} a row.', {
      place: { file },
    });
}

function parseRow(text: string, file: string, line: number): ScoreRow {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new SuperRlError('data', `This line is not JSON (${errorText(error)}).`, {
      place: { file, line },
      cause: error,
    });
  }
  const parsed = scoreRowSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  const shape = '{"prompt": "…", "completion": "…"} or {"promptTokenIds": […], "tokenIds": […]}';
  throw new SuperRlError('data', `A row must be ${shape}.`, { place: { file, line } });
}

function encodeRow(row: ScoreRow, tokenizer: Tokenizer) {
  if ('tokenIds' in row) return { promptTokenIds: row.promptTokenIds, tokenIds: row.tokenIds };
  const promptTokenIds = [...tokenizer.encode((tokenizer.promptPrefix ?? '') + row.prompt)];
  return { promptTokenIds, tokenIds: [...tokenizer.encode(row.completion)] };
}

async function* batches<T>(items: AsyncIterable<T>, size: number): AsyncGenerator<T[]> {
  let batch: T[] = [];
  for await (const item of items) {
    batch.push(item);
    if (batch.length === size) {
      yield batch;
      batch = [];
    }
  }
  if (batch.length > 0) yield batch;
}
