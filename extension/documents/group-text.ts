// A stored group as a text to read: prompt, decision with its reason, traces, and each completion with what its
// rewards said. Model text stands indented, so that nothing in it can look like a part of ours.
import type { SampledGroup } from '../../backend/protocol/messages';
import type { RewardOutcome, SampleCompletion } from '../../backend/protocol/sample';

export function groupText({ group, completions }: SampledGroup): string {
  const { decision, source } = group;
  const lines = [
    `# Step ${group.step}, group ${group.group + 1}: ${decision.kind}`,
    '',
    decision.reason,
    '',
    `- prompt id: ${group.promptId}`,
    `- from: ${source.file}, row ${source.row + 1}`,
    `- solved: ${decision.successes} of ${decision.valid} valid completions (${decision.solved})`,
    `- answer: ${JSON.stringify(group.answer) ?? 'none'}`,
    '',
    '## Prompt',
    '',
    indented(group.prompt),
  ];
  group.demonstrations.forEach((text, index) => {
    lines.push('', `## Trace ${index + 1}`, '', indented(text));
  });
  for (const completion of completions) lines.push('', ...completionLines(completion));
  return `${lines.join('\n')}\n`;
}

function completionLines(completion: SampleCompletion): string[] {
  const { index, reward, advantage, tokenIds, stopReason, success, rewards, text } = completion;
  const number = (value: number | null) => (value === null ? 'none' : String(Number(value.toPrecision(6))));
  const facts = [
    success ? 'success' : 'no success',
    `reward ${number(reward)}`,
    `advantage ${number(advantage)}`,
    `${tokenIds.length} tokens`,
    stopReason === 'length' ? 'cut off at maxNewTokens' : `ended by ${stopReason}`,
  ];
  return [
    `## Completion ${index + 1}: ${facts.join(', ')}`,
    '',
    ...Object.entries(rewards).map(([name, outcome]) => `- ${name}: ${outcomeText(outcome)}`),
    '',
    indented(text),
  ];
}

export function outcomeText(outcome: RewardOutcome): string {
  if ('invalid' in outcome) return `invalid (${outcome.invalid}): ${outcome.reason}`;
  return outcome.value === null ? 'does not apply' : String(outcome.value);
}

function indented(text: string): string {
  return text
    .split('\n')
    .map((line) => `    ${line}`)
    .join('\n');
}
