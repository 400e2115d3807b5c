// The dashboard's contract: what the extension host posts to the webview and what comes back. The host relays; the
// webview never opens the socket and never sees the raw log. zod/mini, since this is bundled into the webview.
import * as z from 'zod/mini';
import type { DecisionKind, SolvedClass } from './decision';
import type { AlarmKind, RunState } from './events';

// As in decision.ts and events.ts, whose schemas would bring all of zod into the webview.
const decisionKind = z.enum(['pg', 'sft', 'mix', 'skip'] as const satisfies readonly DecisionKind[]);
const solvedClass = z.enum(['none', 'some', 'all'] as const satisfies readonly SolvedClass[]);
const runState = z.enum([
  'preparing',
  'running',
  'paused',
  'stopping',
  'finished',
  'failed',
  'interrupted',
  'queued',
  'damaged',
] as const satisfies readonly (RunState | 'queued' | 'damaged')[]);
const alarmKind = z.enum([
  'nonFinite',
  'allTruncated',
  'zeroSignal',
  'entropyCollapse',
  'formatMasksFailure',
  'tracesUnrewarded',
  'invalidRewards',
  'sigmaAtFloor',
] as const satisfies readonly AlarmKind[]);

const column = z.object({
  mean: z.instanceof(Float64Array),
  min: z.optional(z.instanceof(Float64Array)),
  max: z.optional(z.instanceof(Float64Array)),
});
/** RunSeries of run-series.ts. */
const series = z.object({
  stepsPerBucket: z.int(),
  firstBucket: z.int(),
  buckets: z.int(),
  lastStep: z.int(),
  columns: z.record(z.string(), column),
  reasons: z.array(z.object({ kind: decisionKind, text: z.string() })),
  why: z.array(z.array(z.int())),
});

const evaluation = z.object({
  step: z.int(),
  /** Held-out values by name: eval/pass@k, eval/greedy. null: not a finite number. */
  values: z.record(z.string(), z.nullable(z.number())),
  /** 95 % bootstrap intervals over prompts. */
  intervals: z.record(z.string(), z.tuple([z.number(), z.number()])),
  prompts: z.int(),
  samples: z.int(),
  /** Where the run was when it was measured, for other axes than steps. */
  usedTokens: z.number(),
  elapsedMs: z.number(),
});
export type DashboardEvaluation = z.infer<typeof evaluation>;

const activity = z.object({ phase: z.string(), message: z.string(), sinceMs: z.number() });

const header = z.object({
  /** Absolute path of the run folder. */
  run: z.string(),
  name: z.string(),
  method: z.string(),
  state: runState,
  /** Why: interrupted, failed, damaged, queued behind which run. */
  reason: z.optional(z.string()),
  /** A trainer works on it now. */
  live: z.boolean(),
  resumable: z.boolean(),
  engine: z.string(),
  /** Why this engine; shown with the badge. */
  engineReason: z.optional(z.string()),
  step: z.int(),
  /** Limits of the run file. */
  budget: z.object({
    steps: z.optional(z.number()),
    minutes: z.optional(z.number()),
    tokens: z.optional(z.number()),
  }),
  /** Of the nearest limit, 0 … 1. */
  progress: z.number(),
  usedTokens: z.number(),
  elapsedMs: z.number(),
  /** Milliseconds to the end of the budget at the pace of the last steps; absent while that can't be told. */
  remainingMs: z.optional(z.number()),
  epoch: z.number(),
  /** What the trainer last said that it is doing: load, probe, generate… with the time of saying so (ms since the epoch). */
  activity: z.optional(activity),
  /** Between this window and the backend. */
  connection: z.object({ state: z.enum(['connected', 'connecting', 'lost']), message: z.optional(z.string()) }),
  /** Events of the run are still being read. */
  loading: z.boolean(),
});
export type DashboardHeader = z.infer<typeof header>;

const marks = z.object({
  evaluations: z.array(evaluation),
  alarms: z.array(
    z.object({
      ...{ step: z.int(), ts: z.number(), kind: alarmKind, message: z.string(), advice: z.string() },
      /** The step at which it was over; absent while it stands. */
      overAt: z.optional(z.int()),
    }),
  ),
  checkpoints: z.array(
    z.object({ step: z.int(), ts: z.number(), path: z.string(), best: z.boolean(), bytes: z.number() }),
  ),
  probes: z.array(
    z.object({
      step: z.int(),
      prompts: z.int(),
      solved: z.int(),
      upperBound: z.number(),
      sparseBelow: z.number(),
      sparse: z.boolean(),
      reason: z.string(),
    }),
  ),
  /** Notes, errors, interruptions, resumes: newest last, at most `maxLogLines`. */
  log: z.array(
    z.object({ step: z.int(), ts: z.number(), level: z.enum(['info', 'warning', 'error']), message: z.string() }),
  ),
});
export type DashboardMarks = z.infer<typeof marks>;
export const maxLogLines = 200;

const outcome = z.union([
  z.object({ value: z.nullable(z.number()) }),
  z.object({ invalid: z.string(), reason: z.string() }),
]);
const completion = z.object({
  index: z.int(),
  text: z.string(),
  /** The text was cut for display; openSample shows all of it. */
  cut: z.boolean(),
  /** Length in tokens, ending included. */
  tokens: z.int(),
  rewards: z.record(z.string(), outcome),
  reward: z.nullable(z.number()),
  correctness: z.nullable(z.number()),
  success: z.boolean(),
  advantage: z.nullable(z.number()),
  stopReason: z.enum(['eos', 'stop', 'length']),
  truncated: z.boolean(),
});
export type DashboardCompletion = z.infer<typeof completion>;

const group = z.object({
  step: z.int(),
  group: z.int(),
  attempt: z.int(),
  promptId: z.string(),
  source: z.object({ file: z.string(), row: z.int() }),
  prompt: z.string(),
  question: z.string(),
  /** As JSON unless it is text. */
  answer: z.string(),
  demonstrations: z.array(z.string()),
  decision: z.object({
    kind: decisionKind,
    reason: z.string(),
    passRate: z.nullable(z.number()),
    successes: z.int(),
    valid: z.int(),
    k: z.int(),
    solved: solvedClass,
    noSignal: z.boolean(),
    maskedByShaping: z.boolean(),
    missingDemonstration: z.boolean(),
    posterior: z.optional(z.number()),
  }),
  completions: z.array(completion),
});
export type DashboardGroup = z.infer<typeof group>;

/** The filter of readSamples and searchSamples (messages.ts). */
const filter = z.object({
  decision: z.optional(decisionKind),
  solved: z.optional(solvedClass),
  maskedByShaping: z.optional(z.boolean()),
  text: z.optional(z.string()),
});
export type DashboardFilter = z.infer<typeof filter>;

const comparedRun = z.object({
  run: z.string(),
  name: z.string(),
  method: z.string(),
  state: runState,
  engine: z.string(),
  series,
  evaluations: z.array(evaluation),
  /** run.json's config. */
  configuration: z.record(z.string(), z.unknown()),
});
export type ComparedRun = z.infer<typeof comparedRun>;

/** Buttons whose action the host can do now; the others aren't shown. In restricted mode: none that starts a process. */
export const dashboardActions = [
  'pause',
  'resume',
  'stop',
  'checkpoint',
  'openSample',
  'compareWithTrace',
  'compareWithEarlier',
  'openSource',
  'debugReward',
  'saveFixture',
  'exportModel',
  'tryModel',
  'compareRuns',
  'openConfiguration',
  'revealFolder',
  'showLog',
] as const;
export type DashboardAction = (typeof dashboardActions)[number];

/** Host → webview. After `ready`: init, then everything there is; later what has changed, at most every 30–60 ms. */
export const hostMessageSchema = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('init'),
    view: z.enum(['run', 'compare']),
    actions: z.array(z.enum(dashboardActions)),
    /** superrl.dashboard.maxSamplesShown */
    maxSamplesShown: z.int(),
    /** The window is in restricted mode: runs can be viewed, not controlled. */
    restricted: z.boolean(),
  }),
  z.object({ kind: z.literal('header'), header }),
  /** Replaces all series. range: what the person zoomed to, both steps inclusive; null: the whole run. */
  z.object({ kind: z.literal('series'), range: z.nullable(z.tuple([z.int(), z.int()])), series }),
  /** Buckets from series.firstBucket on are replaced (appendSeries); same stepsPerBucket as before. */
  z.object({ kind: z.literal('append'), series }),
  z.object({ kind: z.literal('marks'), marks }),
  /** run.json as stored; `end`: summary.json. */
  z.object({
    kind: z.literal('configuration'),
    record: z.record(z.string(), z.unknown()),
    end: z.optional(z.record(z.string(), z.unknown())),
  }),
  z.object({ kind: z.literal('comparison'), runs: z.array(comparedRun) }),
  /** Answers to a request of the webview with the same id. */
  z.object({ kind: z.literal('samples'), id: z.int(), step: z.int(), groups: z.array(group) }),
  z.object({
    kind: z.literal('found'),
    id: z.int(),
    groups: z.array(group),
    /** The search reached the first step; else go on with beforeStep = the lowest step found. */
    complete: z.boolean(),
  }),
  z.object({
    kind: z.literal('table'),
    id: z.int(),
    /** Steps with a value in any of the columns asked for. */
    total: z.int(),
    steps: z.array(z.int()),
    /** By column, as many values as steps; null: none. */
    values: z.record(z.string(), z.array(z.nullable(z.number()))),
  }),
  z.object({ kind: z.literal('refused'), id: z.int(), message: z.string() }),
  /** Ends a batch: the page answers `taken` when it has handled all before, and only then the next batch is sent. */
  z.object({ kind: z.literal('batchEnd'), batch: z.int() }),
]);
export type HostMessage = z.infer<typeof hostMessageSchema>;

const place = { step: z.int(), group: z.int() };

/** Webview → host. Messages with an id are answered by one with the same id, `refused` if need be. */
export const webviewMessageSchema = z.discriminatedUnion('kind', [
  /** The page listens: send all. */
  z.object({ kind: z.literal('ready') }),
  z.object({ kind: z.literal('taken'), batch: z.int() }),
  /** Charts show these steps only, both inclusive; null: the whole run. Answered by `series`. */
  z.object({ kind: z.literal('setRange'), range: z.nullable(z.tuple([z.int(), z.int()])) }),
  z.object({ kind: z.literal('readSamples'), id: z.int(), step: z.int() }),
  z.object({
    kind: z.literal('search'),
    id: z.int(),
    filter,
    beforeStep: z.optional(z.int()),
    limit: z.int(),
  }),
  /** Full resolution, `limit` steps from the first that is at least fromStep. */
  z.object({
    kind: z.literal('readTable'),
    id: z.int(),
    columns: z.array(z.string()),
    fromStep: z.int(),
    limit: z.int(),
  }),
  z.object({ kind: z.literal('control'), action: z.enum(['pause', 'resume', 'stop', 'checkpoint']) }),
  z.object({ kind: z.literal('openSample'), ...place, index: z.int() }),
  /** Diff of a completion and a demonstration of its prompt. */
  z.object({ kind: z.literal('compareWithTrace'), ...place, index: z.int(), demonstration: z.int() }),
  /** Diff of a completion and one of the same prompt in an earlier step; asks which when there are several. */
  z.object({ kind: z.literal('compareWithEarlier'), ...place, index: z.int() }),
  /** The dataset at the row of this group. */
  z.object({ kind: z.literal('openSource'), ...place }),
  z.object({ kind: z.literal('debugReward'), ...place, index: z.int(), component: z.string() }),
  z.object({ kind: z.literal('saveFixture'), ...place, index: z.int(), component: z.string() }),
  /** path: of a checkpoint, relative to the run folder; absent: the best, else the newest. */
  z.object({ kind: z.literal('exportModel'), path: z.optional(z.string()) }),
  z.object({ kind: z.literal('tryModel'), path: z.optional(z.string()) }),
  /** Asks which other runs, then opens the comparison. */
  z.object({ kind: z.literal('compareRuns') }),
  z.object({ kind: z.literal('openRun'), run: z.string() }),
  z.object({ kind: z.literal('openConfiguration') }),
  z.object({ kind: z.literal('revealFolder') }),
  z.object({ kind: z.literal('showLog') }),
]);
export type WebviewMessage = z.infer<typeof webviewMessageSchema>;

/** What the webview keeps with vscode.setState, and a serializer gets back after a reload of the window. */
export const webviewStateSchema = z.object({
  /** Run folders: one, or several for a comparison. The host sets it in the page it makes. */
  runs: z.array(z.string()),
});
export type WebviewState = z.infer<typeof webviewStateSchema>;
