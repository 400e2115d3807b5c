// The WebSocket protocol between a window (client) and the server, all of it. One JSON message a frame.
// Client → server: request, cancel. Server → client: hello, response, progress, events, runsChanged, debugEnded.
// A run is named by the absolute path of its folder: the folder is the one truth, live or finished.
import { z } from 'zod';
import { errorCodes } from './errors';
import { type RunEvent, runEventSchema, runStates } from './events';
import { rewardOutcomeSchema, sampleCompletionSchema, sampleGroupSchema } from './sample';

/** Clients and servers of different numbers never talk; raised with each incompatible change. */
export const protocolVersion = 1;

/** Largest frame that the server accepts, in bytes; a larger one ends the connection (code 1009). */
export const maxMessageBytes = 8 * 1024 * 1024;

/** Largest frame that a client must accept, in bytes (`maxPayload` of ws): a whole step of long completions. */
export const maxServerMessageBytes = 64 * 1024 * 1024;

/** Why the server ends a connection, beside the codes of RFC 6455; the reason is a sentence. */
export const closeCodes = {
  /** The frame is no message of a client: not JSON, binary, or without an id to answer to. */
  notAMessage: 4400,
  /** The server ends; reconnect, which finds or starts the next one. */
  serverEnds: 4503,
} as const;

const run = z.string().min(1).describe('Absolute path of the run folder.');

/** What a window's settings say of reward hosts; the server is shared, so they travel with each request. */
export const rewardSettingsSchema = z.object({
  pythonPath: z.string().optional(),
  memoryMb: z.int().positive().optional(),
  /** In place of each reward's own timeoutMs. */
  timeoutMs: z.int().positive().optional(),
});
const rewardSettings = rewardSettingsSchema.prefault({});

export const runSummarySchema = z.object({
  run,
  name: z.string(),
  method: z.string(),
  state: z.enum([...runStates, 'queued', 'damaged']),
  /** Why: interrupted, failed, damaged, queued behind which run. */
  reason: z.string().optional(),
  /** A trainer holds the lock now (also one started in a terminal). */
  live: z.boolean(),
  /** It can be resumed from a checkpoint. */
  resumable: z.boolean(),
  engine: z.string(),
  engineReason: z.string().optional(),
  step: z.int(),
  progress: z.number(),
  reward: z.number().optional(),
  heldOut: z.record(z.string(), z.number()).optional(),
  checkpoints: z.array(z.object({ step: z.int(), path: z.string(), best: z.boolean() })),
  alarms: z.int(),
  /** State queued only: for cancelQueued. There is no run folder yet, and `run` is this id. */
  queueId: z.string().optional(),
  startedAt: z.number(),
  changedAt: z.number(),
});
export type RunSummary = z.infer<typeof runSummarySchema>;

const sampleFilter = z.object({
  decision: z.enum(['pg', 'sft', 'mix', 'skip']).optional(),
  solved: z.enum(['none', 'some', 'all']).optional(),
  maskedByShaping: z.boolean().optional(),
  text: z.string().optional(),
  promptId: z.string().optional(),
});
export type SampleFilter = z.infer<typeof sampleFilter>;

const groupWithCompletions = z.object({ group: sampleGroupSchema, completions: z.array(sampleCompletionSchema) });
export type SampledGroup = z.infer<typeof groupWithCompletions>;

const request = <P extends z.ZodType, R extends z.ZodType>(params: P, result: R) => ({ params, result });
const nothing = z.object({});

/** Every request by name: what it takes and what it gives back. */
export const requests = {
  /** Runs under these directories, newest first, queued ones first of all; the client gets `runsChanged` notices for them from then on. */
  listRuns: request(z.object({ directories: z.array(z.string()) }), z.object({ runs: z.array(runSummarySchema) })),
  /** Starts a run (or queues it behind a live one unless startNow). */
  startRun: request(
    z.object({
      runFile: z.string(),
      overrides: z.array(z.string()).default([]),
      runsDirectory: z.string().optional(),
      startNow: z.boolean().default(false),
      settings: rewardSettings,
    }),
    z.object({
      run: z.string().optional(),
      queued: z.boolean(),
      queueId: z.string().optional(),
      warnings: z.array(z.string()),
    }),
  ),
  resumeRun: request(z.object({ run, settings: rewardSettings }), z.object({ run })),
  /** pause, resume, stop and checkpoint are acted on at the trainer's next safe point. */
  controlRun: request(z.object({ run, action: z.enum(['pause', 'resume', 'stop', 'checkpoint']) }), nothing),
  cancelQueued: request(z.object({ queueId: z.string() }), nothing),
  /** run.json and, when there is one, summary.json. */
  readRun: request(
    z.object({ run }),
    z.object({
      summary: runSummarySchema,
      record: z.record(z.string(), z.unknown()),
      end: z.record(z.string(), z.unknown()).optional(),
    }),
  ),
  /** Replays events from seq on and goes on live, without gap or duplicate, as `events` messages. */
  subscribe: request(z.object({ run, fromSeq: z.int().positive() }), z.object({ subscription: z.int() })),
  unsubscribe: request(z.object({ subscription: z.int() }), nothing),
  /**
   * The last event handled. Optional: from the first ack on, the server keeps at most 20,000 events ahead of it.
   * Without, only the socket's own buffer (1 MiB) holds it back.
   */
  ack: request(z.object({ subscription: z.int(), seq: z.int() }), nothing),
  /** The groups of a step with their completions; with `group`, only that one. */
  readSamples: request(
    z.object({ run, step: z.int(), group: z.int().optional(), filter: sampleFilter.prefault({}) }),
    z.object({ step: z.int(), groups: z.array(groupWithCompletions) }),
  ),
  /** Steps that have samples, in order. */
  sampleSteps: request(z.object({ run }), z.object({ steps: z.array(z.int()) })),
  /**
   * Groups of a run that pass the filter, newest step first; with `text`, only the completions that hold it.
   * `complete`: the search reached the first step; else go on with `beforeStep`.
   */
  searchSamples: request(
    z.object({
      run,
      filter: sampleFilter,
      beforeStep: z.int().optional(),
      limit: z.int().positive().max(1000).default(100),
    }),
    z.object({ groups: z.array(groupWithCompletions), complete: z.boolean() }),
  ),
  /**
   * Newest outcome of each dataset row (by source file) that a run has touched, for inline decorations; with
   * `afterStep` only of rows whose newest outcome is of a later step: to stay up to date cheaply. With `file` only of
   * that file, and with `rowHashes` only of these rows of it: what an editor has in view, of a file of any size.
   */
  rowOutcomes: request(
    z.object({
      run,
      afterStep: z.int().default(-1),
      file: z.string().optional(),
      rowHashes: z.array(z.string()).max(1000).optional(),
    }),
    z.object({
      /** With `file`: how many of its rows the run has touched, by how many of the newest completions are solved. */
      split: z.object({ none: z.int(), some: z.int(), all: z.int() }).optional(),
      rows: z.array(
        z.object({
          file: z.string(),
          row: z.int(),
          rowHash: z.string(),
          promptId: z.string(),
          step: z.int(),
          group: z.int(),
          solved: z.int(),
          k: z.int(),
          decision: z.string(),
          /** How often each decision fell on this row so far. */
          decisions: z.record(z.string(), z.int()),
          /** Mean reward of that group's valid completions; null: none is valid, or nothing was sampled. */
          lastReward: z.number().nullable(),
        }),
      ),
    }),
  ),
  /** Layout, mapping, examples, problems, trace coverage: shown before a run file is written. */
  inspectData: request(
    z.object({
      file: z.string(),
      map: z.record(z.string(), z.string()).optional(),
      traces: z.unknown().optional(),
      limit: z.int().optional(),
    }),
    z.record(z.string(), z.unknown()),
  ),
  /**
   * Rows of a data file by number, its records counted from 0, as a person looks at them: cells as text, cut. Given are
   * those that are known so far; while not `complete`, a pass over the file finds more, so ask again.
   */
  readRows: request(
    z.object({
      file: z.string(),
      from: z.int().nonnegative(),
      count: z.int().positive().max(1000),
      cell: z.int().positive().max(1_000_000).default(500).describe('Most characters of a cell.'),
    }),
    z.object({
      rows: z.array(
        z.object({
          row: z.int(),
          /** 1-based; Parquet has none. */
          line: z.int().optional(),
          rowHash: z.string(),
          cells: z.record(z.string(), z.string()),
        }),
      ),
      known: z.int(),
      complete: z.boolean(),
      /** Why the rows behind the known ones can't be read. */
      problem: z.string().optional(),
    }),
  ),
  /** The first row from `from` on that holds the text; without `row`, go on at `next` until that is all of them. */
  searchRows: request(
    z.object({ file: z.string(), from: z.int().nonnegative(), text: z.string().min(1) }),
    z.object({ row: z.int().optional(), next: z.int(), known: z.int(), complete: z.boolean() }),
  ),
  /**
   * The dataset rows that records of a file of traces (traces.path) belong to, both by the hash of their text. A record
   * that is no trace of any prompt is left out.
   */
  traceRows: request(
    z.object({
      file: z.string().describe('The dataset.'),
      map: z.record(z.string(), z.string()).optional(),
      traces: z.unknown(),
      rowHashes: z.array(z.string()).max(1000),
    }),
    z.object({ rows: z.record(z.string(), z.string()) }),
  ),
  auditTraces: request(z.object({ runFile: z.string(), settings: rewardSettings }), z.record(z.string(), z.unknown())),
  /** Probes sparsity: rollouts on some prompts, no training. */
  probeSparsity: request(
    z.object({ runFile: z.string(), settings: rewardSettings }),
    z.object({ prompts: z.int(), solved: z.int(), upperBound: z.number(), sparse: z.boolean(), reason: z.string() }),
  ),
  doctor: request(nothing, z.record(z.string(), z.unknown())),
  /**
   * One completion of a model (folder, .gguf, checkpoint) or of a run's best checkpoint. Each `progress` message
   * holds the text added since the one before; `done` counts tokens. temperature 0: always the likeliest token.
   */
  tryModel: request(
    z.object({
      model: z.string(),
      prompt: z.string(),
      chatTemplate: z.boolean().optional(),
      temperature: z.number().nonnegative().default(1),
      maxNewTokens: z.int().positive().max(4096).default(256),
    }),
    z.object({ text: z.string(), tokens: z.int(), stopReason: z.string() }),
  ),
  exportModel: request(
    z.object({ model: z.string(), to: z.string(), format: z.enum(['huggingface', 'gguf']), dtype: z.string() }),
    z.object({ path: z.string(), bytes: z.int() }),
  ),
  /** Exported reward functions of a file with their places, found by parsing: none of its code is run. */
  rewardFunctions: request(
    z.object({ file: z.string() }),
    z.object({
      functions: z.array(z.object({ name: z.string(), line: z.int(), batched: z.boolean() })),
      problem: z.string().optional(),
    }),
  ),
  /** Runs a reward function over a run's stored completions, no generation; counts arrive as `progress`. */
  rescore: request(
    z.object({
      run,
      rewardFile: z.string(),
      export: z.string().optional(),
      component: z.string(),
      settings: rewardSettings,
    }),
    z.object({
      completions: z.int(),
      changed: z.array(
        z.object({
          step: z.int(),
          group: z.int(),
          index: z.int(),
          before: rewardOutcomeSchema,
          after: rewardOutcomeSchema,
        }),
      ),
      /** All that changed; `changed` lists the first 20,000. */
      changedCount: z.int(),
      decisionsChanged: z.array(z.object({ step: z.int(), group: z.int(), before: z.string(), after: z.string() })),
    }),
  ),
  /**
   * Starts a reward host stopped at its first line, with one stored completion (or a whole group) as input; the
   * window attaches a debugger to 127.0.0.1:port. No time limit. When the function returns, `debugEnded` tells
   * what; to start over after an edit, ask again. Python: debugpy listens on the port.
   */
  debugReward: request(
    z.object({
      rewardFile: z.string(),
      export: z.string().optional(),
      run,
      step: z.int(),
      group: z.int(),
      index: z.int().optional(),
      settings: rewardSettings,
    }),
    z.object({ port: z.int(), session: z.string() }),
  ),
  /** As debugReward, with a case (from 0) of a fixture file (reward-fixture.ts) as input. */
  debugFixture: request(
    z.object({ fixtureFile: z.string(), case: z.int().nonnegative(), settings: rewardSettings }),
    z.object({ port: z.int(), session: z.string() }),
  ),
  /** Ends a reward host under a debugger; it also ends with the client's connection. */
  endDebug: request(z.object({ session: z.string() }), nothing),
  /** `{ results }`: one FixtureResult (reward-fixture.ts) a file. */
  runFixtures: request(
    z.object({ files: z.array(z.string()), settings: rewardSettings }),
    z.record(z.string(), z.unknown()),
  ),
} as const;
export type RequestName = keyof typeof requests;
export type RequestParams<N extends RequestName> = z.input<(typeof requests)[N]['params']>;
export type RequestResult<N extends RequestName> = z.output<(typeof requests)[N]['result']>;

/** Client → server. `id` is the client's own and comes back in the response. */
export const clientMessageSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('request'), id: z.int(), method: z.string(), params: z.unknown() }),
  z.object({ kind: z.literal('cancel'), id: z.int() }),
]);
export type ClientMessage = z.infer<typeof clientMessageSchema>;

/** Server → client. */
export const serverMessageSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('hello'), protocol: z.int(), version: z.string(), readOnly: z.boolean(), pid: z.int() }),
  z.discriminatedUnion('ok', [
    z.object({ kind: z.literal('response'), id: z.int(), ok: z.literal(true), result: z.unknown() }),
    z.object({
      kind: z.literal('response'),
      id: z.int(),
      ok: z.literal(false),
      error: z.object({
        code: z.enum([...errorCodes, 'cancelled', 'unknownMethod', 'badParams']),
        message: z.string(),
        place: z.object({ file: z.string(), line: z.int().optional(), column: z.int().optional() }).optional(),
      }),
    }),
  ]),
  /** One or more events of a subscription in order of seq: a live one comes alone, a replay many at once. */
  z.object({
    kind: z.literal('events'),
    subscription: z.int(),
    run: z.string(),
    events: z.array(runEventSchema as z.ZodType<RunEvent>).min(1),
  }),
  z.object({
    kind: z.literal('progress'),
    id: z.int(),
    done: z.number(),
    total: z.number().optional(),
    message: z.string(),
  }),
  /** Something about the runs that this client listed has changed: list them again. At most one a second. */
  z.object({ kind: z.literal('runsChanged') }),
  /** A subscription can't go on (its log is damaged or gone); the client may subscribe anew. */
  z.object({ kind: z.literal('subscriptionEnded'), subscription: z.int(), message: z.string() }),
  /** A debugged reward function returned (an outcome a completion), or its host ended with a message. */
  z.object({
    kind: z.literal('debugEnded'),
    session: z.string(),
    outcomes: z.array(rewardOutcomeSchema),
    message: z.string().optional(),
  }),
]);
export type ServerMessage = z.infer<typeof serverMessageSchema>;

/** The record by which windows find the one server of a user and protocol version. */
export const serverRecordSchema = z.object({
  pid: z.int().positive(),
  /** Tells this process from a later one with the same pid. */
  processStart: z.string(),
  port: z.int().positive(),
  protocol: z.int(),
  version: z.string(),
  /** 32 random bytes, hexadecimal. */
  token: z.string().length(64),
  readOnly: z.boolean(),
});
export type ServerRecord = z.infer<typeof serverRecordSchema>;
