// A reward function under a debugger: the same host and loader as in training, stopped before its first line,
// with a stored completion (or its whole group) as input. Ended by killing this process, host and all.
import { execFile } from 'node:child_process';
import { createServer } from 'node:net';
import { extname } from 'node:path';
import { promisify } from 'node:util';
import { SuperRlError } from '../../protocol/errors';
import type { RewardOutcome } from '../../protocol/sample';
import { createScorer, type ScorerDebugging } from '../../rewards/create-scorer';
import type { RewardSample } from '../../rewards/scorer';
import { readGroups } from '../stored-samples';
import type { Computation, ComputationReport } from './computation';
import { storedRewardSample, workingFolder } from './stored-reward-sample';

export const debugReward: Computation<'debugReward'> = async (params, report) => {
  const { rewardFile, run, step, group, index, settings } = params;
  const [found] = await readGroups(run, step, {}, group);
  const completions = found?.completions.filter((one) => index === undefined || one.index === index) ?? [];
  if (!found || completions.length === 0) {
    const which = index === undefined ? `group ${group}` : `completion ${index} of group ${group}`;
    throw new SuperRlError('run', `Step ${step} of this run has no ${which}.`);
  }
  return debuggedOutcomes(
    {
      ...{ rewardFile, export: params.export, baseFolder: workingFolder(run, rewardFile), settings },
      samples: completions.map((completion) => storedRewardSample(found, completion)),
    },
    report,
  );
};

export interface DebuggedReward {
  /** Absolute. */
  readonly rewardFile: string;
  readonly export: string | undefined;
  /** The working folder of the host. */
  readonly baseFolder: string;
  readonly settings: { readonly pythonPath?: string | undefined; readonly memoryMb?: number | undefined };
  readonly samples: readonly RewardSample[];
}

/** Starts the host, tells where a debugger can attach, and waits for the function. */
export async function debuggedOutcomes(debugged: DebuggedReward, report: ComputationReport): Promise<RewardOutcome[]> {
  const { rewardFile, baseFolder, settings, samples } = debugged;
  const scorer = await createScorer({
    rewards: [
      {
        name: debugged.export ?? 'reward',
        file: rewardFile,
        export: debugged.export,
        weight: 1,
        role: 'correctness',
        timeoutMs: 1,
      },
    ],
    baseFolder,
    pythonPath: settings.pythonPath,
    memoryMb: settings.memoryMb,
    debugging: await debuggingOf(rewardFile, settings.pythonPath, report),
  });
  try {
    return (await scorer.score([...samples])).flat();
  } finally {
    // Not awaited: a host that is debugged ends only after its debugger has left, and the server ends both.
    scorer.close().catch(() => undefined);
  }
}

async function debuggingOf(
  rewardFile: string,
  pythonPath: string | undefined,
  report: ComputationReport,
): Promise<ScorerDebugging> {
  if (extname(rewardFile).toLowerCase() !== '.py') {
    return {
      nodeArguments: ['--inspect-brk=127.0.0.1:0'],
      onInspector: (url) => report.port(Number(new URL(url).port)),
    };
  }
  const python = pythonPath ?? (process.platform === 'win32' ? 'python' : 'python3');
  try {
    await promisify(execFile)(python, ['-c', 'import debugpy'], { timeout: 20_000, windowsHide: true });
  } catch (cause) {
    throw new SuperRlError(
      'reward',
      `Debugging Python rewards needs debugpy, which ${python} doesn't have. Install it: ${python} -m pip install debugpy`,
      { cause },
    );
  }
  const port = await freePort();
  // debugpy says nothing when it listens; a client that comes too early has to try again.
  setTimeout(() => report.port(port), 500);
  return {
    pythonArguments: ['-m', 'debugpy', '--listen', `127.0.0.1:${port}`, '--wait-for-client'],
    onInspector: () => {},
  };
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      const port = typeof address === 'object' && address !== null ? address.port : 0;
      server.close(() => resolve(port));
    });
  });
}
