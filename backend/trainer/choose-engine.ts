// Which engine a run trains on, and why: people see the reason, and run.json keeps it.
import type { EngineDescription } from '../engine/engine';
import type { RunConfig } from '../protocol/run-config';

export interface EngineChoice {
  readonly kind: EngineDescription['engine'];
  /** One sentence. */
  readonly reason: string;
}

export function chooseEngine(asked: RunConfig['engine']): EngineChoice {
  if (asked !== 'auto') return { kind: asked, reason: `The run file asks for the engine "${asked}".` };
  return { kind: 'onnx', reason: 'The embedded engine "onnx" works everywhere and needs nothing installed.' };
}
