// Groups of a made-up run, with everything a dashboard can meet: all four decisions, masking, an invalid reward, a
// truncated completion, text that would be markup. Deterministic.
import type { DashboardGroup } from '../../backend/protocol/dashboard';
import type { Decision } from '../../backend/protocol/decision';

/** A number in 0…1 that depends on its arguments alone. */
export function noise(a: number, b = 0): number {
  const x = Math.sin(a * 12.9898 + b * 78.233) * 43758.5453;
  return x - Math.floor(x);
}

export const groupsPerStep = 8;
export const completionsPerGroup = 8;

export function decisionOf(step: number, group: number, steps: number): Decision {
  const skill = 0.05 + 0.9 / (1 + Math.exp(-8 * (step / steps - 0.35)));
  const difficulty = noise(group, Math.floor(step / 3)) ** 2;
  const successes = Math.round(
    completionsPerGroup * Math.min(1, Math.max(0, skill * 1.3 - difficulty + 0.2 * noise(step, group) - 0.1)),
  );
  const traced = noise(step, group + 100) < 0.75;
  const kind = successes > 0 ? (noise(step, group + 200) < 0.05 ? 'mix' : 'pg') : traced ? 'sft' : 'skip';
  const masked = successes === 0 && noise(step, group + 300) < 0.3;
  const all = successes === completionsPerGroup;
  const what = {
    pg: 'policy gradient',
    mix: 'policy gradient and the demonstration',
    sft: 'learn from the demonstration',
    skip: 'no demonstration, skipped',
  };
  return {
    kind,
    reason: `${successes} of ${completionsPerGroup} completions succeed: ${what[kind]}.${all ? ' All rewards are equal, so the policy gradient is zero.' : ''}${masked ? ' The summed reward would have hidden this failure.' : ''}`,
    passRate: successes / completionsPerGroup,
    ...{
      successes,
      valid: completionsPerGroup,
      k: completionsPerGroup,
      solved: successes === 0 ? 'none' : all ? 'all' : 'some',
    },
    ...{ noSignal: kind === 'pg' && all, maskedByShaping: masked, missingDemonstration: kind === 'skip' },
  };
}

const story =
  'Natalia sold clips to 48 of her friends in April, and then she sold half as many clips in May. How many clips did Natalia sell altogether in April and May?';
const chain = (index: number) =>
  `Let me think step by step. In April she sold 48 clips.\nIn May she sold half as many: 48 / 2 = ${index % 3 === 0 ? 24 : 22 + index}.\nTogether that is 48 + ${index % 3 === 0 ? 24 : 22 + index} = ${index % 3 === 0 ? 72 : 70 + index}.\n#### ${index % 3 === 0 ? 72 : 70 + index}`;

export function syntheticGroups(step: number, steps: number): DashboardGroup[] {
  return Array.from({ length: groupsPerStep }, (_, group) => {
    const decision = decisionOf(step, group, steps);
    return {
      ...{ step, group, attempt: 0, promptId: `p${group}`, decision, answer: '72' },
      source: { file: '/data/train.jsonl', row: group },
      prompt: `<|user|>\n${story}\n<|assistant|>\n`,
      question:
        group === 1 ? '<img src=x onerror="document.title=\'owned\'"> <b>What is 1 + 1?</b>' : `${group + 1}. ${story}`,
      demonstrations: decision.missingDemonstration
        ? []
        : [`She sold 48 / 2 = 24 clips in May, so 48 + 24 = 72 in all.\n#### 72`, 'April 48, May 24: 72\n#### 72'],
      completions: Array.from({ length: completionsPerGroup }, (_, index) => {
        const success = index < decision.successes;
        return {
          index,
          text: group === 1 ? '<script>document.title="owned"</script>' : chain(success ? index * 3 : index),
          cut: false,
          tokens: 40 + ((index * 37) % 90),
          rewards: {
            answer:
              index === 7 && group === 2
                ? { invalid: 'threw', reason: 'TypeError: text is undefined' }
                : { value: success ? 1 : 0 },
            format: { value: index % 2 },
            length: { value: -0.1 },
          },
          reward: index === 7 && group === 2 ? null : (success ? 1 : 0) + 0.2 * (index % 2) - 0.1,
          correctness: success ? 1 : 0,
          success,
          advantage: index === 7 && group === 2 ? null : success ? 0.8 : -0.5 - 0.1 * (index % 2),
          stopReason: index === 5 ? 'length' : 'eos',
          truncated: index === 5,
        };
      }),
    };
  });
}
