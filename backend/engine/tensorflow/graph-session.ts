// Runs a graph in a session of its own through the binding, which takes graphs as SavedModel folders only.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bytesField, intField } from '../protobuf';
import { type Tensor, tf } from '../tensor/tfjs';
import type { TensorflowGraph } from './graph';

/** What the package's backend has beside tfjs's own. */
interface SessionBackend {
  readonly binding: { loadSavedModel(folder: string, tags: string): number; deleteSavedModel(id: number): void };
  runSavedModel(id: number, inputs: Tensor[], inputInfos: { name: string }[], outputs: string[]): Tensor[];
}

const tag = 'serve';

/** Needs the tfjs backend "tensorflow" to be the active one. */
export class GraphSession {
  private readonly backend: SessionBackend;
  private readonly id: number;

  constructor(graph: TensorflowGraph) {
    this.backend = sessionBackend();
    const folder = mkdtempSync(join(tmpdir(), 'superrl-graph-'));
    try {
      writeFileSync(join(folder, 'saved_model.pb'), savedModel(graph));
      this.id = this.backend.binding.loadSavedModel(folder, tag);
    } finally {
      rmSync(folder, { recursive: true });
    }
  }

  /** Runs what the outputs or tasks need; the caller disposes of the tensors. */
  run(inputs: Readonly<Record<string, Tensor>>, outputs: readonly string[]): Tensor[] {
    const names = Object.keys(inputs).map((name) => ({ name: `${name}:0` }));
    return this.backend.runSavedModel(
      this.id,
      Object.values(inputs),
      names,
      outputs.map((name) => `${name}:0`),
    );
  }

  dispose(): void {
    this.backend.binding.deleteSavedModel(this.id);
  }
}

function sessionBackend(): SessionBackend {
  const backend: object = tf.backend();
  if (!runsSessions(backend)) throw new Error('Graphs run on the tfjs backend "tensorflow" only.');
  return backend;
}

function runsSessions(backend: object): backend is SessionBackend {
  return 'runSavedModel' in backend && 'binding' in backend;
}

function savedModel(graph: TensorflowGraph): Buffer {
  // SavedModel: saved_model_schema_version 1, meta_graphs 2; MetaGraphDef: meta_info_def 1 (tags 4), graph_def 2
  const metaGraph = Buffer.concat([bytesField(1, bytesField(4, tag)), bytesField(2, graph.serialize())]);
  return Buffer.concat([intField(1, 1), bytesField(2, metaGraph)]);
}
