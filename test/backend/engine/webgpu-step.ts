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
  const row = { tokenIds: Int32Array.of(1, 2, 3, 4, 5, 6), promptLength: 2, temperature: 1 };
  const losses: number[] = [];
  for (let step = 0; step < 2; step++) {
    const [reference] = await engine.logProbs([row], 'reference');
    const weighted: LossRow = { ...row, pgWeight: 0.2, sftWeight: 0.1, entropyWeight: 0.05, advantage: 1 };
    const { loss } = await engine.accumulate(form, [{ ...weighted, refLogProbs: reference!.logProbs }]);
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
