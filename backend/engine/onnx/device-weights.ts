// Weights that stay on a GPU between runs: copied there once after each change, by a graph of Identity nodes whose
// outputs are left on the device. The runtime's typings know this of browsers only; it works in Node too.
import { InferenceSession, type Tensor as OrtTensor } from 'onnxruntime-node';
import { OnnxGraph } from './graph';
import type { OnnxProvider } from './provider';

/** Tensors of this process or of a device, by name. */
export type Feeds = Record<string, OrtTensor>;

export class DeviceWeights {
  private session: InferenceSession | undefined;
  private held: Feeds | undefined;
  private readonly outputNames: ReadonlyMap<string, string>;

  /** @param source the arrays of this process, read at each copy; their names and shapes stay */
  constructor(
    private readonly source: Feeds,
    private readonly provider: OnnxProvider,
  ) {
    this.outputNames = new Map(Object.keys(source).map((name) => [name, `device:${name}`]));
  }

  /** The tensors on the device, as they were after the last change. */
  async feeds(): Promise<Feeds> {
    if (this.held !== undefined) return this.held;
    this.session ??= await this.createSession();
    const outputs = await this.session.run(this.source);
    const held: Feeds = {};
    for (const [name, output] of this.outputNames) {
      const tensor = outputs[output];
      if (tensor === undefined) throw new Error(`The weight ${name} did not reach the device.`);
      held[name] = tensor;
    }
    this.held = held;
    return held;
  }

  /** Frees the device's copies: the arrays have changed. */
  changed(): void {
    for (const tensor of Object.values(this.held ?? {})) tensor.dispose();
    this.held = undefined;
  }

  async dispose(): Promise<void> {
    this.changed();
    await this.session?.release();
    this.session = undefined;
  }

  private createSession(): Promise<InferenceSession> {
    const graph = new OnnxGraph();
    for (const [name, { dims }] of Object.entries(this.source)) {
      graph.output(graph.input(name, dims, 'float32'), this.outputNames.get(name) ?? name, dims, 'float32');
    }
    return InferenceSession.create(graph.serialize(), {
      executionProviders: [this.provider],
      preferredOutputLocation: 'gpu-buffer',
      logSeverityLevel: 3,
    });
  }
}
