// What rows must hold before they become tensors: a graph would answer a breach with numbers that look right.
import type { ModelConfig } from '../model/model-config';
import { SuperRlError } from '../protocol/errors';
import type { LossForm, LossRow, ScoredRow } from './engine';

/** Throws `tokenizer` for a token id that the model does not know, `internal` for a row that no caller should make. */
export function checkScoredRows(config: ModelConfig, rows: readonly ScoredRow[]): void {
  rows.forEach(({ tokenIds, promptLength, temperature }, index) => {
    const row = `Row ${index + 1} of the batch`;
    if (promptLength < 1 || promptLength > tokenIds.length) {
      throw new SuperRlError(
        'internal',
        `${row} has ${tokenIds.length} tokens and a prompt of ${promptLength}; a prompt needs at least one token.`,
      );
    }
    if (!(temperature > 0)) throw new SuperRlError('internal', `${row} has temperature ${temperature}.`);
    const foreign = tokenIds.find((id) => id < 0 || id >= config.vocabularySize);
    if (foreign !== undefined) {
      throw new SuperRlError(
        'tokenizer',
        `${row} holds the token id ${foreign}, but the model knows ids below ${config.vocabularySize}: ` +
          'use the tokenizer that belongs to the model.',
      );
    }
  });
}

/** @throws SuperRlError `tokenizer` for token ids that the model doesn't know, `internal` for arrays that don't fit the row. */
export function checkLossRows(config: ModelConfig, form: LossForm, rows: readonly LossRow[]): void {
  checkScoredRows(config, rows);
  rows.forEach((row, index) => {
    const tokens = row.tokenIds.length - row.promptLength;
    for (const [name, values] of [
      ['oldLogProbs', row.oldLogProbs],
      ['refLogProbs', row.refLogProbs],
    ] as const) {
      if (values === undefined || values.length === tokens) continue;
      const found = `${values.length} ${name} for ${tokens} completion tokens`;
      throw new SuperRlError('internal', `Row ${index + 1} of the batch has ${found}.`);
    }
    if (form.klCoefficient > 0 && row.pgWeight !== 0 && row.refLogProbs === undefined) {
      throw new SuperRlError('internal', `Row ${index + 1} of the batch has no refLogProbs, which the KL term needs.`);
    }
  });
}
