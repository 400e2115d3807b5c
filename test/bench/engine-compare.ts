// `npm run bench -- engine compare SIZE[,SIZE…] [ROUNDS]`: both engines, eager PyTorch and transformers' generation (TRL's) at
// the same work, each in a process of its own and in turn, round by round; a table of medians and the ratios to ours.
import { execFileSync, spawnSync } from 'node:child_process';
import { cpus, loadavg } from 'node:os';
import { type EngineWork, engineShapes } from './engine-shapes';

interface Measured {
  readonly startUpMs: number;
  readonly firstStepMs?: number;
  readonly updateTokensPerSecond?: number;
  /** Groups of 8 rows that share a prompt; absent where that makes no difference. */
  readonly groupsUpdateTokensPerSecond?: number;
  readonly updateGflops?: number;
  readonly generateTokensPerSecond: Readonly<Record<string, number>>;
  readonly peakRssMb: number;
  readonly matmulGflops?: number;
  readonly versions: Readonly<Record<string, string>>;
}

type Peer = 'onnx' | 'tensorflow' | 'torch' | 'transformers';
const peers: readonly Peer[] = ['onnx', 'tensorflow', 'torch', 'transformers'];

export async function compareEngines(sizes: string, rounds: number): Promise<void> {
  const python = lastLine(execFileSync(process.execPath, ['scripts/peers.mjs'], { encoding: 'utf8' }));
  const state = lastLine(execFileSync(process.execPath, ['scripts/tensorflow.mjs'], { encoding: 'utf8' }));
  console.log(`${cpus()[0]?.model.trim()}, ${cpus().length} cores, Node ${process.versions.node}`);
  for (const size of sizes.split(',')) {
    const work = engineShapes[size];
    if (!work) throw new Error(`No size ${size}; there are ${Object.keys(engineShapes).join(', ')}.`);
    const results = new Map<Peer, Measured[]>(peers.map((peer) => [peer, []]));
    for (let round = 0; round < rounds; round++) {
      for (const peer of peers) {
        const result = measure(peer, size, work, python, state);
        results.get(peer)?.push(result);
        console.log(`${size} round ${round + 1} ${peer}: ${JSON.stringify(result)} (load ${loadavg()[0]?.toFixed(1)})`);
      }
    }
    console.log(table(size, work, results));
  }
}

function measure(peer: Peer, size: string, work: EngineWork, python: string, state: string): Measured {
  const ours = peer === 'onnx' || peer === 'tensorflow';
  const [command, args] = ours
    ? [process.execPath, [process.argv[1] ?? '', peer, size, '--no-agreement']]
    : [python, ['-W', 'ignore', 'test/bench/peers/torch_engine.py', peer, JSON.stringify(work)]];
  const env = { ...process.env, XDG_STATE_HOME: state, TF_CPP_MIN_LOG_LEVEL: '2' };
  const { stdout, stderr } = spawnSync(command, args, { encoding: 'utf8', env, maxBuffer: 2 ** 26 });
  const line = stdout.split('\n').find((text) => text.startsWith('BENCH '));
  if (line === undefined) throw new Error(`${peer} gave no result: ${stderr.slice(-2000)}`);
  return JSON.parse(line.slice('BENCH '.length)) as Measured;
}

function table(size: string, work: EngineWork, results: ReadonlyMap<Peer, readonly Measured[]>): string {
  const figure = (peer: Peer, pick: (measured: Measured) => number | undefined): number =>
    median((results.get(peer) ?? []).flatMap((measured) => pick(measured) ?? []));
  const rows: [string, (measured: Measured) => number | undefined][] = [
    ...work.generateRows.map((count): [string, (measured: Measured) => number | undefined] => [
      `generate, ${count} ${count === 1 ? 'row' : 'rows'}, tokens/s`,
      (measured) => measured.generateTokensPerSecond[count],
    ]),
    ['update, rows of different prompts, tokens/s', (measured) => measured.updateTokensPerSecond],
    [
      'update, groups of 8, tokens/s',
      (measured) => measured.groupsUpdateTokensPerSecond ?? measured.updateTokensPerSecond,
    ],
    ['update, GFLOP/s', (measured) => measured.updateGflops],
    ['matrix product, GFLOP/s', (measured) => measured.matmulGflops],
    ['peak memory, MB', (measured) => measured.peakRssMb],
    ['start-up, ms', (measured) => measured.startUpMs],
    ['first update, ms', (measured) => measured.firstStepMs],
  ];
  const shown = (value: number) => (Number.isNaN(value) ? '–' : Math.round(value).toLocaleString('en'));
  const lines = rows.map(([name, pick]) => {
    const ours = figure('onnx', pick);
    const ratios = name.endsWith('tokens/s')
      ? [figure('torch', pick), figure('transformers', pick)].map((peer) =>
          Number.isNaN(peer) ? '–' : (ours / peer).toFixed(2),
        )
      : ['', ''];
    return `| ${[name, ...peers.map((peer) => shown(figure(peer, pick))), ...ratios].join(' | ')} |`;
  });
  const head = ['', ...peers, 'onnx / torch', 'onnx / transformers'];
  return [`\n${size}`, `| ${head.join(' | ')} |`, `|${'---|'.repeat(head.length)}`, ...lines].join('\n');
}

function lastLine(text: string): string {
  return text.trim().split('\n').at(-1) ?? '';
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? Number.NaN)) / 2;
}
