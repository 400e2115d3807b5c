// Each fused operation against its definition in plain tfjs operations with tfjs's own gradients, and its traced form
// against the eager one.
import { describe, expect, it } from 'vitest';
import { causalAttention, causalMask } from '../../../../backend/engine/tensor/attention';
import { stopGradient } from '../../../../backend/engine/tensor/fused-op';
import { rmsNorm } from '../../../../backend/engine/tensor/rms-norm';
import { rotary } from '../../../../backend/engine/tensor/rotary';
import { selectRows } from '../../../../backend/engine/tensor/select-rows';
import { swiglu } from '../../../../backend/engine/tensor/swiglu';
import { type Tensor, tf } from '../../../../backend/engine/tensor/tfjs';
import { largestDifference, numbers, type ProgramInput, runEagerly, runTraced, withGradients } from '../run-program';

type Inputs = Record<string, Tensor>;
interface Case {
  inputs: Record<string, ProgramInput>;
  differentiable: string[];
  fused: (inputs: Inputs) => Tensor;
  plain: (inputs: Inputs) => Tensor;
  operator: string;
}

const rows = 2;
const heads = 4;
const kvHeads = 2;
const tokens = 5;
const headDim = 6;

function plainAttention({ q, k, v }: Inputs): Tensor {
  // Query head h uses key-value head h / 2: repeat the latter as Hugging Face's repeat_kv does.
  const repeat = (x: Tensor) =>
    tf.reshape(tf.tile(tf.reshape(x, [rows, kvHeads, 1, tokens * headDim]), [1, 1, heads / kvHeads, 1]), [
      rows,
      heads,
      tokens,
      headDim,
    ]);
  const scores = tf.div(tf.matMul(q!, repeat(k!), false, true), Math.sqrt(headDim));
  const future = Array.from({ length: tokens }, (_, i) => Array.from({ length: tokens }, (_, j) => (j > i ? -1e9 : 0)));
  return tf.matMul(tf.softmax(tf.add(scores, tf.tensor2d(future))), repeat(v!));
}

function plainRotary({ x, cos, sin }: Inputs): Tensor {
  const [first, second] = tf.split(x!, 2, -1);
  return tf.concat(
    [tf.sub(tf.mul(first!, cos!), tf.mul(second!, sin!)), tf.add(tf.mul(second!, cos!), tf.mul(first!, sin!))],
    -1,
  );
}

const cases: Record<string, Case> = {
  rmsNorm: {
    inputs: { x: numbers([3, 8], 1), weight: numbers([8], 2), dy: numbers([3, 8], 3) },
    differentiable: ['x', 'weight'],
    fused: ({ x, weight }) => rmsNorm(x!, weight!, 1e-3),
    plain: ({ x, weight }) => tf.mul(tf.div(x!, tf.sqrt(tf.add(tf.mean(tf.square(x!), -1, true), 1e-3))), weight!),
    operator: 'SimplifiedLayerNormalization',
  },
  rotary: {
    inputs: {
      x: numbers([rows, heads, tokens, headDim], 1),
      cos: numbers([tokens, headDim / 2], 2),
      sin: numbers([tokens, headDim / 2], 3),
      dy: numbers([rows, heads, tokens, headDim], 4),
    },
    differentiable: ['x'],
    fused: ({ x, cos, sin }) => rotary(x!, cos!, sin!),
    plain: plainRotary,
    operator: 'RotaryEmbedding',
  },
  swiglu: {
    inputs: { gate: numbers([3, 8], 1, 4), up: numbers([3, 8], 2), dy: numbers([3, 8], 3) },
    differentiable: ['gate', 'up'],
    fused: ({ gate, up }) => swiglu(gate!, up!),
    plain: ({ gate, up }) => tf.mul(tf.mul(gate!, tf.sigmoid(gate!)), up!),
    operator: 'QuickGelu',
  },
  causalAttention: {
    inputs: {
      q: numbers([rows, heads, tokens, headDim], 1, 2),
      k: numbers([rows, kvHeads, tokens, headDim], 2, 2),
      v: numbers([rows, kvHeads, tokens, headDim], 3),
      dy: numbers([rows, heads, tokens, headDim], 4),
    },
    differentiable: ['q', 'k', 'v'],
    fused: ({ q, k, v }) => causalAttention(q!, k!, v!, causalMask(tokens)),
    plain: plainAttention,
    operator: 'FusedMatMul',
  },
  selectRows: {
    // The last entry pads: row 0 again, without a gradient; the upstream gradient of padding is zero.
    inputs: {
      x: numbers([5, 3], 1),
      index: { shape: [3], data: Int32Array.of(4, 1, 0) },
      inverse: { shape: [5], data: Int32Array.of(3, 1, 3, 3, 0) },
      dy: { shape: [3, 3], data: Float32Array.of(1, 2, 3, 4, 5, 6, 0, 0, 0) },
    },
    differentiable: ['x'],
    fused: ({ x, index, inverse }) => selectRows(x!, { index: index!, inverse: inverse! }),
    plain: ({ x, index }) => tf.gather(x!, index!),
    operator: 'Gather',
  },
};

describe.each(Object.entries(cases))('%s', (_, { inputs, differentiable, fused, plain, operator }) => {
  const program = withGradients(differentiable, fused);

  it('equals its definition, gradients included', () => {
    const expected = runEagerly(inputs, withGradients(differentiable, plain));
    expect(largestDifference(expected, runEagerly(inputs, program))).toBeLessThan(5e-6);
  });

  it('is the same when traced, as a kernel of the runtime', async () => {
    const { numbers: traced, operators } = await runTraced(inputs, program);
    expect(largestDifference(runEagerly(inputs, program), traced)).toBeLessThan(5e-6);
    expect(operators.get(operator)).toBeGreaterThan(0);
  });
});

it('stopGradient passes the value and no gradient', () => {
  const inputs = { x: numbers([4], 1), dy: numbers([4], 2) };
  const result = runEagerly(
    inputs,
    withGradients(['x'], ({ x }) => tf.mul(stopGradient(x!), x!)),
  );
  // d(sg(x)·x) = sg(x)
  result.x!.forEach((value, index) => {
    expect(value).toBeCloseTo(inputs.x.data[index]! * inputs.dy.data[index]!, 6);
  });
});
