// A workspace whose run takes milliseconds a step: reversing two digits with a model of a few thousand parameters.
export function smallRun(changes: Readonly<Record<string, unknown>> = {}): Record<string, string> {
  const rows = Array.from({ length: 90 }, (_, index) => {
    const prompt = String(index + 10);
    return JSON.stringify({ prompt: `${prompt}=`, answer: [...prompt].reverse().join('') });
  });
  const config = {
    name: 'small',
    model: { scratch: { hidden: 32, layers: 1, heads: 2, context: 16 } },
    data: { train: 'train.jsonl' },
    traces: { map: { demonstration: 'answer' } },
    rewards: [{ name: 'reversed', use: 'exact' }],
    rollout: { promptsPerStep: 4, k: 4, maxNewTokens: 4, stop: ['\n'] },
    budget: { steps: 100_000 },
    checkpoint: { every: 20 },
    seed: 1,
    ...changes,
  };
  return { 'train.jsonl': `${rows.join('\n')}\n`, 'small.superrl.json': JSON.stringify(config, null, 2) };
}
