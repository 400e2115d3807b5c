// The presets as a text that a person reads in a diff: presets.golden.txt has the whole configuration of superrl
// and, for every other method, loss type and kind of model, the lines that differ from it.
import { describe, expect, it } from 'vitest';
import { readRunConfig } from '../../../backend/method/config-checks';
import { phaseAt } from '../../../backend/method/phase';
import { methodNames, type RunConfig, runConfigSchema } from '../../../backend/protocol/run-config';
import { fullConfig } from './full-config';

function lines(value: unknown, path = ''): string[] {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return [`${path} = ${JSON.stringify(value)}`];
  return Object.entries(value).flatMap(([key, inner]) => lines(inner, path === '' ? key : `${path}.${key}`));
}

function differences(config: RunConfig, base: RunConfig): string[] {
  const known = new Set(lines(base));
  return lines(config).filter((line) => !known.has(line));
}

describe('presets', () => {
  it('expand to what the golden text says', async () => {
    const base = fullConfig();
    const sections = [['method superrl, in full', ...lines(base)]];
    for (const method of methodNames.slice(1))
      sections.push([`method ${method}`, ...differences(fullConfig(`method=${method}`), base)]);
    for (const type of ['bnpo', 'dapo', 'dr_grpo', 'gspo', 'cispo', 'reinforce'])
      sections.push([`loss ${type}`, ...differences(fullConfig(`loss.type=${type}`), base)]);
    sections.push(['a pretrained checkpoint', ...differences(fullConfig('model="checkpoint"'), base)]);
    sections.push(['rollout.k 4', ...differences(fullConfig('rollout.k=4'), base)]);
    const text = sections
      .map(([title, ...body]) => `# ${title}\n${body.map((line) => `${line}\n`).join('')}`)
      .join('\n');
    await expect(text).toMatchFileSnapshot('./presets.golden.txt');
  });

  it('never override what was written', () => {
    expect(fullConfig('method=hpt', 'switch.atMost=0.5').switch.atMost).toBe(0.5);
    expect(fullConfig('method=superrl-a', 'switch.signal=reward').switch.signal).toBe('reward');
    expect(fullConfig('method=sft-then-rl', 'sft.share=0.6').sft.share).toBe(0.6);
    expect(fullConfig('method=rl', 'switch.enabled=true').switch.enabled).toBe(true);
    expect(fullConfig('loss.type=dapo', 'loss.clipHigh=0.2').loss).toMatchObject({ clipLow: 0.2, clipHigh: 0.2 });
    expect(fullConfig('loss.type=dr_grpo', 'advantage=group').advantage).toBe('group');
    expect(fullConfig('rollout.k=4', 'switch.posterior.threshold=0.5').switch.posterior.threshold).toBe(0.5);
    const rates = fullConfig('update.learningRate=0.01', 'sft.learningRate=0.02');
    expect([rates.update.learningRate, rates.sft.learningRate]).toEqual([0.01, 0.02]);
  });

  it('the SFT learning rate follows update.learningRate from scratch only', () => {
    expect(fullConfig('update.learningRate=0.01').sft.learningRate).toBe(0.01);
    expect(fullConfig('model="m"', 'update.learningRate=0.01').sft.learningRate).toBe(1e-5);
  });

  it('expanded configurations are run files themselves', () => {
    for (const method of methodNames) {
      const config = fullConfig(`method=${method}`);
      expect(readRunConfig(JSON.stringify(config), 'again.superrl.json')).toEqual({ config, problems: [] });
      expect(runConfigSchema.safeParse(config).success).toBe(true);
    }
  });

  it('rewards have the role of their kind', () => {
    const roles = fullConfig(
      'rewards=[{"name":"a","use":"format"},{"name":"b","use":"length"},{"name":"c","use":"repetition"},{"name":"d","use":"gsm8k"},{"name":"format","file":"f.ts"},{"name":"e","use":"format","role":"correctness"},{"name":"g","file":"g.py"}]',
    ).rewards.map(({ role }) => role);
    expect(roles).toEqual(['shaping', 'shaping', 'shaping', 'correctness', 'shaping', 'correctness', 'correctness']);
  });
});

describe('phaseAt', () => {
  const phases = (method: string, dense?: boolean) =>
    [0, 0.29, 0.3, 1].map((progress) => phaseAt(fullConfig(`method=${method}`), progress, dense));

  it('follows the method', () => {
    expect(phases('superrl')).toEqual(['hybrid', 'hybrid', 'hybrid', 'hybrid']);
    expect(phases('rl')).toEqual(['rl', 'rl', 'rl', 'rl']);
    expect(phases('filter')).toEqual(['rl', 'rl', 'rl', 'rl']);
    expect(phases('sft')).toEqual(['sft', 'sft', 'sft', 'sft']);
    expect(phases('sft-then-rl')).toEqual(['sft', 'sft', 'rl', 'rl']);
    expect(phases('fixed-mix')).toEqual(['hybrid', 'hybrid', 'hybrid', 'hybrid']);
  });

  it('superrl-v1 is plain RL where the probe finds reward dense', () => {
    expect(phases('superrl-v1', true)).toEqual(['rl', 'rl', 'rl', 'rl']);
    expect(phases('superrl-v1', false)).toEqual(['hybrid', 'hybrid', 'hybrid', 'hybrid']);
    expect(phases('superrl', true)).toEqual(['hybrid', 'hybrid', 'hybrid', 'hybrid']);
  });
});
