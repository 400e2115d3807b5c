// Bundles the reward hosts as scripts/build.mjs does, into a temporary folder, and makes reward files there.
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import type { RewardConfig } from '../../../backend/protocol/run-config';
import type { RewardOutcome } from '../../../backend/protocol/sample';
import { createScorer, type HostFiles, type ScorerOptions } from '../../../backend/rewards/create-scorer';
import type { RewardSample, StoredScorer } from '../../../backend/rewards/scorer';

const sources = fileURLToPath(new URL('../../../backend/rewards/host/', import.meta.url));

export class RewardWorkbench {
  readonly folder = realpathSync(mkdtempSync(join(tmpdir(), 'superrl rewards ')));
  private readonly scorers: StoredScorer[] = [];

  private constructor(readonly hostFiles: HostFiles) {}

  static async make(): Promise<RewardWorkbench> {
    const out = mkdtempSync(join(tmpdir(), 'superrl-hosts-'));
    await build({
      entryPoints: { 'reward-host': `${sources}node-host.ts`, 'typescript-hook': `${sources}typescript-hook.ts` },
      outdir: out,
      outExtension: { '.js': '.mjs' },
      bundle: true,
      platform: 'node',
      target: 'node20',
      format: 'esm',
      banner: {
        js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);",
      },
    });
    copyFileSync(`${sources}python_host.py`, join(out, 'python_host.py'));
    return new RewardWorkbench({ node: join(out, 'reward-host.mjs'), python: join(out, 'python_host.py') });
  }

  /** Writes a file and returns its path. */
  write(name: string, content: string): string {
    const path = join(this.folder, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, content);
    return path;
  }

  async scorer(rewards: readonly Partial<RewardConfig>[], options: Partial<ScorerOptions> = {}): Promise<StoredScorer> {
    const scorer = await createScorer({
      rewards: rewards.map((reward, index) => ({
        name: `reward${index}`,
        weight: 1,
        role: 'correctness' as const,
        timeoutMs: 5000,
        ...reward,
      })),
      baseFolder: this.folder,
      hostFiles: this.hostFiles,
      ...options,
    });
    this.scorers.push(scorer);
    return scorer;
  }

  /** Outcomes of one file's reward, one a completion. */
  async outcomes(
    reward: Partial<RewardConfig>,
    samples: readonly RewardSample[],
    options: Partial<ScorerOptions> = {},
  ): Promise<RewardOutcome[]> {
    const scorer = await this.scorer([reward], options);
    return (await scorer.score(samples)).map(([outcome]) => outcome!);
  }

  async close(): Promise<void> {
    await Promise.all(this.scorers.map((scorer) => scorer.close()));
    rmSync(this.folder, { recursive: true, force: true });
    rmSync(dirname(this.hostFiles.node), { recursive: true, force: true });
  }
}

/** A sample of group `group`; all else can be overridden. */
export function sample(completion: string, overrides: Partial<RewardSample> = {}, group = 0): RewardSample {
  return {
    prompt: 'the prompt',
    completion,
    answer: '42',
    row: { question: 'the question' },
    group: { index: group, completion: 0, size: 1 },
    tokenIds: [1, 2, 3],
    ...overrides,
  };
}

/** Ended but not yet collected by its parent counts as gone. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return process.platform !== 'linux' || !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}
