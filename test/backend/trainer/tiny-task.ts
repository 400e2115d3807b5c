// A real run that is small enough for tests: reverse two digits, a decoder of some thousand weights, from scratch.
import { mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import type { RunEvent } from '../../../backend/protocol/events';
import type { RunFile } from '../../../backend/protocol/run-config';
import { RunControl } from '../../../backend/trainer/run-control';
import { readEvents } from '../../../backend/trainer/run-folder/read-events';
import type { TrainOutcome } from '../../../backend/trainer/train';
import { trainRun } from '../../../backend/trainer/train-run';
import { startTrainer, type TrainerProcess } from '../../../backend/trainer/trainer-process';

const root = fileURLToPath(new URL('../../../', import.meta.url));

const base: RunFile = {
  name: 'tiny',
  model: { scratch: { hidden: 32, layers: 1, heads: 2, context: 16 } },
  data: { train: 'train.jsonl', eval: 'heldout.jsonl' },
  traces: { map: { demonstration: 'trace' } },
  rewards: [{ name: 'reversed', use: 'exact' }],
  rollout: { promptsPerStep: 8, k: 4, maxNewTokens: 4, stop: ['\n'] },
  update: { learningRate: 1e-2 },
  budget: { steps: 10 },
  seed: 3,
};

export class TinyTask {
  readonly folder = realpathSync(mkdtempSync(join(tmpdir(), 'superrl trainer ')));
  readonly runs = join(this.folder, 'runs');
  #bundle: string | undefined;

  constructor() {
    const pairs = Array.from({ length: 100 }, (_, index) => String(index).padStart(2, '0'));
    const line = (digits: string) => {
      const answer = [...digits].reverse().join('');
      return `${JSON.stringify({ prompt: `${digits}>`, answer, trace: answer })}\n`;
    };
    // Each digit stands at each place in what is trained on too.
    const heldOut = pairs.filter((_, index) => (Math.floor(index / 10) + index) % 5 === 0);
    writeFileSync(
      join(this.folder, 'train.jsonl'),
      pairs
        .filter((pair) => !heldOut.includes(pair))
        .map(line)
        .join(''),
    );
    writeFileSync(join(this.folder, 'heldout.jsonl'), heldOut.map(line).join(''));
  }

  /** Writes a run file; fields given replace those of the base. */
  runFile(fields: Partial<RunFile> = {}): string {
    const path = join(this.folder, 'tiny.superrl.json');
    writeFileSync(path, JSON.stringify({ ...base, ...fields }));
    return path;
  }

  /** Trains in this process. */
  async train(
    fields: Partial<RunFile> = {},
    { overrides = [], control = new RunControl() }: { overrides?: string[]; control?: RunControl } = {},
  ): Promise<{ folder: string; outcome: TrainOutcome; events: RunEvent[] }> {
    let folder = '';
    const start = { kind: 'start' as const, runFile: this.runFile(fields), overrides, runsDirectory: this.runs };
    const outcome = await trainRun(start, { control, onOpened: (opened) => (folder = opened) });
    return { folder, outcome, events: [...readEvents(folder)] };
  }

  /** Starts the real trainer process, bundled as scripts/build.mjs does it. */
  async start(runFile: string, resume?: string): Promise<TrainerProcess> {
    const entry = await this.#entry();
    const start = { kind: 'start' as const, runFile, overrides: [], runsDirectory: this.runs, resume };
    return startTrainer(start, { entry });
  }

  async #entry(): Promise<string> {
    // Inside the repository, where the bundle finds the packages that it leaves outside.
    this.#bundle ??= join(root, '.cache', `trainer-test-${process.pid}`);
    await build({
      absWorkingDir: root,
      entryPoints: { trainer: 'backend/trainer/main.ts' },
      outdir: this.#bundle,
      outExtension: { '.js': '.mjs' },
      bundle: true,
      platform: 'node',
      target: 'node20',
      format: 'esm',
      mainFields: ['module', 'main'],
      external: ['onnxruntime-node', '@tensorflow/tfjs-node-gpu'],
      banner: {
        js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);",
      },
    });
    return join(this.#bundle, 'trainer.mjs');
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
    if (this.#bundle !== undefined) rmSync(this.#bundle, { recursive: true, force: true });
  }
}

/** The events of a run as readers see them: those of steps that were redone after a resume are dropped. */
export function liveEvents(folder: string): RunEvent[] {
  let events: RunEvent[] = [];
  for (const event of readEvents(folder)) {
    if (event.type === 'resumed') {
      const { fromStep } = event.data;
      events = events.filter(({ data }) => !('step' in data) || data.step <= fromStep);
    }
    events.push(event);
  }
  return events;
}

export function decisionsOf(events: readonly RunEvent[]): unknown[] {
  return events.flatMap((event) => (event.type === 'decision' ? [event.data] : []));
}

/** A metric over the steps. */
export function metricOf(events: readonly RunEvent[], name: string): number[] {
  return events.flatMap((event) => (event.type === 'metrics' ? [Number(event.data.values[name])] : []));
}

/** Tokens of all completions of a step, by group and completion. */
export function tokensOf(folder: string, step: number): unknown[] {
  return readFileSync(join(folder, 'samples', `step-${String(step).padStart(6, '0')}.jsonl`), 'utf8')
    .trim()
    .split('\n')
    .map((text) => JSON.parse(text))
    .filter((line) => line.kind === 'completion')
    .map(({ group, index, tokenIds, advantage }) => ({ group, index, tokenIds, advantage }));
}
