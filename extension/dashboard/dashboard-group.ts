// A sampled group as the dashboard shows it: without token ids, and with texts cut to what a person reads there.
import type { DashboardCompletion, DashboardGroup } from '../../backend/protocol/dashboard';
import type { SampledGroup } from '../../backend/protocol/messages';
import type { RewardOutcome, SampleCompletion } from '../../backend/protocol/sample';

/** Longest text of a completion, prompt or demonstration in the dashboard, in UTF-16 units. */
export const maxShownText = 20_000;

export function dashboardGroup({ group, completions }: SampledGroup): DashboardGroup {
  const { step, group: index, attempt, promptId, source, prompt, question, answer, demonstrations, decision } = group;
  return {
    ...{ step, group: index, attempt, promptId, decision },
    source: { file: source.file, row: source.row },
    prompt: cutText(prompt),
    question: cutText(question),
    answer: cutText(typeof answer === 'string' ? answer : (JSON.stringify(answer) ?? '')),
    demonstrations: demonstrations.map(cutText),
    completions: completions.map(dashboardCompletion),
  };
}

function dashboardCompletion(completion: SampleCompletion): DashboardCompletion {
  const { index, text, tokenIds, rewards, reward, correctness, success, advantage, stopReason, truncated } = completion;
  return {
    ...{ index, reward, correctness, success, advantage, stopReason, truncated },
    text: cutText(text),
    cut: text.length > maxShownText,
    tokens: tokenIds.length,
    rewards: Object.fromEntries(Object.entries(rewards).map(([name, outcome]) => [name, shownOutcome(outcome)])),
  };
}

function shownOutcome(outcome: RewardOutcome): DashboardCompletion['rewards'][string] {
  if ('invalid' in outcome) return { invalid: outcome.invalid, reason: outcome.reason };
  const { value } = outcome;
  // JSON has no word for it, and null means "does not apply".
  if (typeof value === 'string') return { invalid: 'notFinite', reason: `The value is ${value}.` };
  return { value };
}

/** Cut at a whole character: half of a surrogate pair would show as a broken one. */
function cutText(text: string): string {
  if (text.length <= maxShownText) return text;
  const end = /[\uD800-\uDBFF]$/.test(text.slice(0, maxShownText)) ? maxShownText - 1 : maxShownText;
  return `${text.slice(0, end)}…`;
}
