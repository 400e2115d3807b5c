// `superrl train RUN`: starts the trainer in a process of its own and shows the run by following its events.
// Ctrl-C once asks it to finish the step, save and end; twice ends it at once.
import { existsSync, statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import type { Command } from 'commander';
import { SuperRlError } from '../protocol/errors';
import { changeOnResume } from '../trainer/resume-changes';
import { EventTail } from '../trainer/run-folder/event-tail';
import { readEvents, readLastEvents } from '../trainer/run-folder/read-events';
import { readRunRecord } from '../trainer/run-folder/run-json';
import { findRun, listRuns } from '../trainer/run-folder/run-listing';
import { readRunSettings } from '../trainer/run-settings';
import type { StartMessage } from '../trainer/trainer-messages';
import { startTrainer, type TrainerEnd, type TrainerProcess } from '../trainer/trainer-process';
import { type CommandContext, type CommonOptions, collect, createCommand, runsOption } from './command';
import { exitCodes } from './error-report';
import { createRunDisplay, type DisplayedRun, type RunDisplay, runningHint } from './run-display';
import type { Terminal } from './terminal';

interface TrainOptions extends CommonOptions {
  readonly set?: readonly string[];
  readonly resume?: boolean;
  readonly runs?: string;
}

export function trainCommand({ terminal, finish }: CommandContext): Command {
  return createCommand('train <run>', 'Train by a run file, or go on with a run')
    .option(
      '--set <path=value>',
      'change a field of the run file, as rollout.k=4; with --resume, of the budget, eval.every, checkpoint.every',
      collect,
    )
    .option('--resume', 'go on with a run: its folder or name, or the newest run of a run file')
    .addOption(runsOption())
    .addHelpText(
      'after',
      '\nCtrl-C once: finish the step, save, exit (130). Twice: exit at once. --json prints the events of the run.',
    )
    .action(async (run: string, options: TrainOptions) => {
      const start = options.resume ? resumeMessage(run, options) : newRunMessage(run, options);
      finish(await trainAndShow(start, terminal, options.json ?? false));
    });
}

function newRunMessage(run: string, { set = [], runs }: TrainOptions): StartMessage {
  if (existsSync(join(run, 'run.json'))) {
    throw new SuperRlError(
      'usage',
      `${run} is a run: go on with it by "superrl train ${run} --resume", or give its run file to start a new one.`,
    );
  }
  const { runFile } = readRunSettings(run, set); // every mistake of the file, before a process is started
  return {
    kind: 'start',
    runFile,
    overrides: [...set],
    ...(runs === undefined ? {} : { runsDirectory: resolve(runs) }),
  };
}

function resumeMessage(run: string, { set = [], runs }: TrainOptions): StartMessage {
  const folder = runToResume(run, runs);
  const { runFile, config } = readRunRecord(folder);
  changeOnResume(config, set); // every mistake, before a process is started
  return { kind: 'start', runFile, overrides: [...set], resume: folder };
}

/** A run folder or name as it is; of a run file, its newest run. */
function runToResume(run: string, runs: string | undefined): string {
  const file = resolve(run);
  if (!existsSync(file) || !statSync(file).isFile()) return findRun(run, resolve(runs ?? 'runs'));
  const directory = resolve(runs ?? join(dirname(file), 'runs'));
  const newest = listRuns(directory).find(({ record }) => record?.runFile === file);
  if (newest) return newest.folder;
  throw new SuperRlError('usage', `No run of ${file} in ${directory} to go on with. Start one without --resume.`);
}

async function trainAndShow(start: StartMessage, terminal: Terminal, json: boolean): Promise<number> {
  const recalledSeq = start.resume === undefined ? 0 : (readLastEvents(start.resume).at(-1)?.seq ?? 0);
  const trainer = startTrainer(start);
  let display: RunDisplay | undefined;
  const interruption = new Interruption(trainer, () => {
    const hint = 'Finishing the step and saving; Ctrl-C again ends at once';
    if (display) display.setHint(hint);
    else if (!json) terminal.err(`${hint}\n`);
  });
  try {
    if (!json) terminal.err('Preparing: data, model, rewards…\n');
    const folder = await openedFolder(trainer, interruption);
    if (folder === undefined) return exitCodes.interrupted;
    display = createRunDisplay(terminal, displayedRun(folder, start), { json });
    const end = await showUntilEnd(folder, trainer, display, {
      recalledSeq,
      isAsked: () => interruption.isAsked,
    });
    display.close();
    display = undefined;
    return report(end, folder, { terminal, json, isAsked: interruption.isAsked });
  } finally {
    display?.close();
    interruption.stopListening();
  }
}

/** The run folder; undefined when the person left before there was one. */
async function openedFolder(trainer: TrainerProcess, interruption: Interruption): Promise<string | undefined> {
  try {
    return await trainer.opened;
  } catch (error) {
    if (interruption.isAsked) return undefined;
    throw error;
  }
}

/** What was changed on resume is in run.json only once the checkpoint has been taken up. */
function displayedRun(folder: string, { resume, overrides }: StartMessage): DisplayedRun {
  const { config, engine } = readRunRecord(folder);
  const { method, budget } = resume === undefined ? config : changeOnResume(config, overrides).config;
  return { name: basename(folder), method, engine: `${engine.engine} on ${engine.device}`, budget };
}

/** Follows the events until the trainer has ended and its last event is shown; those up to `recalledSeq` are old. */
async function showUntilEnd(
  folder: string,
  trainer: TrainerProcess,
  display: RunDisplay,
  { recalledSeq, isAsked }: { recalledSeq: number; isAsked: () => boolean },
): Promise<TrainerEnd> {
  const stop = new AbortController();
  let lastSeq = 0;
  let isPaused = false;
  const following = (async () => {
    for await (const events of new EventTail(folder, { pollMs: 100, signal: stop.signal })) {
      for (const event of events) {
        if (event.seq > recalledSeq) display.show(event);
        else display.recall(event);
        if (event.type === 'state' && event.seq > recalledSeq) {
          const wasPaused = isPaused;
          isPaused = event.data.state === 'paused';
          if (isPaused) display.setHint('Paused. Ctrl-C ends the run, saved; go on with it by --resume');
          else if (wasPaused && !isAsked()) display.setHint(runningHint);
        }
        lastSeq = event.seq;
      }
    }
  })();
  const end = await Promise.race([trainer.ended, following.then(() => trainer.ended)]);
  stop.abort();
  await following;
  for (const event of readEvents(folder, lastSeq + 1)) display.show(event);
  return end;
}

interface ReportOptions {
  readonly terminal: Terminal;
  readonly json: boolean;
  /** The person asked for the end. */
  readonly isAsked: boolean;
}

/** Tells how the run ended; returns the exit code, or throws what ended it. */
function report({ state, error }: TrainerEnd, folder: string, { terminal, json, isAsked }: ReportOptions): number {
  const say = (text: string): void => {
    if (!json) terminal.out(`${text}\n`);
  };
  if (state === 'finished') {
    say(`Finished. The run is in ${folder}`);
    return exitCodes.done;
  }
  const resume = `Go on with: superrl train ${folder} --resume`;
  if (state === 'interrupted' && !error) {
    say(`Stopped and saved. ${resume}`);
    return exitCodes.interrupted;
  }
  if (state === 'interrupted' && isAsked) {
    say(`Ended at once. ${resume}`);
    return exitCodes.interrupted;
  }
  say(`The run is in ${folder}`);
  throw error ?? new SuperRlError('run', `The run failed. ${resume}`);
}

/** Ctrl-C (and SIGTERM, and a closed terminal): first a request to stop, then the end at once. */
class Interruption {
  isAsked = false;
  readonly #trainer: TrainerProcess;
  readonly #onAsked: () => void;

  constructor(trainer: TrainerProcess, onAsked: () => void) {
    this.#trainer = trainer;
    this.#onAsked = onAsked;
    for (const signal of interruptSignals) process.on(signal, this.#interrupt);
  }

  stopListening(): void {
    for (const signal of interruptSignals) process.off(signal, this.#interrupt);
  }

  readonly #interrupt = (): void => {
    if (this.isAsked) {
      this.#trainer.kill();
      return;
    }
    this.isAsked = true;
    this.#trainer.request('stop', 'Ctrl-C');
    this.#onAsked();
  };
}

const interruptSignals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
