// ONNX forms of our fused operations (tensor/fused-op.ts): one runtime kernel each where the plain form takes several.
import type { Value } from './graph';
import type { Trace } from './trace-backend';
import { input, productShape, registerTraceKernel } from './trace-kernels';

/** Once a process: how the fused operations of engine/tensor become nodes. */
export function registerTraceFusedKernels(): void {
  registerTraceKernel('RmsNorm', (trace, inputs, attributes) => {
    const x = input(inputs, 'x');
    const epsilon = attributes.epsilon as number;
    const { graph } = trace;
    // WebGPU leaves the second output, 1/rms, unwritten.
    const hasInverse = trace.provider === 'cpu';
    const outputs = [graph.name(), hasInverse ? graph.name() : ''] as const;
    graph.nodeWithOutputs(
      'SimplifiedLayerNormalization',
      [trace.value(x), trace.value(input(inputs, 'weight'))],
      hasInverse ? outputs : [outputs[0]],
      { axis: -1, epsilon: { float: epsilon }, stash_type: 1 },
    );
    const inverse = hasInverse ? outputs[1] : inverseRootMeanSquare(trace, trace.value(x), epsilon);
    const rows = [...x.shape.slice(0, -1), 1];
    return [trace.tensor(outputs[0], x.shape, 'float32'), trace.tensor(inverse, rows, 'float32')];
  });

  registerTraceKernel('Rotary', (trace, inputs) => {
    const x = input(inputs, 'x');
    const start = trace.graph.int64s([0]); // positions count from 0 in every row
    const values = [trace.value(x), start, trace.value(input(inputs, 'cos')), trace.value(input(inputs, 'sin'))];
    return trace.tensor(trace.graph.contrib('RotaryEmbedding', values), x.shape, 'float32');
  });

  registerTraceKernel('Silu', (trace, inputs) => {
    const x = input(inputs, 'x');
    const silu = trace.graph.contrib('QuickGelu', [trace.value(x)], { alpha: { float: 1 } });
    return trace.tensor(silu, x.shape, 'float32');
  });

  registerTraceKernel('ScaledMatMul', (trace, inputs, attributes) => {
    const a = input(inputs, 'a');
    const b = input(inputs, 'b');
    const transA = attributes.transposeA as number;
    const transB = attributes.transposeB as number;
    const value = trace.graph.contrib('FusedMatMul', [trace.value(a), trace.value(b)], {
      transA,
      transB,
      alpha: { float: attributes.scale as number },
    });
    return trace.tensor(value, productShape(a.shape, b.shape, transA === 1, transB === 1), 'float32');
  });

  // x + 0·(one row of the earlier result): the runtime cannot start on x before that result is there.
  registerTraceKernel('After', (trace, inputs) => {
    const x = input(inputs, 'x');
    const { graph } = trace;
    const row = graph.node('Gather', [trace.value(input(inputs, 'earlier')), graph.int64s([0])], { axis: 0 });
    const sum = graph.node('ReduceSum', [row], { keepdims: 0 });
    const nothing = graph.node('Mul', [sum, graph.scalar(0)]);
    return trace.tensor(graph.node('Add', [trace.value(x), nothing]), x.shape, 'float32');
  });
}

function inverseRootMeanSquare(trace: Trace, x: Value, epsilon: number): Value {
  const { graph } = trace;
  const mean = graph.node('ReduceMean', [graph.node('Mul', [x, x]), graph.int64s([-1])], { keepdims: 1 });
  return graph.node('Reciprocal', [graph.node('Sqrt', [graph.node('Add', [mean, graph.scalar(epsilon)])])]);
}
