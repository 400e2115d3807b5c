// Text to token ids and back, and the chat template. Implementations wrap @huggingface/tokenizers.

export interface ChatMessage {
  readonly role: 'system' | 'user' | 'assistant';
  readonly content: string;
}

export interface Tokenizer {
  readonly vocabularySize: number;
  /** Special tokens in the text are recognised; none is added. */
  encode(text: string): Int32Array;
  decode(ids: ArrayLike<number>, options?: { skipSpecial?: boolean }): string;
  readonly eosIds: readonly number[];
  readonly padId: number;
  /** The EOS token's text, as demonstrations end with it when there is no stop string. */
  readonly eosText: string;
  /** The special token's text that the tokenizer itself puts before a plain prompt (BOS of Llama 3). */
  readonly promptPrefix?: string | undefined;
  readonly hasChatTemplate: boolean;
  /** Its Jinja source. */
  readonly chatTemplate?: string | undefined;
  renderChat(messages: readonly ChatMessage[], options: { addGenerationPrompt: boolean }): string;
  /** Files in Hugging Face layout (tokenizer.json, tokenizer_config.json, chat_template.jinja, …) by name, to store beside weights. */
  files(): Map<string, string>;
}
