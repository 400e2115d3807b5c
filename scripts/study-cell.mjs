// What a study keeps of a run: a summary of its events, as a cell of docs/results.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Runs of more steps are summed up only. */
const longestByStep = 100;

/** The final evaluation, the curve, the switch's shares, and for short runs the reward and sft share of every step. */
export function summariseRun(folder) {
  const events = readFileSync(join(folder, 'events.jsonl'), 'utf8')
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line));
  const metrics = events.filter((event) => event.type === 'metrics').map((event) => event.data);
  const evaluations = events.filter((event) => event.type === 'evaluation').map((event) => event.data);
  const last = metrics.at(-1);
  const mean = (key, list) =>
    list.reduce((sum, item) => sum + Number(item.values[key] ?? 0), 0) / Math.max(1, list.length);
  return {
    steps: last?.step ?? 0,
    usedTokens: last?.usedTokens ?? 0,
    trainingSeconds: Math.round((last?.elapsedMs ?? 0) / 100) / 10,
    final: evaluations.at(-1),
    curve: evaluations.map(({ step, values }) => ({ step, ...values })),
    switch: Object.fromEntries(
      ['pg', 'sft', 'mix', 'skip'].map((kind) => [kind, round(mean(`switch/${kind}_frac`, metrics))]),
    ),
    sftShareOfLast20: round(mean('switch/sft_frac', metrics.slice(-20))),
    ...(metrics.length <= longestByStep && {
      byStep: metrics.map(({ values }) => ({
        reward: round(Number(values.reward ?? 0)),
        sft: round(Number(values['switch/sft_frac'] ?? 0)),
      })),
    }),
    alarms: events
      .filter((event) => event.type === 'alarm')
      .map((event) => ({ step: event.data.step, kind: event.data.kind })),
  };
}

function round(value) {
  return Math.round(value * 1e4) / 1e4;
}
