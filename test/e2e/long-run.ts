// A finished run of 20,000 steps, made up: 180,000 events, and a file of 64 completions a step, 1.28 million in all. Those of
// the first, middle and last step are written; the others are links to the first, so that it takes seconds and no room.
import { createWriteStream, linkSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { finished } from 'node:stream/promises';

export const groups = 8;
const k = 8;

export async function writeLongRun(run: string, steps: number): Promise<void> {
  makeRunFolder(run, 'long');
  const log = createWriteStream(join(run, 'events.jsonl'));
  let seq = 0;
  const write = (type: string, data: object) => {
    const line = JSON.stringify({ seq: ++seq, ts: 1.76e12 + seq, type, data });
    return log.write(`${line}\n`);
  };
  write('state', { state: 'running', step: 0 });
  for (let step = 1; step <= steps; step++) {
    for (let group = 0; group < groups; group++) {
      write('decision', { step, group, promptId: `p${step}-${group}`, attempt: 0, decision: decision(step, group) });
    }
    const room = write('metrics', metrics(step, steps));
    if (!room) await new Promise<void>((resolve) => log.once('drain', resolve));
    if (step === 1 || step === steps / 2 || step === steps) writeSamples(run, step);
    else linkSync(sampleFile(run, 1), sampleFile(run, step));
  }
  write('state', { state: 'finished', step: steps });
  log.end();
  await finished(log);
}

/** A run folder without events. */
export function makeRunFolder(run: string, name: string): void {
  mkdirSync(join(run, 'samples'), { recursive: true });
  mkdirSync(join(run, 'checkpoints'));
  writeFileSync(join(run, 'run.json'), JSON.stringify(record(run, name)));
}

export function decision(step: number, group: number): object {
  const successes = (step + group) % 3 === 0 ? 4 : 0;
  return {
    kind: successes > 0 ? 'pg' : 'sft',
    reason: `${successes} of ${k} completions succeed.`,
    ...{ passRate: successes / k, successes, valid: k, k, solved: successes > 0 ? 'some' : 'none' },
    ...{ noSignal: false, maskedByShaping: false, missingDemonstration: false },
  };
}

const metricNames = [
  ...['reward', 'reward_std', 'rewards/answer/mean', 'rewards/answer/std', 'rewards/format/mean', 'rewards/format/std'],
  ...['frac_reward_zero_std', 'completions/mean_length', 'completions/min_length', 'completions/max_length'],
  ...['completions/clipped_ratio', 'entropy', 'kl', 'clip_ratio/region_mean', 'loss', 'loss/pg', 'loss/sft', 'sft/nll'],
  ...['grad_norm', 'learning_rate', 'num_tokens', 'step_time', 'switch/pg_frac', 'switch/sft_frac', 'switch/skip_frac'],
  ...['groups/solved_none', 'groups/solved_some', 'groups/solved_all', 'tokens_per_second/generate'],
];

export function metrics(step: number, steps: number): object {
  const values = Object.fromEntries(metricNames.map((name, index) => [name, Math.abs(Math.sin(step / 100 + index))]));
  const progress = step / steps;
  return {
    step,
    values,
    usedTokens: step * 5000,
    elapsedMs: step * 1500,
    progress,
    epoch: step / 900,
    phase: 'hybrid',
  };
}

function sampleFile(run: string, step: number): string {
  return join(run, 'samples', `step-${String(step).padStart(6, '0')}.jsonl`);
}

function writeSamples(run: string, step: number): void {
  const text = 'First multiply the crates by the apples in each, then subtract those sold. '.repeat(5);
  const lines: string[] = [];
  for (let group = 0; group < groups; group++) {
    const question = `A truck carries ${group} crates of ${step} apples. How many when ten are sold?`;
    lines.push(
      JSON.stringify({
        ...{ kind: 'group', step, group, attempt: 0, promptId: `p${step}-${group}`, occurrence: 0 },
        source: { file: '/data/train.jsonl', row: group, rowHash: String(group) },
        ...{ prompt: question, question, answer: String(group), columns: { question }, demonstrations: [text] },
        decision: decision(step, group),
      }),
    );
    for (let index = 0; index < k; index++) {
      const value = index % 2;
      lines.push(
        JSON.stringify({
          ...{ kind: 'completion', step, group, index, text: `${text}${index}`, tokenIds: [1, 2, 3] },
          rewards: { answer: { value }, format: { value: 0.5 } },
          ...{ reward: value, correctness: value, success: value > 0, advantage: value - 0.5 },
          ...{ stopReason: 'eos', truncated: false },
        }),
      );
    }
  }
  writeFileSync(sampleFile(run, step), `${lines.join('\n')}\n`);
}

function record(run: string, name: string): object {
  return {
    ...{
      format: 1,
      id: name,
      superrl: '0',
      createdAt: '2026-01-01T00:00:00.000Z',
      runFile: join(run, `../../${name}.superrl.json`),
    },
    config: {
      ...{ name, method: 'superrl', seed: 0, advantage: 'group', budget: { steps: 20_000 } },
      ...{
        hybrid: { mix: 'gated' },
        switch: { enabled: true, signal: 'reward', reads: 'correctness', successAbove: 0 },
      },
      rewards: [
        { name: 'answer', use: 'gsm8k', weight: 1, role: 'correctness', timeoutMs: 5000 },
        { name: 'format', use: 'format', weight: 0.1, role: 'shaping', timeoutMs: 5000 },
      ],
    },
    machine: { platform: 'linux', release: '', arch: 'x64', cpu: '', cores: 2, memoryBytes: 1, node: '20' },
    engine: { engine: 'onnx', device: 'CPU', versions: {}, deterministic: true },
    plan: { threads: 2, microBatchTokens: 2048, tokenBucket: 32, decodeWeights: 'inputs' },
  };
}
