// Whether an execution provider of ONNX Runtime computes what the CPU computes: one training graph of a tiny decoder,
// every loss and gradient compared. Drivers and shader compilers differ; wrong numbers must show before a run.
import * as ort from 'onnxruntime-node';
import type { ModelConfig } from '../../model/model-config';
import { weightShapes } from '../../model/model-config';
import { errorText } from '../../protocol/errors';
import { lossArrays, scoreArrays } from '../batch-arrays';
import type { LossForm, LossRow } from '../engine';
import { isSpread, type PackedBatch, pack } from '../packing';
import type { OnnxProvider } from './provider';
import { traceGradient } from './traced-batch';

export type ProviderCheck =
  | { readonly state: 'works' }
  /** No device. */
  | { readonly state: 'refused'; readonly reason: string }
  | { readonly state: 'fails'; readonly reason: string };

/** ‖provider − CPU‖ / ‖CPU‖ of an output may be this much. */
const tolerance = 1e-3;

const config: ModelConfig = {
  architecture: 'qwen3',
  vocabularySize: 64,
  hiddenSize: 32,
  layers: 2,
  heads: 4,
  kvHeads: 2,
  headDim: 8,
  intermediateSize: 48,
  contextLength: 64,
  rmsNormEpsilon: 1e-5,
  ropeTheta: 10_000,
  ropeScaling: undefined,
  tiedEmbeddings: true,
  qkvBias: false,
  qkNorm: true,
};
const form: LossForm = {
  type: 'grpo',
  ratio: 'token',
  clipLow: 0.2,
  clipHigh: 0.2,
  ratioMax: 5,
  klCoefficient: 0,
  klBiasCorrection: true,
};

/** Never rejects. */
export async function providerCheck(provider: OnnxProvider): Promise<ProviderCheck> {
  const traced = trainingGraph(provider);
  if (provider === 'cpu') {
    await outputsOn(provider, traced);
    return { state: 'works' };
  }
  const expected = await outputsOn('cpu', trainingGraph('cpu'));
  let found: Map<string, Float32Array>;
  try {
    found = await outputsOn(provider, traced);
  } catch (error) {
    const said = errorText(error);
    if (/No supported adapters|Failed to get a WebGPU (adapter|device)/.test(said)) {
      return {
        state: 'refused',
        reason:
          'WebGPU finds no GPU on this machine. On Linux it needs a Vulkan driver and its loader (Debian, Ubuntu: ' +
          'apt install libvulkan1); the CPU is used as it is.',
      };
    }
    return { state: 'fails', reason: `WebGPU fails: ${said.split('\n')[0]}` };
  }
  for (const [name, values] of expected) {
    const error = relativeError(found.get(name) ?? new Float32Array(), values);
    if (error <= tolerance) continue;
    const percent = `${(100 * error).toFixed(2)} %`;
    return { state: 'fails', reason: `WebGPU computes ${name} ${percent} off the CPU's numbers: it is not used.` };
  }
  return { state: 'works' };
}

interface TrainingGraph {
  readonly bytes: Uint8Array;
  readonly feeds: Record<string, ort.Tensor>;
}

function trainingGraph(provider: OnnxProvider): TrainingGraph {
  // A prompt that rows of different lengths share: every operation that training graphs have.
  const rows: LossRow[] = [1, 12, 4].map((completion, row) => ({
    tokenIds: Int32Array.from({ length: 9 + completion }, (_, index) => (index * 13) % config.vocabularySize),
    promptLength: 9,
    temperature: row + 1,
    pgWeight: 0.1,
    sftWeight: 0.2,
    entropyWeight: 0.05,
    advantage: row - 1.5,
  }));
  const [batch] = pack(rows, { microBatchTokens: 64, tokenBucket: 4 });
  if (batch === undefined || batch.shape.prefixes === 0 || !isSpread(batch.shape)) {
    throw new Error('These rows make one batch with a shared prompt.');
  }
  const shapes = weightShapes(config);
  const layout = { config, provider, shapes, adapters: new Map(), trainable: new Set(shapes.keys()) };
  const { graph } = traceGradient(layout, batch.shape, { form, entropy: true });
  const feeds: Record<string, ort.Tensor> = {};
  for (const [name, shape] of shapes) feeds[name] = new ort.Tensor('float32', weightValues(name, shape), shape);
  for (const [name, { shape, data }] of inputArrays(batch, rows)) {
    feeds[name] =
      data instanceof Int32Array ? new ort.Tensor('int32', data, shape) : new ort.Tensor('float32', data, shape);
  }
  return { bytes: graph.serialize(), feeds };
}

function inputArrays(batch: PackedBatch, rows: readonly LossRow[]) {
  return Object.entries({ ...scoreArrays(batch, rows), ...lossArrays(batch, rows) });
}

function weightValues(name: string, shape: readonly number[]): Float32Array {
  const size = shape.reduce((product, length) => product * length, 1);
  const center = name.includes('norm') ? 1 : 0;
  return Float32Array.from({ length: size }, (_, index) => center + 0.4 * Math.sin(index * 1.7 + name.length));
}

async function outputsOn(provider: OnnxProvider, { bytes, feeds }: TrainingGraph): Promise<Map<string, Float32Array>> {
  const session = await ort.InferenceSession.create(bytes, { executionProviders: [provider], logSeverityLevel: 3 });
  try {
    const wanted = Object.fromEntries(
      session.inputNames.flatMap((name) => {
        const feed = feeds[name];
        return feed === undefined ? [] : [[name, feed]];
      }),
    );
    const outputs = await session.run(wanted);
    return new Map(
      Object.entries(outputs).map(([name, { data }]) => {
        if (!(data instanceof Float32Array)) throw new Error(`${name} is not float32.`);
        return [name, data];
      }),
    );
  } finally {
    await session.release();
  }
}

function relativeError(found: Float32Array, expected: Float32Array): number {
  let difference = 0;
  let size = 0;
  expected.forEach((value, index) => {
    difference += ((found[index] ?? Number.NaN) - value) ** 2;
    size += value ** 2;
  });
  const error = Math.sqrt(difference / Math.max(size, 1e-20));
  return Number.isNaN(error) ? Number.POSITIVE_INFINITY : error;
}
