// A warm reward host of one language, for as long as a scorer lives: loads functions, scores batches, and
// goes on after a call that hung, used too much memory or ended the process: that call's completions are
// invalid with the reason, the process is started anew, and the others are still scored.
import { SuperRlError } from '../../protocol/errors';
import type { RewardOutcome } from '../../protocol/sample';
import type { RewardSample } from '../scorer';
import { type HostLaunch, HostProcess } from './host-process';
import type { HostAnswer, Signature } from './host-protocol';
import { type PackedSamples, packSamples } from './packed-samples';
import { pollIntervalMs, residentBytes } from './process-tree';
import type { StoredFile, StoredReference, StoredScores } from './stored-samples';

export interface UserFunction {
  readonly file: string;
  readonly export: string;
  readonly signature: Signature;
}

/** How long a file may take to load (it may import large packages), in milliseconds. */
const loadTimeoutMs = 60_000;
/** After a time limit has passed, how long a result that is already on its way may take, in milliseconds. */
const lateMs = 50;

/** After this many calls in a row that cost the host its life, the rest of a batch is not tried. */
const mostLostInARow = 8;

type Invalid = Extract<RewardOutcome, { invalid: unknown }>;
/** Completions to be scored. */
interface Scoring {
  /** How they reach the host. */
  readonly samples: () => PackedSamples | StoredReference;
  /** For each the group that it is in, as any number that no other group has. */
  readonly groups: readonly number[];
  /** What one call of a batched function gets, as indices. */
  readonly batches: readonly (readonly number[])[];
}

/** How a request ended: by its last reply, or because the host had to be given up during a call. */
type End = { readonly done: true } | { readonly done: false; readonly why: Invalid };

/** What a round of calls left to do, and how the host was lost in it, if it was. */
interface Round {
  readonly again: number[][];
  /** isVague: which call was under way when the host ended is not known; the same calls are made again, directly. */
  readonly lost?: { readonly why: Invalid; readonly atFirstCall: boolean; readonly isVague: boolean };
}

export class RewardHost {
  private process: HostProcess | undefined;
  /** Functions that the process at hand has loaded. */
  private loaded = new Set<string>();
  private queue: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly launch: HostLaunch,
    private readonly memoryMb: number,
    /** False while a debugger is attached: it may stop for as long as it likes. */
    private readonly limited: boolean,
  ) {}

  /** Loads a function; throws SuperRlError(reward) at the place of what is wrong with it. */
  load(file: string, wanted: string | undefined): Promise<UserFunction> {
    return this.inTurn(() => this.loadNow(file, wanted));
  }

  /** One outcome a sample, in order; never throws for what the function does. */
  score(reward: UserFunction, samples: readonly RewardSample[], timeoutMs: number): Promise<RewardOutcome[]> {
    const groups = samples.map(({ group }) => group.index);
    const scoring = { samples: () => packSamples(samples), groups, batches: [[...samples.keys()]] };
    return this.inTurn(() => this.scoreNow(reward, scoring, timeoutMs));
  }

  /**
   * Of stored completions, which the host reads itself; a batched function is called once a file.
   * undefined: they can't be read in this way.
   */
  scoreStored(reward: UserFunction, stored: StoredReference, timeoutMs: number): Promise<StoredScores | undefined> {
    return this.inTurn(async () => {
      const files = this.launch.language === 'node' ? await this.readNow(stored) : undefined;
      if (!files) return undefined;
      return { files, outcomes: await this.scoreNow(reward, scoringOf(files, stored), timeoutMs) };
    });
  }

  async close(): Promise<void> {
    await this.inTurn(async () => {
      await this.process?.close();
      this.process = undefined;
    });
  }

  /** A host does one thing at a time. */
  private inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.queue.then(work);
    this.queue = result.catch(() => undefined);
    return result;
  }

  private async loadNow(file: string, wanted: string | undefined): Promise<UserFunction> {
    const host = await this.running();
    let answer: HostAnswer | undefined;
    const end = await this.watch(host, loadTimeoutMs, 'loading', (settle, startClock) => {
      startClock();
      host.send({ type: 'load', file, ...(wanted !== undefined && { export: wanted }) }, (reply) => {
        answer = reply;
        settle();
      });
    });
    if (!end.done) {
      await this.giveUp();
      throw new SuperRlError('reward', `The reward file could not be loaded. ${end.why.reason}`, { place: { file } });
    }
    if (answer?.type === 'loaded') {
      const { export: name, signature } = answer;
      this.loaded.add(key(file, name));
      return { file, export: name, signature };
    }
    const failed = answer?.type === 'loadFailed' ? answer : undefined;
    const cause = failed?.stack === undefined ? undefined : Object.assign(new Error(failed.reason), failed);
    throw new SuperRlError('reward', failed?.reason ?? 'The reward host gave an unexpected answer.', {
      place: failed?.place ?? { file },
      cause,
    });
  }

  private async readNow(stored: StoredReference): Promise<readonly StoredFile[] | undefined> {
    const host = await this.running().catch(() => undefined); // scoring will say why
    if (!host) return undefined;
    let files: readonly StoredFile[] | undefined;
    const end = await this.watch(host, loadTimeoutMs, 'loading', (settle, startClock) => {
      startClock();
      host.send({ type: 'read', stored }, (reply) => {
        if (reply.type === 'read') files = reply.files;
        settle();
      });
    });
    if (!end.done) await this.giveUp();
    return files;
  }

  private async scoreNow(reward: UserFunction, scoring: Scoring, timeoutMs: number): Promise<RewardOutcome[]> {
    const outcomes = new Map<number, RewardOutcome>();
    const all = [...scoring.groups.keys()];
    const batched = reward.signature === 'batched' || reward.signature === 'trl';
    let calls = batched ? scoring.batches.map((batch) => [...batch]) : all.map((index) => [index]);
    if (all.length === 0) return [];
    let lostInARow = 0;
    let direct = this.launch.language === 'python'; // that host knows no other way
    while (calls.length > 0) {
      try {
        if (!this.process || !this.loaded.has(key(reward.file, reward.export)))
          await this.loadNow(reward.file, reward.export);
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        for (const index of calls.flat()) outcomes.set(index, { invalid: 'hostFailed', reason });
        break;
      }
      const { again, lost } = await this.makeCalls(reward, scoring, calls, timeoutMs, direct, outcomes);
      calls = again;
      if (lost?.isVague) {
        direct = true;
        continue;
      }
      if (lost) lostInARow = lost.atFirstCall ? lostInARow + 1 : 1;
      if (!lost || lostInARow < mostLostInARow) continue;
      const reason = `Not tried, since ${mostLostInARow} calls in a row before it failed. The last: ${lost.why.reason}`;
      for (const index of calls.flat()) outcomes.set(index, { ...lost.why, reason });
      break;
    }
    return all.map((index) => outcomes.get(index) ?? { invalid: 'hostFailed', reason: 'The host gave no outcome.' });
  }

  /**
   * Makes the calls in one request and notes their outcomes. Returns those still to be made: what a lost
   * host left over, and a failed batch again, one call a group, so that one completion doesn't void a step.
   */
  private async makeCalls(
    reward: UserFunction,
    scoring: Scoring,
    calls: readonly (readonly number[])[],
    timeoutMs: number,
    direct: boolean,
    outcomes: Map<number, RewardOutcome>,
  ): Promise<Round> {
    const host = await this.running();
    host.looseOutput = '';
    const again: number[][] = [];
    const fail = (indices: readonly number[], failures: readonly RewardOutcome[]) => {
      const groups = byGroup(indices, scoring.groups);
      if (groups.length > 1) again.push(...groups);
      else for (const [at, index] of indices.entries()) setOutcome(outcomes, index, failures[at]);
    };
    let begun = -1;
    let finished = 0;
    const end = await this.watch(host, timeoutMs, 'scoring', (settle, startClock) => {
      const { file, export: name } = reward;
      host.send({ type: 'score', file, export: name, samples: scoring.samples(), calls, direct }, (reply) => {
        if (reply.type === 'begin') {
          begun = reply.call;
          startClock();
        } else if (reply.type === 'scores') {
          finished = reply.first + reply.values.length;
          startClock();
          for (const [at, value] of reply.values.entries()) {
            for (const index of calls[reply.first + at] ?? []) outcomes.set(index, { value, ms: reply.ms[at] });
          }
        } else if (reply.type === 'done') settle();
        else if (reply.type === 'result') {
          const indices = calls[reply.call] ?? [];
          finished = reply.call + 1;
          if (reply.whole) fail(indices, reply.outcomes);
          else for (const [at, index] of indices.entries()) setOutcome(outcomes, index, reply.outcomes[at]);
        }
      });
    });
    if (end.done) return { again };
    const output = host.looseOutput.trim();
    await this.giveUp();
    const why = output === '' ? end.why : { ...end.why, console: output };
    // A host that is still there has said all by now; of one that has ended, the last replies may be lost.
    const isVague = !direct && end.why.invalid !== 'timeout';
    const lost = { why, atFirstCall: finished === 0, isVague };
    const left = calls.slice(finished).map((call) => [...call]);
    if (isVague) return { again: [...again, ...left], lost };
    // A host that ended before the next call began is no fault of that call.
    const guilty = begun === finished ? (left.shift() ?? []) : [];
    fail(
      guilty,
      guilty.map(() => why),
    );
    return { again: [...again, ...left], lost };
  }

  /** Runs a request under the limits of time (from each startClock), memory, and the host's life. */
  private async watch(
    host: HostProcess,
    timeoutMs: number,
    doing: 'loading' | 'scoring',
    request: (settle: () => void, startClock: () => void) => void,
  ): Promise<End> {
    let clock: NodeJS.Timeout | undefined;
    let poll: NodeJS.Timeout | undefined;
    const end = await new Promise<End>((resolve) => {
      const giveUp = (invalid: Invalid['invalid'], reason: string) =>
        resolve({ done: false, why: { invalid, reason } });
      const startClock = () => {
        clearTimeout(clock);
        if (!this.limited) return;
        clock = setTimeout(() => {
          // This process may itself have been busy: let what has arrived meanwhile be read first.
          clock = setTimeout(() => giveUp('timeout', timeoutReason(doing, timeoutMs)), lateMs);
        }, timeoutMs);
      };
      const checkMemory = async () => {
        const bytes = host.pid === undefined ? 0 : await residentBytes(host.pid).catch(() => 0);
        if (bytes > this.memoryMb * 2 ** 20) giveUp('memory', this.memoryReason());
        else if (poll !== undefined) poll = setTimeout(checkMemory, pollIntervalMs);
      };
      poll = setTimeout(checkMemory, pollIntervalMs);
      void host.ended.then((how) => {
        // V8 aborts with this message when its heap limit is reached.
        if (/heap out of memory/i.test(host.looseOutput)) giveUp('memory', this.memoryReason());
        else giveUp('hostFailed', endReason(doing, how));
      });
      request(() => resolve({ done: true }), startClock);
    });
    clearTimeout(clock);
    clearTimeout(poll);
    poll = undefined;
    return end;
  }

  private memoryReason(): string {
    return `It used more than ${this.memoryMb} MB of memory. Raise superrl.reward.memoryMb if it needs that much.`;
  }

  private async running(): Promise<HostProcess> {
    this.process ??= await HostProcess.start(this.launch);
    return this.process;
  }

  private async giveUp(): Promise<void> {
    await this.process?.kill();
    this.process = undefined;
    this.loaded.clear();
  }
}

function key(file: string, name: string): string {
  return `${name} of ${file}`;
}

function scoringOf(files: readonly StoredFile[], stored: StoredReference): Scoring {
  const sizes = files.flatMap((file) => file.sizes);
  let count = 0;
  const batches = files.map(({ before }) => {
    count += before.length;
    return Array.from(before, (_, index) => count - before.length + index);
  });
  return {
    samples: () => stored,
    groups: sizes.flatMap((size, group) => new Array<number>(size).fill(group)),
    batches: batches.filter(({ length }) => length > 0),
  };
}

function byGroup(indices: readonly number[], groupOf: readonly number[]): number[][] {
  const groups = new Map<number, number[]>();
  for (const index of indices) {
    const group = groupOf[index] ?? 0;
    groups.set(group, [...(groups.get(group) ?? []), index]);
  }
  return [...groups.values()];
}

function setOutcome(outcomes: Map<number, RewardOutcome>, index: number, outcome: RewardOutcome | undefined): void {
  if (outcome) outcomes.set(index, outcome);
}

function timeoutReason(doing: 'loading' | 'scoring', timeoutMs: number): string {
  return doing === 'loading'
    ? `It took longer than ${timeoutMs / 1000} s.`
    : `The call took longer than ${timeoutMs} ms (timeoutMs of this reward) and was ended.`;
}

function endReason(doing: 'loading' | 'scoring', how: string): string {
  const during = doing === 'loading' ? 'while loading the file' : 'during the call';
  return `The reward host ${how} ${during}; does the code end its process?`;
}
