// The functions of reward files with what the newest run says of them, kept up to date while it goes.
import { SuperRlError } from '../../backend/protocol/errors';
import type { SampledGroup } from '../../backend/protocol/messages';
import { Listeners } from '../listeners';
import type { ServerConnection } from '../server/server-connection';
import type { RunList } from '../watch/run-list';
import { type RewardStats, rewardStats } from './reward-stats';
import type { FileReward, RunRewards } from './run-rewards';

export interface WatchedFunction {
  readonly file: string;
  readonly name: string;
  /** 1-based. */
  readonly line: number;
  readonly batched: boolean;
  /** The file exports nothing else, so `export` need not name it. */
  readonly only: boolean;
  /** The newest run that used it. */
  readonly use: FileReward | undefined;
  readonly stats: RewardStats | undefined;
}

export interface WatchedFile {
  readonly functions: readonly WatchedFunction[];
  readonly problem: string | undefined;
}

export interface RewardWatchOptions {
  readonly connection: Pick<ServerConnection, 'request'>;
  readonly runs: RunList;
  readonly rewards: RunRewards;
}

/** Groups that the statistics are of: whole steps, newest first, until there are so many. */
const mostGroups = 100;
const betweenChangesMs = 5000;

export class RewardWatch {
  private readonly changes = new Listeners<void>();
  /** Something may be new; at most every five seconds. */
  readonly onDidChange = this.changes.on;
  private readonly samples = new Map<string, { readonly step: number; readonly groups: Promise<SampledGroup[]> }>();
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly options: RewardWatchOptions) {
    options.runs.onDidChange(() => {
      this.timer ??= setTimeout(
        () => {
          this.timer = undefined;
          this.changes.fire();
        },
        this.samples.size === 0 ? 0 : betweenChangesMs,
      );
    });
  }

  /** @throws what the server says when the file can't be read. */
  async of(file: string): Promise<WatchedFile> {
    const { connection, rewards } = this.options;
    const { functions, problem } = await connection.request('rewardFunctions', { file });
    const only = functions.length === 1;
    const watched = functions.map(async (each): Promise<WatchedFunction> => {
      const use = await rewards.newest(file, each.name, only);
      const groups = use && (await this.sampled(use.run));
      return { ...each, file, only, use, stats: use && groups && rewardStats(groups, use.component) };
    });
    return { functions: await Promise.all(watched), problem };
  }

  dispose(): void {
    clearTimeout(this.timer);
  }

  private sampled(run: string): Promise<SampledGroup[]> {
    const step = this.options.runs.get(run)?.step ?? 0;
    const kept = this.samples.get(run);
    if (kept && kept.step === step) return kept.groups;
    const groups = this.options.connection
      .request('searchSamples', { run, filter: {}, limit: mostGroups })
      .then((found) => found.groups)
      .catch((error: unknown) => {
        this.samples.delete(run);
        if (error instanceof SuperRlError) return []; // the connection is lost; asked again when it is back
        throw error;
      });
    this.samples.set(run, { step, groups });
    return groups;
  }
}
