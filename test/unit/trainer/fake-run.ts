// A run in memory: a fake engine, rows from an array, rewards from a function, and a ledger that keeps everything.
import type { Row } from '../../../backend/data/row';
import { readRunConfig } from '../../../backend/method/config-checks';
import { trainTokenizer } from '../../../backend/model/train-tokenizer';
import type { EventData, EventType } from '../../../backend/protocol/events';
import type { RunFile } from '../../../backend/protocol/run-config';
import type { RewardOutcome, SampleLine } from '../../../backend/protocol/sample';
import type { RewardSample } from '../../../backend/rewards/scorer';
import type { Run } from '../../../backend/trainer/run';
import { RunControl } from '../../../backend/trainer/run-control';
import type { RunLedger, StoredCheckpoint } from '../../../backend/trainer/run-ledger';
import { initialTrainerState } from '../../../backend/trainer/trainer-state';
import { FakeEngine, type FakePolicy } from './fake-engine';

export class MemoryLedger implements RunLedger {
  readonly folder = 'memory';
  readonly events: { type: EventType; data: unknown }[] = [];
  readonly samples = new Map<number, readonly SampleLine[]>();
  readonly checkpoints: (StoredCheckpoint & { best: boolean })[] = [];
  summary: Parameters<RunLedger['writeSummary']>[0] | undefined;
  onAppend: ((type: EventType, data: unknown) => void) | undefined;

  async append<T extends EventType>(type: T, data: EventData<T>): Promise<void> {
    this.events.push({ type, data: structuredClone(data) });
    this.onAppend?.(type, data);
  }

  async writeSamples(step: number, lines: readonly SampleLine[]): Promise<void> {
    this.samples.set(step, structuredClone(lines));
  }

  async readSamples(step: number) {
    return this.samples.get(step);
  }

  saveCheckpoint: RunLedger['saveCheckpoint'] = async ({ state, weights, optimizer, best }) => {
    this.checkpoints.push(structuredClone({ path: `step-${state.step}`, state, weights, optimizer, best }));
    return { path: `step-${state.step}`, bytes: 1 };
  };

  async newestCheckpoint() {
    return this.checkpoints.at(-1);
  }

  writeSummary: RunLedger['writeSummary'] = async (summary) => {
    this.summary = summary;
  };

  of<T extends EventType>(type: T): EventData<T>[] {
    return this.events.filter((event) => event.type === type).map(({ data }) => data as EventData<T>);
  }

  /** A metric over the steps. */
  metric(name: string): unknown[] {
    return this.of('metrics').map(({ values }) => values[name]);
  }
}

export interface FakeRunOptions {
  readonly file?: Partial<RunFile>;
  readonly policy?: Partial<FakePolicy>;
  /** Prompts; "p3" has the answer "3". */
  readonly prompts?: number;
  /** Demonstrations of a prompt; default: its answer. */
  readonly demonstrations?: (answer: string) => string[];
  /** Outcome by component name; default: value 1 when the completion is the answer, under "ok". */
  readonly score?: (sample: RewardSample) => Record<string, RewardOutcome>;
  readonly ledger?: MemoryLedger;
}

export type FakeRun = Run & {
  engine: FakeEngine;
  ledger: MemoryLedger;
  scoredSamples: RewardSample[];
  scorers: number;
};

export function fakeRun(options: FakeRunOptions = {}): FakeRun {
  const file: RunFile = {
    name: 'fake',
    model: { scratch: {} },
    data: { train: 'train.jsonl', eval: 'heldout.jsonl' },
    traces: {},
    rewards: [{ name: 'ok', use: 'exact' }],
    budget: { steps: 3 },
    ...options.file,
    rollout: { promptsPerStep: 4, k: 4, maxNewTokens: 8, ...options.file?.rollout },
  };
  const { config, problems } = readRunConfig(JSON.stringify(file), 'fake.superrl.json');
  if (!config) throw new Error(problems.map(({ message }) => message).join('\n'));
  const answers = Array.from({ length: options.prompts ?? 10 }, (_, index) => String(index));
  const demonstrate = options.demonstrations ?? ((answer) => [answer]);
  const rows = answers.map(
    (answer, index): Row => ({
      id: `id${answer}`,
      prompt: `p${answer}`,
      answer,
      columns: { prompt: `p${answer}`, answer },
      source: { file: 'train.jsonl', row: index, rowHash: 'x' },
      demonstrations: demonstrate(answer),
    }),
  );
  const data = {
    file: 'train.jsonl',
    length: rows.length,
    row: async (index: number) => rows[index]!,
    close: async () => {},
  };
  const tokenizer = trainTokenizer(['p0123456789no '], { kind: 'characters' });
  const engine = new FakeEngine(tokenizer, {
    right: (prompt) => prompt.slice(1),
    wrong: 'no',
    logit: 0,
    ...options.policy,
  });
  const scoredSamples: RewardSample[] = [];
  const score =
    options.score ??
    ((sample: RewardSample): Record<string, RewardOutcome> => ({
      ok: { value: sample.completion === sample.answer ? 1 : 0 },
    }));
  const run: FakeRun = {
    config,
    engine,
    tokenizer,
    train: data,
    heldOut: data,
    ledger: options.ledger ?? new MemoryLedger(),
    control: new RunControl(),
    state: initialTrainerState(),
    scoredSamples,
    scorers: 0,
    openScorer: async () => {
      run.scorers++;
      return run.scorer;
    },
    scorer: {
      components: config.rewards,
      async score(samples) {
        scoredSamples.push(...samples);
        return samples.map((sample) => config.rewards.map(({ name }) => score(sample)[name]!));
      },
      async close() {},
    },
    now: clock(),
    pausedMs: 0,
  };
  return run;
}

/** A clock that goes on 10 ms each time it is read. */
function clock(): () => number {
  let ms = 0;
  return () => {
    ms += 10;
    return ms;
  };
}
