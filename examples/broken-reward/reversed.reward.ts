// The reward of the broken example: every run with it has reward 0, although its fixture passes.

interface Sample {
  prompt: string;
  completion: string;
  answer: string;
}

/** 1 when the completion is the prompt's digits in reverse, else 0. */
export function reversed(sample: Sample): number {
  const { completion, answer } = sample;
  const found = completion.trim();
  return found === answer ? 1 : 0;
}
