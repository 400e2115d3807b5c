// PEFT opens adapters that we have trained and saved, and its logits are those of our engine and of our merged export.
// Runs in the venv of the peers (scripts/peers.mjs installs it once).
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, expect, it } from 'vitest';
import { z } from 'zod';
import { createEngine } from '../../../backend/engine/create-engine';
import { exportModel } from '../../../backend/model/export-model';
import { loadModel } from '../../../backend/model/load-model';
import { savePeft } from '../../../backend/model/peft';
import { preparePeers } from '../../../scripts/peers.mjs';

const resultSchema = z.object({
  loraTensors: z.int(),
  toMerged: z.number(),
  toBase: z.number(),
  logProbs: z.array(z.number()),
});
const folder = await mkdtemp(join(tmpdir(), 'superrl-peft-'));
afterAll(() => rm(folder, { recursive: true, force: true }));

it.each([
  ['llama-tied', ['q_proj', 'v_proj', 'down_proj']],
  ['qwen3-headdim32', ['q_proj', 'k_proj', 'v_proj', 'o_proj', 'gate_proj', 'up_proj', 'down_proj']],
])(
  '%s with adapters',
  async (name, targets) => {
    const base = join(import.meta.dirname, '../../golden/models', name);
    const { config, weights, tokenizer } = await loadModel(base);
    const lora = { rank: 4, alpha: 10, targets };
    const options = { keepReference: false, lora, seed: 3 };
    const engine = await createEngine({ kind: 'onnx', config, weights, options });
    const ids = [5, 80, 91, 200, 17, 300, 44, 9];
    const row = { tokenIds: Int32Array.from(ids), promptLength: 1, temperature: 1 };
    const form = { type: 'grpo', ratio: 'token', clipLow: 0.2, clipHigh: 0.2, ratioMax: 5, klCoefficient: 0 } as const;
    const settings = { learningRate: 0.02, beta1: 0.9, beta2: 0.95, epsilon: 1e-8, weightDecay: 0, clipNorm: 1 };
    for (let step = 0; step < 3; step++) {
      const weighted = { ...row, pgWeight: 0, sftWeight: 0.1, entropyWeight: 0, advantage: 0 };
      await engine.accumulate({ ...form, klBiasCorrection: true }, [weighted]);
      await engine.update(settings);
    }
    const [scored] = await engine.logProbs([row], 'policy');
    const tensors = await engine.readWeights();
    const adapter = join(folder, `${name}-adapter`);
    await savePeft(adapter, { settings: lora, tensors }, base);
    const merged = join(folder, `${name}-merged`);
    await exportModel({ config, weights: await engine.readMergedWeights(), tokenizer, dtype: 'float32', to: merged });
    await engine.dispose();

    const script = join(import.meta.dirname, 'peft_opens.py');
    const { stdout } = await promisify(execFile)(preparePeers(), [
      script,
      JSON.stringify({ base, adapter, merged, ids }),
    ]);
    const line = stdout.split('\n').find((text) => text.startsWith('RESULT ')) ?? '';
    const result = resultSchema.parse(JSON.parse(line.slice('RESULT '.length)));
    expect(result.loraTensors).toBe(tensors.size);
    expect(result.toBase).toBeGreaterThan(0.1); // they do something
    expect(result.toMerged).toBeLessThan(1e-4);
    result.logProbs.forEach((logProb, token) => {
      expect(Math.abs(scored!.logProbs[token]! - logProb)).toBeLessThan(1e-4);
    });
  },
  1_200_000,
);
