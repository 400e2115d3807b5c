// The engine "reference": the tensor code on tfjs-backend-cpu, in plain JavaScript. For tests of small sizes.
import { version_cpu } from '@tensorflow/tfjs-backend-cpu';
import type { ModelConfig } from '../../model/model-config';
import type { NamedTensors } from '../../model/named-tensors';
import type { EngineOptions } from '../engine';
import { EagerEngine } from './eager-engine';
import { eagerGenerate } from './eager-generate';

/** The eager engine on tfjs's own CPU backend: slow, and needs nothing installed. */
export function createReferenceEngine(config: ModelConfig, weights: NamedTensors, options: EngineOptions): EagerEngine {
  return new EagerEngine(
    {
      name: 'cpu',
      description: {
        engine: 'reference',
        device: 'JavaScript',
        versions: { '@tensorflow/tfjs-backend-cpu': version_cpu },
        deterministic: true,
      },
      plan: { threads: 1, microBatchTokens: 256, tokenBucket: 1, decodeWeights: 'inputs' },
      generate: (tensors, request) => eagerGenerate(config, tensors, request),
    },
    config,
    weights,
    options,
  );
}
