// The studies of docs/results.md: what is trained, by which arms, on which seeds, under which budget.
import { fetchSmolLm2 } from './smollm2.mjs';

/** The paper's claim on the Countdown example, from scratch: about three minutes of compute a cell on two cores. */
const countdown = {
  runFile: 'examples/countdown/superrl.superrl.json',
  title: 'Countdown, three numbers, character model from scratch',
  budget: { tokens: 5_000_000 },
  settings: { 'rollout.k': 4, 'eval.every': 200, 'checkpoint.every': 0 },
  seeds: [1, 2, 3],
  arms: {
    superrl: { method: 'superrl' },
    rl: { method: 'rl' },
    'sft lr 3e-3': { method: 'sft', 'sft.learningRate': 3e-3 },
    'sft-then-rl lr 3e-3': { method: 'sft-then-rl', 'sft.learningRate': 3e-3 },
    filter: { method: 'filter' },
    'superrl-a': { method: 'superrl-a' },
    hpt: { method: 'hpt' },
    'sft lr 1.5e-3': { method: 'sft', 'sft.learningRate': 1.5e-3 },
    'sft lr 6e-3': { method: 'sft', 'sft.learningRate': 6e-3 },
    'sft-then-rl lr 1.5e-3': { method: 'sft-then-rl', 'sft.learningRate': 1.5e-3 },
    'sft-then-rl lr 6e-3': { method: 'sft-then-rl', 'sft.learningRate': 6e-3 },
  },
  /** Learning rates tried on the first seed only; the best of each method is the arm that all seeds run. */
  tuning: ['sft lr 1.5e-3', 'sft lr 6e-3', 'sft-then-rl lr 1.5e-3', 'sft-then-rl lr 6e-3'],
};

/** A pretrained model that never succeeds before training: SmolLM2-135M-Instruct, zero-shot, all its weights. */
const smollm2 = {
  runFile: 'examples/countdown-smollm2/superrl.superrl.json',
  title: 'Countdown, three numbers, SmolLM2-135M-Instruct zero-shot, all weights, 12 × 8 completions a step',
  model: fetchSmolLm2,
  /** About what `superrl` uses in 12 steps. */
  budget: { tokens: 48_000 },
  settings: { 'eval.every': 1000, 'eval.prompts': 64, 'checkpoint.best': false },
  seeds: [1, 2],
  arms: {
    superrl: { method: 'superrl' },
    rl: { method: 'rl' },
    sft: { method: 'sft' },
    'sft-then-rl': { method: 'sft-then-rl' },
    filter: { method: 'filter' },
  },
  tuning: [],
  lastSteps: 3,
};

const worked = (numbers, target, expression) => `Numbers: ${numbers}. Target: ${target}. Expression: ${expression}\n`;

/** The same model with three worked examples before each puzzle, by which it succeeds now and then before training; LoRA. */
const smollm2FewShot = {
  ...smollm2,
  title: 'Countdown, three numbers, SmolLM2-135M-Instruct with three worked examples, LoRA rank 16',
  budget: { tokens: 150_000 },
  settings: {
    ...smollm2.settings,
    'data.map.prompt':
      worked('44, 19, 35', 98, '44+(19+35)') +
      worked('95, 11, 56', 28, '95-(11+56)') +
      worked('63, 95, 96', 64, '63+(96-95)') +
      'Numbers: {nums}. Target: {target}. Expression:',
    lora: { rank: 16, alpha: 32 },
    'update.learningRate': 5e-4,
    'sft.learningRate': 5e-4,
  },
  seeds: [1],
  arms: { superrl: { method: 'superrl' }, 'sft-then-rl': { method: 'sft-then-rl' } },
};

export const studies = { countdown, smollm2, 'smollm2-few-shot': smollm2FewShot };
