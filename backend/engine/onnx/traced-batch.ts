// The two traced programs of the training side: scores of a micro-batch, and its loss with all gradients. Inputs are
// the weights by name and the arrays of batch-arrays.ts; one graph serves one shape and loss variant.
import type { ModelConfig } from '../../model/model-config';
import { type InputShape, lossInputShapes, scoreInputShapes } from '../batch-arrays';
import type { AdapterNames } from '../lora';
import type { BatchShape } from '../packing';
import { batchGradient, batchScores } from '../tensor/batch-gradient';
import type { Adapter, DecoderWeights } from '../tensor/decoder-model';
import type { Tensor } from '../tensor/tfjs';
import type { LossVariant } from '../tensor/token-loss';
import type { OnnxProvider } from './provider';
import { traceProgram } from './trace';
import type { Trace } from './trace-backend';

/** What of the weights a trace needs to know. */
export interface WeightLayout {
  readonly config: ModelConfig;
  /** Where the graphs will run. */
  readonly provider: OnnxProvider;
  /** Shapes of all tensors, adapters included, by name. */
  readonly shapes: ReadonlyMap<string, readonly number[]>;
  /** By the name of the adapted weight. */
  readonly adapters: ReadonlyMap<string, AdapterNames>;
  /** Names of the tensors that get gradients. */
  readonly trainable: ReadonlySet<string>;
}

/** Names of graph outputs. */
export const outputNames = {
  losses: 'losses',
  scores: 'scores',
  gradient: (name: string) => `gradient:${name}`,
  rowGradient: (ids: 'tokenIds' | 'targets') => `rows:${ids}`,
} as const;

function declareInputs<Shapes extends { readonly [Name in keyof Shapes]: InputShape }>(
  trace: Trace,
  shapes: Shapes,
): { readonly [Name in keyof Shapes]: Tensor } {
  const entries = Object.entries<InputShape>(shapes).map(([name, { shape, type }]) => [
    name,
    trace.input(name, shape, type),
  ]);
  return Object.fromEntries(entries) as { readonly [Name in keyof Shapes]: Tensor };
}

function declareWeights(trace: Trace, layout: WeightLayout): DecoderWeights {
  const tensors = new Map<string, Tensor>();
  for (const [name, shape] of layout.shapes) tensors.set(name, trace.input(name, shape, 'float32'));
  const adapters = new Map<string, Adapter>();
  for (const [name, { a, b, scale }] of layout.adapters) {
    const matrices = { a: tensors.get(a), b: tensors.get(b) };
    if (matrices.a === undefined || matrices.b === undefined) throw new Error(`The adapter of ${name} has no weights.`);
    adapters.set(name, { a: matrices.a, b: matrices.b, scale });
  }
  return { tensors, adapters };
}

/** The graph that gives log-probabilities and entropies of a batch of this shape. */
export function traceScores(layout: WeightLayout, shape: BatchShape): Trace {
  return traceProgram((trace) => {
    const weights = declareWeights(trace, layout);
    const inputs = declareInputs(trace, scoreInputShapes(shape));
    trace.output(outputNames.scores, batchScores(layout.config, weights, inputs, shape));
  }, layout.provider);
}

/** @param checkpointing as in batchGradient */
export function traceGradient(
  layout: WeightLayout,
  shape: BatchShape,
  variant: LossVariant,
  checkpointing = false,
): Trace {
  return traceProgram((trace) => {
    const weights = declareWeights(trace, layout);
    const inputs = declareInputs(trace, { ...scoreInputShapes(shape), ...lossInputShapes(shape) });
    const trainable = new Map([...weights.tensors].filter(([name]) => layout.trainable.has(name)));
    const result = batchGradient(layout.config, weights, trainable, inputs, shape, variant, checkpointing);
    trace.output(outputNames.losses, result.losses);
    trace.output(outputNames.scores, result.scores);
    for (const [name, gradient] of result.gradients) trace.output(outputNames.gradient(name), gradient);
    for (const { ids, gradient } of result.rowGradients) trace.output(outputNames.rowGradient(ids), gradient);
  }, layout.provider);
}
