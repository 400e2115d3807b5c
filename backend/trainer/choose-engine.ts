// Which engine a run trains on, and why: people see the reason, and run.json keeps it.
import type { EngineDescription, EnginePlan } from '../engine/engine';
import { findTensorflow, type TensorflowInstallation } from '../engine/tensorflow/installation';
import { type LoadedTensorflow, loadTensorflow } from '../engine/tensorflow/load-tensorflow';
import { nvidiaGpus } from '../engine/tensorflow/nvidia';
import { errorText } from '../protocol/errors';
import type { RunConfig } from '../protocol/run-config';

export interface EngineChoice {
  readonly kind: EngineDescription['engine'];
  /** What the choice itself settles of the plan. */
  readonly plan: Partial<EnginePlan>;
  /** One sentence. */
  readonly reason: string;
}

/** What `auto` looks at; tests give their own. */
export interface EngineSurroundings {
  readonly installation: TensorflowInstallation;
  load(installation: TensorflowInstallation): LoadedTensorflow;
  gpus(): readonly string[];
}

const here = (): EngineSurroundings => ({
  installation: findTensorflow(),
  load: (installation) => loadTensorflow(undefined, installation),
  gpus: () => nvidiaGpus(),
});

/** May load TensorFlow: call it in the trainer's process only, or in one that is about to end. */
export function chooseEngine(asked: RunConfig['engine'], look: () => EngineSurroundings = here): EngineChoice {
  if (asked === 'auto') return fastest(look());
  const reason = `The run file asks for the engine "${asked}".`;
  if (asked === 'onnx-webgpu') return { kind: 'onnx', plan: { provider: 'webgpu' }, reason };
  return { kind: asked, plan: {}, reason };
}

function fastest({ installation, load, gpus }: EngineSurroundings): EngineChoice {
  const onnx = (reason: string): EngineChoice => ({ kind: 'onnx', plan: {}, reason });
  const record = installation.state === 'present' ? installation.record : undefined;
  if (record?.device === 'gpu') {
    const named = `TensorFlow ${record.tensorflow} on ${record.deviceName}`;
    try {
      if (load(installation).usesGpu) {
        const speed = `${record.matmulGflops} GFLOP/s in a matrix product when it was set up`;
        return { kind: 'tensorflow', plan: {}, reason: `${named} is the fastest here (${speed}).` };
      }
      return onnx(`${named} was set up but finds no GPU now, so the embedded engine "onnx" runs on the CPU.`);
    } catch (error) {
      return onnx(
        `${named} was set up but fails now, so the embedded engine "onnx" runs on the CPU. ${errorText(error)}`,
      );
    }
  }
  if (record !== undefined) {
    return onnx(
      'On a CPU the compiled graphs of the embedded engine "onnx" are faster than TensorFlow, which is set up.',
    );
  }
  const [gpu] = gpus();
  if (gpu === undefined) return onnx('The embedded engine "onnx" is the fastest on a CPU.');
  return onnx(`The embedded engine "onnx" runs on the CPU; "superrl setup tensorflow" would make the ${gpu} usable.`);
}
