// npm run bench -- trl [peer|smollm2] [ROUNDS]: a whole training step of ours against TRL's GRPOTrainer: same model shape,
// prompts, completions, token counts and machine; two processes, alternating, one step each; the ratio pair by pair.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { serveSteps } from './grpo-step';

export interface PeerConfig {
  readonly threads: number;
  readonly vocabulary: number;
  readonly hidden: number;
  readonly layers: number;
  readonly heads: number;
  readonly kvHeads: number;
  readonly intermediate: number;
  readonly context: number;
  readonly prompts: number;
  readonly k: number;
  readonly maxNewTokens: number;
  readonly promptTokens: number;
  readonly steps: number;
  /** Rows of one pass of the peer; absent: all at once. Ours chooses for itself. */
  readonly microBatch?: number;
}

const shapes: Record<string, PeerConfig> = {
  peer: {
    threads: 2,
    vocabulary: 64,
    hidden: 128,
    layers: 4,
    heads: 4,
    kvHeads: 4,
    intermediate: 512,
    context: 128,
    prompts: 16,
    k: 8,
    maxNewTokens: 64,
    promptTokens: 16,
    steps: 1000,
  },
  smollm2: {
    threads: 2,
    vocabulary: 49152,
    hidden: 576,
    layers: 30,
    heads: 9,
    kvHeads: 3,
    intermediate: 1536,
    context: 256,
    prompts: 4,
    k: 8,
    maxNewTokens: 64,
    promptTokens: 32,
    steps: 1000,
    microBatch: 8, // all 32 rows at once take the peer 9.4 GB
  },
};

interface StepTimes {
  readonly step: number;
  readonly generate: number;
  readonly update: number;
  readonly peakMb: number;
}

const [mode = 'peer', rounds = '10'] = process.argv.slice(2);
if (mode === '--ours') await serveSteps(JSON.parse(rounds) as PeerConfig);
else await compare(mode, Number(rounds));

async function compare(shapeName: string, count: number): Promise<void> {
  const shape = shapes[shapeName];
  if (!shape) throw new Error(`No shape ${shapeName}; there are ${Object.keys(shapes).join(', ')}.`);
  const python =
    execFileSync(process.execPath, ['scripts/peers.mjs'], { encoding: 'utf8' }).trim().split('\n').at(-1) ?? '';
  const peer = start(
    spawn(python, ['-W', 'ignore', join('test/bench/peers/trl_step.py'), JSON.stringify(shape)], {
      stdio: ['pipe', 'pipe', 'ignore'],
    }),
  );
  const ours = start(
    spawn(process.execPath, [process.argv[1] ?? '', '--ours', JSON.stringify(shape)], {
      stdio: ['pipe', 'pipe', 'inherit'],
    }),
  );
  console.log(`${cpus()[0]?.model.trim()}, ${cpus().length} cores`);
  console.log('TRL ', JSON.stringify(await peer.next()));
  console.log('ours', JSON.stringify(await ours.next()));

  const pairs: { ours: StepTimes; peer: StepTimes }[] = [];
  for (let round = -2; round < count; round++) {
    const pair = { ours: await ours.step(), peer: await peer.step() };
    if (round < 0) continue; // warm-up
    pairs.push(pair);
    console.log(`${round + 1}: ours ${show(pair.ours)} | TRL ${show(pair.peer)}`);
  }
  const tokens = shape.prompts * shape.k * shape.maxNewTokens;
  for (const part of ['generate', 'update', 'step'] as const) {
    const ratios = pairs.map((pair) => pair.peer[part] / pair.ours[part]);
    console.log(
      `${part}: ours ${median(pairs.map((pair) => pair.ours[part])).toFixed(3)} s (${Math.round(tokens / median(pairs.map((pair) => pair.ours[part])))} tokens/s), ` +
        `TRL ${median(pairs.map((pair) => pair.peer[part])).toFixed(3)} s; TRL / ours median ${median(ratios).toFixed(2)} (min ${Math.min(...ratios).toFixed(2)}, max ${Math.max(...ratios).toFixed(2)})`,
    );
  }
  console.log(
    `peak memory: ours ${pairs.at(-1)?.ours.peakMb.toFixed(0)} MB, TRL ${pairs.at(-1)?.peer.peakMb.toFixed(0)} MB`,
  );
  ours.end();
  peer.end();
}

function start(child: ChildProcess) {
  if (!child.stdin || !child.stdout) throw new Error('The child has no pipes.');
  const { stdin } = child;
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  /** The next line that is a JSON object. */
  const next = async (): Promise<Record<string, unknown>> => {
    for (;;) {
      const { value, done } = await lines.next();
      if (done) throw new Error('The other process ended early.');
      if (value.startsWith('{"')) return JSON.parse(value) as Record<string, unknown>;
    }
  };
  return {
    next,
    async step(): Promise<StepTimes> {
      stdin.write('go\n');
      const { step, generate, update, peakMb } = await next();
      return { step: Number(step), generate: Number(generate), update: Number(update), peakMb: Number(peakMb) };
    },
    end: () => child.kill(),
  };
}

function show({ step, generate, update }: StepTimes): string {
  return `${step.toFixed(3)} = ${generate.toFixed(3)} + ${update.toFixed(3)} s`;
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? Number.NaN)) / 2;
}
