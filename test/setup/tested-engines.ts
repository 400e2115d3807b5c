// The engines that tests run on: TensorFlow too, where it runs at all (Linux). scripts/tensorflow.mjs sets it up once.
import { prepareTensorflow } from '../../scripts/tensorflow.mjs';

export const testedEngines =
  process.platform === 'linux' ? (['onnx', 'reference', 'tensorflow'] as const) : (['onnx', 'reference'] as const);

if (process.platform === 'linux') process.env.XDG_STATE_HOME = prepareTensorflow();
