// What a model writes after a prompt, told while it writes. The model stays loaded for the next prompt.
import { setImmediate as nextTurn } from 'node:timers/promises';
import { uniformSource } from '../../method/random';
import { renderPrompt } from '../../model/prompt';
import { cutEnding } from '../../model/stop-matcher';
import { SuperRlError } from '../../protocol/errors';
import { checkContext, type OpenModel, openModel } from '../../trainer/open-model';
import type { Computation } from './computation';

let opened: { readonly path: string; readonly model: OpenModel } | undefined;
/** Another prompt draws other random numbers, also when it is the same. */
let asked = 0;
/** Tokens held back while they may be the beginning of a character (at most 4 bytes). */
const longestPending = 4;

export const tryModel: Computation<'tryModel'> = async (
  { model: path, prompt, chatTemplate, temperature, maxNewTokens },
  report,
) => {
  if (opened?.path !== path) {
    report.progress(0, maxNewTokens, '');
    await opened?.model.engine.dispose();
    opened = undefined;
    opened = { path, model: await openModel(path) };
  }
  const { model } = opened;
  const { engine, tokenizer } = model;
  const templates = chatTemplate === undefined ? 'auto' : chatTemplate ? 'on' : 'off';
  const text = renderPrompt({ prompt, columns: {} }, { chatTemplate: templates }, tokenizer);
  const promptIds = tokenizer.encode(text);
  if (promptIds.length === 0) throw new SuperRlError('usage', 'The prompt is empty; give at least one character.');
  checkContext(model, promptIds.length + 1, 'The prompt');
  const key = { seed: asked++, purpose: 'sample', step: 0, attempt: 0, promptId: text, occurrence: 0 } as const;
  const uniform = uniformSource(key);
  const most = Math.min(maxNewTokens, engine.modelConfig.contextLength - promptIds.length);
  const told = new WrittenText((written) => tokenizer.decode(written, { skipSpecial: true }));
  const { completions } = await engine.generate({
    groups: [{ promptIds, completions: 1 }],
    maxNewTokens: most,
    temperature: temperature === 0 ? 1 : temperature,
    topP: 1,
    greedy: temperature === 0,
    eosIds: tokenizer.eosIds,
    // It stops at nothing: this is where each new token passes by.
    stopMatcher: () => (id) => {
      const added = told.add(id);
      if (added !== '') report.progress(told.tokens, most, added);
      return false;
    },
    uniform: (_group, completion, token) => uniform(completion, token),
  });
  await nextTurn();
  const [completion] = completions.flat();
  if (!completion) throw new SuperRlError('internal', 'The engine gave no completion.');
  const { tokenIds, stopReason } = completion;
  return { text: cutEnding(tokenizer, completion, []), tokens: tokenIds.length, stopReason };
};

/** Text as it grows token by token; a character spread over tokens comes once it is whole. */
class WrittenText {
  tokens = 0;
  // Decoders may treat the first token differently, so a token's text is what it adds to the text before it.
  #context: number[] = [];
  #pending: number[] = [];

  constructor(private readonly decode: (ids: readonly number[]) => string) {}

  add(id: number): string {
    this.tokens++;
    this.#pending.push(id);
    const before = this.decode(this.#context);
    const added = this.decode([...this.#context, ...this.#pending]).slice(before.length);
    if (added.endsWith('\uFFFD') && this.#pending.length < longestPending) return '';
    this.#context = this.#pending;
    this.#pending = [];
    return added;
  }
}
