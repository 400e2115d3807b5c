// The one place that knows which engines there are.
import type { ModelConfig } from '../model/model-config';
import type { NamedTensors } from '../model/named-tensors';
import { SuperRlError } from '../protocol/errors';
import { createReferenceEngine } from './eager/reference-engine';
import type { Engine, EngineDescription, EngineOptions } from './engine';
import { OnnxEngine } from './onnx/onnx-engine';
import type { OnnxProvider } from './onnx/provider';
import { providerCheck } from './onnx/provider-check';
import { createTensorflowEngine } from './tensorflow/tensorflow-engine';

export interface EngineRequest {
  readonly kind: EngineDescription['engine'];
  readonly config: ModelConfig;
  /** The engine owns these arrays from here on and may change them in place. */
  readonly weights: NamedTensors;
  readonly options: EngineOptions;
}

/**
 * Owns the weights from here on.
 * @throws SuperRlError `engine` or `unsupported` where the engine doesn't run here.
 */
export async function createEngine({ kind, config, weights, options }: EngineRequest): Promise<Engine> {
  switch (kind) {
    case 'onnx':
      await requireProvider(options.plan?.provider ?? 'cpu');
      return new OnnxEngine(config, weights, options);
    case 'reference':
      return createReferenceEngine(config, weights, options);
    case 'tensorflow':
      return createTensorflowEngine(config, weights, options);
  }
}

/** A GPU's numbers are compared with the CPU's before a run starts on it. */
async function requireProvider(provider: OnnxProvider): Promise<void> {
  if (provider === 'cpu') return;
  const check = await providerCheck(provider);
  if (check.state === 'works') return;
  throw new SuperRlError('engine', `${check.reason} Set "engine": "onnx" to train on the CPU.`);
}
