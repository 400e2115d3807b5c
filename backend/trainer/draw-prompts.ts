// The next prompts of a run, in the seeded order of their epoch, with their demonstrations tokenised. The data
// cursor is one counter in the trainer's state.
import type { Dataset, Row } from '../data/row';
import { shuffledOrder } from '../method/random';
import { renderPrompt } from '../model/prompt';
import { encodeDemonstration } from '../model/stop-matcher';
import type { Tokenizer } from '../model/tokenizer';
import { SuperRlError } from '../protocol/errors';
import type { RunConfig } from '../protocol/run-config';
import type { Run } from './run';

export interface EncodedPrompt {
  readonly row: Row;
  /** After template and chat template, as the model sees it. */
  readonly text: string;
  readonly ids: Int32Array;
}

export interface DrawnPrompt extends EncodedPrompt {
  /** How often this prompt was drawn before in the same step. */
  readonly occurrence: number;
  /** Tokens of each usable demonstration, ending included, prompt excluded. */
  readonly demonstrations: readonly Int32Array[];
}

/** The prompt as the model sees it: template, chat template, token ids. */
export function encodePrompt(row: Row, config: RunConfig, tokenizer: Tokenizer): EncodedPrompt {
  const text = renderPrompt(row, config.prompt, tokenizer);
  return { row, text, ids: tokenizer.encode(text) };
}

/**
 * Draws the next `count` prompts, or the next ones that have a usable demonstration when `needsDemonstration`.
 * `drawnInStep` counts occurrences over the attempts of a step. Prompts fit the context: opening the data saw to it.
 * @throws SuperRlError `traces` when a whole epoch has no usable demonstration.
 */
export async function drawPrompts(
  run: Run,
  count: number,
  drawnInStep: Map<string, number>,
  needsDemonstration = false,
): Promise<DrawnPrompt[]> {
  const drawn: DrawnPrompt[] = [];
  let passedOver = 0;
  while (drawn.length < count) {
    const row = await run.train.row(rowIndex(run));
    run.state.drawn++;
    const prompt = encodePrompt(row, run.config, run.tokenizer);
    const demonstrations = encodeDemonstrations(run, prompt);
    if (needsDemonstration && demonstrations.length === 0) {
      passedOver++;
      if (passedOver > run.train.length) throw noDemonstrations(run);
      continue;
    }
    passedOver = 0;
    const occurrence = drawnInStep.get(row.id) ?? 0;
    drawnInStep.set(row.id, occurrence + 1);
    drawn.push({ ...prompt, occurrence, demonstrations });
  }
  return drawn;
}

/** Fraction of epochs done, for metrics. */
export function epochsDone(run: Run): number {
  return run.state.drawn / run.train.length;
}

const orders = new WeakMap<Dataset, { epoch: number; order: ArrayLike<number> }>();

function rowIndex(run: Run): number {
  const { length } = run.train;
  const epoch = Math.floor(run.state.drawn / length);
  let shuffled = orders.get(run.train);
  if (shuffled?.epoch !== epoch) {
    shuffled = { epoch, order: shuffledOrder(run.config.seed, epoch, length) };
    orders.set(run.train, shuffled);
  }
  const index = shuffled.order[run.state.drawn % length];
  if (index === undefined) throw new SuperRlError('internal', `No row at position ${run.state.drawn} of the data.`);
  return index;
}

/** Tokens of the demonstrations with their ending: the first stop string, else EOS (METHOD.md, "Endings"). */
function encodeDemonstrations(run: Run, prompt: EncodedPrompt): Int32Array[] {
  const { rollout, traces } = run.config;
  const room = run.engine.modelConfig.contextLength - prompt.ids.length;
  const usable: Int32Array[] = [];
  for (const text of prompt.row.demonstrations) {
    const ids = encodeDemonstration(run.tokenizer, text, rollout.stop);
    const limit = traces?.onTooLong === 'keep' ? room : Math.min(rollout.maxNewTokens, room);
    if (ids.length <= limit) {
      usable.push(ids);
    } else if (traces?.onTooLong === 'truncate' && limit > 0) {
      run.state.demonstrations.truncated++;
      usable.push(ids.slice(0, limit));
    } else {
      run.state.demonstrations.tooLong++;
    }
  }
  return usable;
}

function noDemonstrations(run: Run): SuperRlError {
  return new SuperRlError(
    'traces',
    'No prompt of the training data has a usable demonstration, so there is nothing to learn from. Give traces that ' +
      `match its prompts, at most rollout.maxNewTokens (${run.config.rollout.maxNewTokens}) tokens long, or set traces.onTooLong.`,
  );
}
