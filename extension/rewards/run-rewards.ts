// Which reward components a run has that are files of the person's own, and which run a reward file was last used by.
import { existsSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { z } from 'zod';
import type { RunSummary } from '../../backend/protocol/messages';
import type { ServerConnection } from '../server/server-connection';

const recordSchema = z.object({
  runFile: z.string(),
  config: z.object({
    rewards: z.array(
      z.object({
        name: z.string(),
        role: z.string(),
        file: z.string().optional(),
        export: z.string().optional(),
        use: z.string().optional(),
      }),
    ),
  }),
});

/** A component of a run whose code is in a file. */
export interface FileReward {
  readonly run: string;
  readonly component: string;
  readonly file: string;
  /** undefined: the default export, else the only one. */
  readonly export: string | undefined;
}

interface RunRewardsOptions {
  readonly connection: Pick<ServerConnection, 'request'>;
  /** Newest first. */
  readonly runs: () => readonly RunSummary[];
}

export class RunRewards {
  private readonly kept = new Map<string, FileReward[]>();

  constructor(private readonly options: RunRewardsOptions) {}

  /** A run's configuration never changes, so it is read once. */
  async of(run: string): Promise<FileReward[]> {
    const kept = this.kept.get(run);
    if (kept) return kept;
    const { record } = await this.options.connection.request('readRun', { run });
    const found = fileRewards(run, record);
    this.kept.set(run, found);
    return found;
  }

  /** The component of the newest run for a file's exported function, if one has used it. */
  async newest(file: string, name?: string, only = true): Promise<FileReward | undefined> {
    return (await this.uses(file, name, only))[0];
  }

  /** Every use of the function by a listed run, newest run first; `only`: the file exports nothing else. */
  async uses(file: string, name?: string, only = true): Promise<FileReward[]> {
    const found: FileReward[] = [];
    for (const { run, state } of this.options.runs()) {
      if (state === 'queued' || state === 'damaged') continue;
      const rewards = await this.of(run).catch(() => []); // a run that can't be read is shown so by the Runs view
      found.push(...rewards.filter((reward) => reward.file === file && isFunction(reward, name, only)));
    }
    return found;
  }
}

function isFunction(reward: FileReward, name: string | undefined, only: boolean): boolean {
  if (name === undefined) return true;
  return reward.export === undefined ? only || name === 'default' : reward.export === name;
}

/**
 * Exported for tests. Runs lie in `runs` beside their run file; one that was moved along with its folder is found
 * there, and not where it was made.
 */
export function fileRewards(run: string, record: unknown, exists = existsSync): FileReward[] {
  const { runFile, config } = recordSchema.parse(record);
  const place = (file: string) => {
    const beside = resolve(dirname(dirname(run)), file);
    return exists(beside) ? beside : resolve(dirname(runFile), file);
  };
  return config.rewards.flatMap((reward) =>
    reward.file === undefined
      ? []
      : [
          {
            run,
            component: reward.name,
            file: place(reward.file),
            export: reward.export,
          },
        ],
  );
}
