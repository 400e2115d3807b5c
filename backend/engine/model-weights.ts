// Checks weights against the model's shapes before an engine takes them.
import { type ModelConfig, weightShapes } from '../model/model-config';
import type { NamedTensors } from '../model/named-tensors';
import { SuperRlError } from '../protocol/errors';

/** Throws a `model` error that names the first weight that is missing, unknown or of another shape. */
export function checkWeights(config: ModelConfig, weights: NamedTensors): void {
  const shapes = weightShapes(config);
  for (const [name, shape] of shapes) {
    const found = weights.get(name);
    if (found === undefined) {
      throw new SuperRlError('model', `The weight ${name} is missing; check that the checkpoint is complete.`);
    }
    if (found.shape.join() !== shape.join()) {
      throw new SuperRlError(
        'model',
        `The weight ${name} has shape [${found.shape.join(', ')}] but the model's config wants ` +
          `[${shape.join(', ')}]; config.json and the weights do not belong together.`,
      );
    }
  }
  for (const name of weights.keys()) {
    if (!shapes.has(name)) {
      throw new SuperRlError('model', `The weight ${name} is not part of a ${config.architecture} model.`);
    }
  }
}
