// Run as a probe's process by engine-probe.test.ts, since a Vulkan driver is chosen when a process starts: two training
// steps of the onnx engine on WebGPU against the same on the CPU. Prints "works" or what differs.
import { createEngine } from '../../../backend/engine/create-engine';
import type { Engine, LossRow } from '../../../backend/engine/engine';
import { resultPrefix } from '../../../backend/engine/probe/engine-probe';
import { randomWeights, smallModel } from '../../unit/engine/small-model';

const form = {
  type: 'grpo',
  ratio: 'token',
  clipLow: 0.2,
  clipHigh: 0.2,
  ratioMax: 5,
  klCoefficient: 0.1,
  klBiasCorrection: true,
} as const;
const settings = { learningRate: 1e-2, beta1: 0.9, beta2: 0.95, epsilon: 1e-8, weightDecay: 0.1, clipNorm: 1 };

async function train(provider: 'cpu' | 'webgpu'): Promise<{ engine: Engine; losses: number[] }> {
  const options = { plan: { provider }, keepReference: true, lora: 'off', seed: 0 } as const;
  const engine = await createEngine({
    kind: 'onnx',
    config: smallModel,
    weights: randomWeights(smallModel, 3),
    options,
  });
  // One row by itself, then three of different lengths that share a prompt.
  const steps = [[4], [2, 21, 5]].map((completions) =>
    completions.map((completion) => ({
      tokenIds: Int32Array.from({ length: 20 + completion }, (_, at) => (1 + at * (completion + 3)) % 11),
      promptLength: 20,
      temperature: 1,
    })),
  );
  for (const row of steps[1]!) row.tokenIds.set(steps[0]![0]!.tokenIds.subarray(0, 20));
  const losses: number[] = [];
  for (const rows of steps) {
    const reference = await engine.logProbs(rows, 'reference');
    const weighted = rows.map((row, index): LossRow => {
      const weights = { pgWeight: 0.2, sftWeight: 0.1, entropyWeight: 0.05, advantage: 1 - index };
      return { ...row, ...weights, refLogProbs: reference[index]!.logProbs };
    });
    const { loss } = await engine.accumulate(form, weighted);
    losses.push(loss);
    await engine.update(settings);
  }
  return { engine, losses };
}

const [cpu, gpu] = [await train('cpu'), await train('webgpu')];
const [expected, found] = [await cpu.engine.readWeights(), await gpu.engine.readWeights()];
let largest = Math.max(...cpu.losses.map((loss, step) => Math.abs(loss - gpu.losses[step]!)));
for (const [name, { data }] of expected) {
  data.forEach((value, index) => {
    largest = Math.max(largest, Math.abs(value - found.get(name)!.data[index]!));
  });
}
const result =
  largest < 1e-3 && !gpu.engine.description.deterministic
    ? { state: 'works', device: gpu.engine.description.device, usesGpu: true, versions: {}, matmulGflops: 1 }
    : { state: 'fails', reason: `WebGPU is ${largest} off.` };
process.stdout.write(`${resultPrefix}${JSON.stringify(result)}\n`, () => process.exit(0));
