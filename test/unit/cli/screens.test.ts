// What a person sees in a terminal, as golden text: the live table at several widths, the line a step, tables.
import { describe, expect, it } from 'vitest';
import { findingsText } from '../../../backend/cli/doctor-command';
import { evaluationText } from '../../../backend/cli/eval-command';
import { LiveScreen } from '../../../backend/cli/live-screen';
import { liveTable, sparkline } from '../../../backend/cli/live-table';
import { createPaint, printable, textWidth } from '../../../backend/cli/paint';
import { comparisonText, reportText } from '../../../backend/cli/report-text';
import { testedText } from '../../../backend/cli/reward-command';
import { advance, noProgress } from '../../../backend/cli/run-progress';
import { runsTable } from '../../../backend/cli/runs-command';
import { scoredText } from '../../../backend/cli/score-command';
import { eventLine, stepLine } from '../../../backend/cli/step-line';
import type { EventData, EventType, RunEvent } from '../../../backend/protocol/events';
import { runEventSchema } from '../../../backend/protocol/events';
import type { RunConfig } from '../../../backend/protocol/run-config';
import { runRecord } from '../trainer/run-folder/run-record';

let seq = 0;
const event = <T extends EventType>(type: T, data: EventData<T>): RunEvent =>
  runEventSchema.parse({ seq: ++seq, ts: 0, type, data });

const evaluation: EventData<'evaluation'> = {
  step: 80,
  values: { 'eval/pass@8': 0.47, 'eval/pass@1': 0.125, 'eval/greedy': 0.13, 'eval/invalid_frac': 0.02 },
  intervals: { 'eval/pass@1': [0.09, 0.16] },
  prompts: 64,
  samples: 8,
  elapsedMs: 3200,
};
const events = [
  event('state', { state: 'running', step: 0 }),
  ...[0, 0.1, 0.3, 0.2, 0.412].map((reward, index) =>
    event('metrics', {
      step: 86 + index,
      values: {
        reward,
        reward_std: 0.3,
        frac_reward_zero_std: 0.25,
        'switch/pg_frac': 0.62,
        'switch/sft_frac': 0.3,
        'switch/mix_frac': 0,
        'switch/skip_frac': 0.08,
        'switch/masked_by_shaping': 2,
        'groups/solved_none': 5,
        'groups/solved_some': 9,
        'groups/solved_all': 2,
        loss: 1.23,
        'loss/pg': -0.00012,
        'loss/sft': 1.5,
        grad_norm: 'NaN',
        learning_rate: 0.001,
        'completions/mean_length': 18.2,
        'completions/max_length': 22,
        'completions/clipped_ratio': 0.031,
        'tokens_per_second/generate': 4123,
        'tokens_per_second/train': 9876,
        step_time: 0.9,
      },
      usedTokens: 1000,
      elapsedMs: 90_000,
      progress: 0.45,
      epoch: 0.5,
      phase: 'hybrid',
    }),
  ),
  event('evaluation', evaluation),
  event('phase', { step: 91, phase: 'generate', message: 'Generating 8 × 8 completions' }),
];
const progress = events.reduce(advance, noProgress);
const table = (columns: number, after: RunEvent[] = [], hasColor = false) =>
  liveTable(after.reduce(advance, progress), {
    title: { name: 'count-20260101-000000', method: 'superrl', engine: 'onnx on CPU, 2 threads' },
    budget: { steps: 200 },
    columns,
    paint: createPaint(hasColor),
    hint: 'Ctrl-C: finish the step, save, and exit',
  });

describe('the live table', () => {
  it('at 100 columns', () => {
    expect(`\n${table(100).join('\n')}\n`).toBe(`
count-20260101-000000  running  superrl · onnx on CPU, 2 threads
━━━━━━━━━━━━━━━━━━──────────────────────   45 %  step 90/200  1m 30s  left 1m 50s
reward     0.412  ▁▂▆▄█  σ 0.300  no spread 25 %
held-out   pass@1 13 %  pass@8 47 %  greedy 13 %  at step 80
switch     ████████████▒▒▒▒▒▒░░  pg 62 %  sft 30 %  skip 8.0 %  masked by shaping 2
solved     none 5  some 9  all 2
loss       1.230  pg -1.2e-4  sft 1.500  gradient NaN  lr 0.001
length     mean 18.2  max 22.0  cut off 3.1 %
tokens/s   generate 4,123  train 9,876  step 900 ms
Generating 8 × 8 completions · Ctrl-C: finish the step, save, and exit
`);
  });

  it('at 40 columns leaves out what does not fit', () => {
    expect(`\n${table(40).join('\n')}\n`).toBe(`
count-20260101-000000  running
 45 %  step 90/200  1m 30s  left 1m 50s
reward     0.412  ▁▂▆▄█  σ 0.300
held-out   pass@1 13 %  pass@8 47 %
switch     pg 62 %  sft 30 %
solved     none 5  some 9  all 2
loss       1.230  pg -1.2e-4  sft 1.500
length     mean 18.2  max 22.0
tokens/s   generate 4,123  train 9,876
Generating 8 × 8 completions · Ctrl-C:…
`);
  });

  it('is narrower than the terminal at every width, with colours and with an alarm', () => {
    const alarm = event('alarm', {
      step: 90,
      kind: 'zeroSignal',
      message: 'No group has given a gradient\u001b[2J for 20 steps',
      advice: 'Give traces.',
    });
    for (let columns = 11; columns < 130; columns++) {
      for (const line of table(columns, [alarm], true)) expect(textWidth(line)).toBeLessThan(columns);
    }
    expect(table(100, [alarm]).join('\n')).toContain('! No group has given a gradient␛[2J for 20 steps');
    const over = event('alarmOver', { step: 150, kind: 'zeroSignal', message: 'The alarm zeroSignal is over.' });
    const another = event('alarmOver', { step: 150, kind: 'nonFinite', message: 'The alarm nonFinite is over.' });
    expect(table(100, [alarm, another]).join('\n')).toContain('! No group');
    expect(table(100, [alarm, over]).join('\n')).not.toContain('! No group');
  });

  it('shows a paused run with its reason, and before the first step only what is known', () => {
    const paused = event('state', { state: 'paused', step: 90, reason: 'Too many rewards are invalid.' });
    expect(table(100, [paused])[0]).toContain('paused');
    expect(table(100, [paused]).at(-1)).toBe('Too many rewards are invalid. · Ctrl-C: finish the step, save, and exit');
    const empty = liveTable(noProgress, {
      title: { name: 'a', method: 'rl', engine: 'onnx' },
      budget: { minutes: 5 },
      columns: 60,
      paint: createPaint(false),
      hint: '',
    });
    expect(empty).toEqual(['a  preparing  rl · onnx', '────────────────────────────────────────    0 %  step 0', '']);
  });
});

describe('sparkline', () => {
  it('averages neighbours and leaves out what is not finite', () => {
    expect(sparkline([0, 1, 2, 3, 4, 5, 6, 7], 8)).toBe('▁▂▃▄▅▆▇█');
    expect(sparkline([0, 0, 4, 4], 2)).toBe('▁█');
    expect(sparkline([1, Number.NaN, 1], 8)).toBe('▁▁');
    expect(sparkline([], 8)).toBe('');
  });
});

describe('without a terminal', () => {
  it('a step is a line', () => {
    expect(stepLine(progress, { steps: 200 })).toBe(
      'step 90/200  reward 0.412  pg 62 % sft 30 % skip 8.0 %  loss 1.230  length 18.2  tokens/s 4,123  step 900 ms  left 1m 50s\n',
    );
  });

  it('other events are a line when a person wants to see them', () => {
    const lines = [
      event('evaluation', evaluation),
      event('probe', {
        step: 0,
        prompts: 64,
        solved: 1,
        upperBound: 0.07,
        sparseBelow: 0.1,
        sparse: true,
        reason: 'Upper bound 0.07 is below 0.1.',
      }),
      event('alarm', { step: 9, kind: 'allTruncated', message: 'All 8 were cut off.', advice: 'Raise maxNewTokens.' }),
      event('alarmOver', { step: 80, kind: 'allTruncated', message: 'The alarm allTruncated is over.' }),
      event('note', { step: 0, level: 'warning', message: '3 rows are left out.' }),
      event('emptyStep', { step: 4, reason: 'every group was skipped' }),
      event('checkpoint', { step: 50, path: 'checkpoints/step-000050', best: true, bytes: 10 }),
      event('state', { state: 'running', step: 0 }),
      event('state', { state: 'paused', step: 3, reason: 'asked' }),
      event('interrupted', { step: 3, reason: 'The trainer died.' }),
      event('resumed', { fromStep: 2 }),
      event('phase', { step: 3, phase: 'update', message: 'Updating' }),
    ].map(eventLine);
    expect(lines).toEqual([
      'held-out at step 80: pass@1 13 %  pass@8 47 %  greedy 13 %  (64 prompts)\n',
      'probe: 1 of 64 prompts solved; reward is sparse. Upper bound 0.07 is below 0.1.\n',
      'alarm at step 9: All 8 were cut off. Raise maxNewTokens.\n',
      'step 80: The alarm allTruncated is over.\n',
      'warning: 3 rows are left out.\n',
      'step 4 changed nothing: every group was skipped\n',
      'saved checkpoints/step-000050 (best so far)\n',
      undefined,
      'paused: asked\n',
      'interrupted: The trainer died.\n',
      'resumed from step 2\n',
      undefined,
    ]);
  });
});

describe('a resumed run', () => {
  it('goes back to its step and keeps the rewards of before', () => {
    const metrics = (step: number, reward: number) =>
      event('metrics', { step, values: { reward }, usedTokens: 0, elapsedMs: 0, progress: 0, epoch: 0, phase: 'rl' });
    const log = [metrics(1, 0.1), metrics(2, 0.2), metrics(3, 0.3), event('resumed', { fromStep: 1 }), metrics(2, 0.5)];
    expect(log.reduce(advance, noProgress)).toMatchObject({ step: 2, rewards: [0.1, 0.5] });
  });
});

describe('LiveScreen', () => {
  const fake = () => {
    let text = '';
    const size = { columns: 20, rows: 10 };
    const terminal = {
      out: (more: string) => {
        text += more;
      },
      err: () => undefined,
      isLive: true,
      hasColor: false,
      columns: () => size.columns,
      rows: () => size.rows,
    };
    const take = (): string => {
      const taken = text;
      text = '';
      return taken;
    };
    return { terminal, size, take };
  };

  it('goes up by the lines it painted, by the wrapped ones after the window became narrower', () => {
    const { terminal, size, take } = fake();
    const screen = new LiveScreen(terminal);
    screen.paint(['0123456789abcde', 'x']);
    expect(take()).toBe('\x1b[?25l0123456789abcde\nx\n');
    screen.paint(['a', 'b']);
    expect(take()).toBe('\x1b[2A\r\x1b[Ja\nb\n');
    screen.paint(['0123456789abcde', 'x']);
    take();
    size.columns = 8; // 15 characters now take two lines
    screen.paint(['a']);
    expect(take()).toBe('\x1b[3A\r\x1b[Ja\n');
    screen.close();
    expect(take()).toBe('\x1b[?25h');
  });

  it('prints lines above the block, and never paints beyond the height', () => {
    const { terminal, size, take } = fake();
    const screen = new LiveScreen(terminal);
    size.rows = 3;
    screen.paint(['a', 'b', 'c', 'd']);
    expect(take()).toBe('\x1b[?25la\nb\n');
    screen.print('news\n');
    expect(take()).toBe('\x1b[2A\r\x1b[Jnews\na\nb\n');
  });
});

describe('tables and messages', () => {
  it('runs', () => {
    const base = { folder: '/runs/x', checkpoints: [50, 100], changedAt: 0 };
    const record = runRecord('count-20260101-000000');
    expect(
      `\n${runsTable([
        { ...base, id: record.id, record, state: 'running', step: 90, progress: 0.45, reward: 0.412, evaluation },
        { ...base, id: 'broken', state: 'damaged', problem: 'It is.', step: 0, progress: 0, checkpoints: [] },
      ])}`,
    ).toBe(`
RUN                    STATE    METHOD   STEP  BUDGET  REWARD  HELD-OUT                             CHECKPOINTS
count-20260101-000000  running  superrl    90    45 %   0.412  pass@1 13 % pass@8 47 % greedy 13 %  50 100
broken                 damaged  –           0     0 %       –  –                                    –
broken: It is.
`);
  });

  it('an evaluation', () => {
    expect(evaluationText(evaluation)).toBe(
      'pass@1     13 %  (95 % over prompts: 9.0 % to 16 %)\n' +
        'pass@8     47 %\n' +
        'greedy     13 %\n' +
        '2.0 % of the samples have no valid reward and count for nothing.\n' +
        '64 prompts × 8 samples in 3 s\n',
    );
  });

  it('scores', () => {
    expect(scoredText(0, [5, 17], [-0.5, -1.25], -1.75, (id) => (id === 5 ? ' a' : '\u001b'))).toBe(
      'row 0: log-probability -1.7500 of 2 tokens, -0.8750 a token\n' +
        '     -0.5000        5  " a"\n' +
        '     -1.2500       17  "␛"\n',
    );
  });

  it('tested rewards', () => {
    expect(
      testedText({
        row: 3,
        prompt: '1+1',
        completion: '2\n',
        rewards: {
          exact: { value: 1, console: 'seen 2\n' },
          style: { value: null },
          mine: { invalid: 'threw', reason: 'no such column', stack: 'at mine.ts:3:5' },
        },
        reward: null,
        correctness: null,
        success: false,
        invalidReason: 'mine: no such column',
      }),
    ).toBe(`row 3: "2\\n"
  exact: 1.000
    | seen 2
  style: does not apply
  mine: invalid (threw): no such column
    at mine.ts:3:5
  invalid: mine: no such column
`);
  });

  it('findings of the doctor', () => {
    expect(
      findingsText(
        [
          { name: 'Node.js', level: 'good', found: '20.1.0' },
          { name: 'Python', level: 'warning', found: 'not found', advice: 'Only for Python rewards.' },
        ],
        createPaint(false),
      ),
    ).toBe('✓ Node.js  20.1.0\n! Python   not found\n           Only for Python rewards.\n');
  });

  it('text of a model can not steer the terminal', () => {
    expect(printable('a\u001b[31m\u0007b\n\tc\u009b')).toBe('a␛[31m␇b\n\tc\ufffd');
  });
});

describe('the report of a run', () => {
  const decisions = { kinds: { pg: 14, sft: 40, mix: 0, skip: 10 }, solved: { none: 50, some: 13, all: 1 } };
  const epoch = { epoch: 0, groups: 64, noSignal: 1, maskedByShaping: 2, ...decisions };
  const report = {
    ...{ steps: 16, groups: 64, usedTokens: 120_300, elapsedMs: 65_000, evaluation, epochs: [epoch], rescues: [] },
    afterTrace: { unsolved: 40, seenAgain: 20, thenSolved: 5 },
    withoutTrace: { unsolved: 10, seenAgain: 4, thenSolved: 0 },
    unsolvedAt: [
      { k: 1, share: 0.9 },
      { k: 2, share: 0.8 },
    ],
  };
  const rescue = {
    ...{ promptId: 'p', prompt: '2, 3>5:', sampledBefore: '2-3=1', trace: '2+3=5\n=2+3', succeededAfter: '=2+3' },
    ...{ before: { step: 3, group: 0, successes: 0, valid: 4 }, after: { step: 9, group: 1, successes: 3, valid: 4 } },
  };
  const stored = runRecord('countdown-1');
  const settings = { enabled: true, scope: 'prompt', signal: 'reward' } as RunConfig['switch'];
  const record = { ...stored, config: { ...stored.config, switch: settings } };
  const reported = { id: 'countdown-1', folder: '/runs/countdown-1', record, report, examples: [rescue] };

  it('reads as text', () => {
    expect(reportText(reported)).toMatchInlineSnapshot(`
      "countdown-1  superrl · switch by prompt, reads reward · 16 steps · 120,300 tokens · 1m 05s of training
      held out: pass@1 13 %  pass@8 47 %  greedy 13 %

      EPOCH  GROUPS  FALLBACKS    PG   SFT  MIX  SKIP  NO SIGNAL  MASKED  SOLVED NONE  SOME    ALL
          1      64         40  22 %  63 %  0 %  16 %      1.6 %   3.1 %         78 %  20 %  1.6 %

      An unsolved group, and the next group of the same prompt
      LEARNED         UNSOLVED  SEEN AGAIN  THEN SOLVED
      from its trace        40          20     5 (25 %)
      no trace used         10           4      0 (0 %)
      The model learns from every other prompt in between: compare with a run of method rl.

      Groups without a success, by how many completions are sampled   K 1: 90 %  K 2: 80 %
      Groups solved by all completions: 1.6 %. There superrl-a learns from the trace and superrl stays with PG.

      Prompts that were unsolved, learned from their trace, and then had successes
        2, 3>5:
          step 3: 0 of 4   2-3=1
          trace   2+3=5 =2+3
          step 9: 3 of 4   =2+3
      "
    `);
  });

  it('of several runs begins with a line each', () => {
    expect(comparisonText([reported, { ...reported, id: 'other' }])).toMatchInlineSnapshot(`
      "RUN          METHOD   STEPS   TOKENS  TRAINING  PASS@1  PASS@8  GREEDY  FALLBACKS  UNSOLVED, THEN SOLVED
      countdown-1  superrl     16  120,300    1m 05s    13 %    47 %    13 %         40               5 (21 %)
      other        superrl     16  120,300    1m 05s    13 %    47 %    13 %         40               5 (21 %)
      "
    `);
  });

  it('says so when a method makes no decisions', () => {
    expect(reportText({ ...reported, report: { ...report, groups: 0 } })).toContain(
      'No groups were sampled: this method makes no decisions.',
    );
  });
});
