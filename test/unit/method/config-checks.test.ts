// Every rule between fields, with the exact text and place a person gets when it is broken.
import { describe, expect, it } from 'vitest';
import { readRunConfig } from '../../../backend/method/config-checks';
import { formatPlace } from '../../../backend/protocol/errors';
import { runFileText } from './full-config';

function broken(...overrides: string[]): string[] {
  return readRunConfig(runFileText, 'test.superrl.json', overrides).problems.map(({ message }) => message);
}

describe('checkRunConfig', () => {
  it('accepts every preset as it is', () => {
    expect(broken()).toEqual([]);
  });

  const rules: [what: string, overrides: string[], message: string][] = [
    [
      'no reward',
      ['rewards=[]'],
      'Method "superrl" needs a reward of role "correctness": it decides which completions succeed. Add one to "rewards", for example { "name": "answer", "use": "exact" }.',
    ],
    [
      'only shaping rewards',
      ['method=rl', 'rewards=[{"name":"f","use":"format"}]'],
      'Method "rl" needs a reward of role "correctness": it decides which completions succeed. Add one to "rewards", for example { "name": "answer", "use": "exact" }.',
    ],
    [
      'sft that evaluates without a correctness reward',
      ['method=sft', 'rewards=[]', 'eval.every=5'],
      'Evaluation needs a reward of role "correctness". Add one to "rewards" or set eval.every to 0.',
    ],
    [
      'two rewards of one name',
      ['rewards=[{"name":"a","use":"exact"},{"name":"a","use":"gsm8k"}]'],
      'Two rewards are named "a". Rename one of them.',
    ],
    ['no budget', ['budget={}'], 'The run has no end. Give budget.steps, budget.minutes or budget.tokens.'],
    [
      'evaluation without data',
      ['data={"train":"t"}', 'eval.every=5'],
      'Evaluation needs held-out prompts. Name their file in data.eval or set eval.every to 0.',
    ],
    ['k beyond samples', ['eval.samples=4'], 'pass@8 needs at least 8 samples a prompt, and eval.samples is 4.'],
    [
      'a switch that is on in a baseline',
      ['method=sft-then-rl', 'switch.enabled=true'],
      'Method "sft-then-rl" is a baseline without the switch. Remove switch.enabled or choose method "superrl".',
    ],
    [
      'a probe that can never fire',
      ['method=superrl-v1', 'switch.probe.prompts=28'],
      'A probe of 28 prompts can never find a share of solvable prompts below 0.1 with 95 % confidence, even when it solves none. Probe at least 29 prompts or raise switch.probe.sparseBelow.',
    ],
    [
      'a probe threshold of zero',
      ['method=superrl-v1', 'switch.probe.sparseBelow=0'],
      'A probe of 64 prompts can never find a share of solvable prompts below 0 with 95 % confidence, even when it solves none. Raise switch.probe.sparseBelow.',
    ],
    [
      'adapters beside random weights',
      ['lora={"rank":4}'],
      'Adapters are trained beside frozen weights, and those of a model from scratch are random. Remove "lora", or name a checkpoint in "model".',
    ],
    ['hidden and heads', ['model.scratch.heads=5'], 'hidden 192 is not divisible by 5 heads. Change one of them.'],
    [
      'odd head width',
      ['model.scratch.hidden=12'],
      'hidden / heads is 3; rotary positions need an even head width. Change one of them.',
    ],
    [
      'key/value heads',
      ['model.scratch.kvHeads=3'],
      '4 heads cannot share 3 key/value heads evenly. Choose a divisor of 4.',
    ],
    [
      'no room for a prompt',
      ['model.scratch.context=12'],
      'rollout.maxNewTokens 12 leaves no room for a prompt in a context of 12 tokens. Raise the context or lower maxNewTokens.',
    ],
    [
      'a clip that cispo ignores',
      ['loss.type=cispo', 'loss.clipHigh=0.2'],
      'Loss "cispo" does not clip by clipHigh. Remove it; its cap is loss.ratioMax.',
    ],
    [
      'a clip that reinforce ignores',
      ['loss.type=reinforce', 'loss.clipLow=0.2'],
      'Loss "reinforce" does not clip by clipLow. Remove it.',
    ],
    [
      'one completion',
      ['rollout.k=1'],
      'With one completion a prompt every advantage is 0, so RL learns nothing. Choose k of at least 2.',
    ],
    ['no decay', ['update.beta2=1'], '"update.beta2" must be less than 1, not 1.'],
    [
      'sft-then-rl with one phase',
      ['method=sft-then-rl', 'sft.share=1'],
      '"sft.share" is 1, which leaves only one phase. Choose a share between 0 and 1, or method "sft" or "rl".',
    ],
    [
      'sft with a share',
      ['method=sft', 'sft.share=0.5'],
      'Method "sft" spends the whole budget on SFT. Remove sft.share or choose method "sft-then-rl".',
    ],
  ];
  it.each(rules)('%s', (_, overrides, message) => {
    expect(broken(...overrides)).toEqual([message]);
  });

  it.each([
    'superrl',
    'superrl-a',
    'superrl-v1',
    'superrl-log-sigma',
    'hpt',
    'superrl-posterior',
    'fixed-mix',
    'sft',
    'sft-then-rl',
  ])('%s needs traces', (method) => {
    const { traces: _, ...without } = JSON.parse(runFileText);
    const { problems } = readRunConfig(JSON.stringify({ ...without, method }), 'f');
    expect(problems.map(({ message }) => message)).toEqual([
      `Method "${method}" learns from offline traces, and the run file names none. Add "traces": { "path": "…" }, or "traces": {} when they are a column of the dataset, or choose method "rl".`,
    ]);
  });

  it.each(['rl', 'filter'])('%s needs none', (method) => {
    const { traces: _, ...without } = JSON.parse(runFileText);
    expect(readRunConfig(JSON.stringify({ ...without, method }), 'f').problems).toEqual([]);
  });

  it('sft needs no reward', () => {
    expect(broken('method=sft', 'rewards=[]')).toEqual([]);
  });

  it('has the place of the field, of its nearest parent, or of the --set that gave it', () => {
    const text =
      '{\n  "name": "a", "model": "m", "data": { "train": "t" }, "traces": {},\n  "rewards": [{ "name": "r", "use": "exact" }],\n  "eval": { "k": [1, 99] }\n}';
    const places = readRunConfig(text, 'f.json', ['rollout.k=1']).problems.map(({ path, place }) => [
      path.join('.'),
      formatPlace(place),
    ]);
    expect(places).toEqual([
      ['rollout.k', '--set rollout.k=1'],
      ['budget', 'f.json:1:1'],
      ['eval.k.1', 'f.json:4:22'],
    ]);
  });

  it('is not reached by a file with wrong types', () => {
    expect(broken('budget={}', 'seed=-1')).toEqual(['"seed" must be at least 0, not -1.']);
  });
});
