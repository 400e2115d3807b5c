// What a generation request must hold before tensors are touched.
import type { ModelConfig } from '../../model/model-config';
import { SuperRlError } from '../../protocol/errors';
import type { GenerateRequest } from '../engine';

/**
 * Throws where the request cannot be served. A prompt must leave room for at least one new token; a completion
 * whose prompt leaves less room than maxNewTokens ends at the context's end with stopReason 'length'.
 */
export function checkGenerateRequest(config: ModelConfig, request: GenerateRequest): void {
  const { maxNewTokens, temperature, topP, greedy } = request;
  if (!Number.isInteger(maxNewTokens) || maxNewTokens < 1) {
    throw new SuperRlError('config', `maxNewTokens is ${maxNewTokens}: set it to a whole number of at least 1.`);
  }
  if (!greedy && !(temperature > 0 && Number.isFinite(temperature))) {
    throw new SuperRlError('config', `temperature is ${temperature}: set it above 0, or choose greedy decoding.`);
  }
  if (!greedy && !(topP > 0 && topP <= 1)) {
    throw new SuperRlError('config', `topP is ${topP}: set it above 0 and at most 1 (1 samples from all tokens).`);
  }
  request.groups.forEach(({ promptIds, completions }, index) => {
    const prompt = `Prompt ${index + 1} of this batch`;
    if (!Number.isInteger(completions) || completions < 0) {
      throw new SuperRlError('config', `${prompt} asks for ${completions} completions: ask for a whole number.`);
    }
    if (promptIds.length === 0) {
      throw new SuperRlError('data', `${prompt} has no tokens: give it text, or a template that adds some.`);
    }
    if (promptIds.length >= config.contextLength) {
      throw new SuperRlError(
        'data',
        `${prompt} has ${promptIds.length} tokens and the model's context is ${config.contextLength}, which leaves no room for an answer: shorten or leave out such prompts, or use a model with a longer context.`,
      );
    }
    const foreign = promptIds.find((id) => id < 0 || id >= config.vocabularySize);
    if (foreign !== undefined) {
      throw new SuperRlError(
        'tokenizer',
        `${prompt} holds the token id ${foreign}, but the model knows ids below ${config.vocabularySize}: use the tokenizer that belongs to the model.`,
      );
    }
  });
}
