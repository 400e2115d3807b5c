// What a person reads about a probed engine: what it runs on and how fast, or what to do so that it runs.
import type { ProbeResult, ProbeTarget } from './engine-probe';

export interface EngineReport {
  readonly name: string;
  /** bad: nothing can be trained without it; warning: one engine less. */
  readonly level: 'good' | 'warning' | 'bad';
  readonly found: string;
  readonly advice?: string;
}

const names: Record<ProbeTarget, string> = {
  onnx: 'engine onnx',
  'onnx-webgpu': 'engine onnx-webgpu',
  tensorflow: 'engine tensorflow',
  reference: 'engine reference',
};
const states = { refused: 'not on this system', missing: 'not set up', fails: 'does not work' } as const;

/** What a probe found, in words: for `superrl doctor` and the reason of engine "auto". */
export function engineReport(target: ProbeTarget, result: ProbeResult): EngineReport {
  const name = names[target];
  if (result.state === 'works') {
    const versions = Object.entries(result.versions).map(([part, version]) => `${part} ${version}`);
    const gflops = result.matmulGflops;
    const speed = `${gflops >= 10 ? Math.round(gflops) : gflops.toFixed(1)} GFLOP/s in a matrix product`;
    return { name, level: 'good', found: [result.device, speed, ...versions].join('; ') };
  }
  return {
    name,
    level: target === 'onnx' ? 'bad' : 'warning',
    found: states[result.state],
    advice: target === 'onnx' ? `${result.reason} ${onnxAdvice}` : result.reason,
  };
}

const onnxAdvice =
  'onnxruntime-node has binaries for linux-x64, linux-arm64, win32-x64, win32-arm64 and darwin-arm64; Intel Macs and ' +
  'musl (Alpine) have none. On those platforms run "npm install" again.';
