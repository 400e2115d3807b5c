// The studies of docs/results.md: what is trained, by which arms, on which seeds, under which budget.

/** The paper's claim on the Countdown example, from scratch: about three minutes of compute a cell on two cores. */
const countdown = {
  runFile: 'examples/countdown/superrl.superrl.json',
  title: 'Countdown, three numbers, character model from scratch',
  budget: { tokens: 5_000_000 },
  settings: { 'eval.every': 200, 'checkpoint.every': 0 },
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

export const studies = { countdown };
