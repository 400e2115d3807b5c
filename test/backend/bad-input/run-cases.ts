// What goes wrong with run folders: resume, checkpoints, logs, locks, disks.
import { readFileSync } from 'node:fs';
import type { BadInput } from './bad-input';
import { type Project, runName } from './project';

const run = `runs/${runName}`;
const resume = ['train', run, '--resume'];
/** A run with one step still to go: its checkpoint of step 2 and its end are not there yet. */
const withRun = (change: (project: Project) => void) => (project: Project) => {
  project.addRun();
  change(project);
};
const longer = (project: Project) => {
  const { config } = JSON.parse(readFileSync(project.path(`${run}/run.json`), 'utf8'));
  project.editJson(`${run}/run.json`, { config: { ...config, budget: { steps: 3 } } });
};
const unfinished = (change: (project: Project) => void) =>
  withRun((project) => {
    longer(project);
    change(project);
  });
const ownReward = (project: Project) => {
  const { config } = JSON.parse(readFileSync(project.path(`${run}/run.json`), 'utf8'));
  const [{ use: _, ...reward }] = config.rewards;
  project.editJson(`${run}/run.json`, { config: { ...config, rewards: [{ ...reward, file: 'mine.reward.ts' }] } });
};
const afterResume = /^runs\/[^/]+\/(events\.jsonl|summary\.json|samples\/step-000003\.jsonl|checkpoints\/.*)$/;

export const runCases: readonly BadInput[] = [
  {
    mistake: 'the runs directory is a file',
    files: { runs: 'not a folder' },
    code: 1,
    says: '/project/runs is a file where a folder should be. Remove it, or choose another folder with --runs. What was written before is safe.',
  },
  {
    mistake: 'the runs directory is on a read-only disk',
    disk: { name: 'readonly', options: 'ro' },
    command: ['train', 'tiny.superrl.json', '--runs', 'readonly/runs'],
    code: 1,
    says: '/project/readonly/runs is on a read-only file system. Choose another folder with --runs. What was written before is safe.',
  },
  {
    mistake: 'the disk is full',
    disk: { name: 'small', options: 'size=128k' },
    command: ['train', 'tiny.superrl.json', '--runs', 'small/runs'],
    code: 1,
    says: 'The disk that holds /project/small/runs/tiny-20260101-120000/checkpoints is full. Free space, then resume the run with --resume. What was written before is safe.',
    mayChange: /^small\//,
  },
  {
    mistake: 'a file size limit (`ulimit -f`)',
    fileLimitKb: 40,
    code: 1,
    says: '/project/runs/tiny-20260101-120000/checkpoints/step-000001 reached the file size limit of this system (see "ulimit -f"). Raise it, then resume the run with --resume. What was written before is safe.',
    mayChange: /^runs\//,
  },
  {
    mistake: 'the run is already going on in another process',
    prepare: unfinished((project) => project.holdLock()),
    command: resume,
    code: 1,
    says: 'This run is in progress (process 1234). Stop it with "superrl stop", or wait for its end.',
  },
  {
    mistake: 'the run is held on another machine',
    prepare: unfinished((project) =>
      project.write(`${run}/run.lock`, JSON.stringify({ pid: 1234, startTime: '1', host: 'cluster-7' })),
    ),
    command: resume,
    code: 1,
    says: "This run is held by process 1234 on the machine cluster-7, which can't be asked from here. If it has ended, delete /project/runs/tiny-20260101-120000/run.lock and try again.",
  },
  {
    mistake: "a resumed run's data is gone",
    prepare: unfinished((project) => project.remove('train.jsonl')),
    command: resume,
    code: 1,
    says: "/project/train.jsonl: There is no such file. Check the path; in a run file it is relative to that file's folder.",
  },
  {
    mistake: "a resumed run's data has changed",
    prepare: unfinished((project) => project.write('train.jsonl', '{"prompt":"55>","answer":"55","trace":"55"}\n')),
    command: resume,
    code: 1,
    says: "/project/train.jsonl: This file has changed since the run was started, so the run can't go on where it was. Restore it, or start a new run.",
  },
  {
    mistake: "a resumed run's reward is gone",
    prepare: unfinished(ownReward),
    command: resume,
    code: 1,
    says: '/project/mine.reward.ts: Reward "reversed": there is no such file. Paths are relative to the run file.',
  },
  {
    mistake: "a resumed run's reward was edited: it goes on, and says so",
    prepare: unfinished((project) => {
      ownReward(project);
      project.write('mine.reward.ts', 'export const mine = () => 1;\n');
      const inputs = [{ kind: 'reward', path: 'mine.reward.ts', sha256: 'of the file as it was' }];
      project.editJson(`${run}/run.json`, { inputs });
    }),
    command: resume,
    code: 0,
    on: 'out',
    says: 'warning: mine.reward.ts has changed since the run was started; from this step on it scores as it is now.',
    mayChange: afterResume,
  },
  {
    mistake: 'the newest checkpoint is damaged: it goes on from the one before',
    prepare: unfinished((project) => project.cut(`${run}/checkpoints/step-000002/model.safetensors`, 900)),
    command: resume,
    code: 0,
    on: 'out',
    says: 'warning: The checkpoint step-000002 is damaged and was passed over: /project/runs/tiny-20260101-120000/checkpoints/step-000002/model.safetensors: not a whole safetensors file: it ends inside its header. Download or export it again.\nresumed from step 1\n',
    mayChange: /^runs\//,
  },
  {
    mistake: 'every checkpoint is damaged',
    prepare: unfinished((project) => {
      for (const step of ['000001', '000002']) project.cut(`${run}/checkpoints/step-${step}/model.safetensors`, 900);
    }),
    command: resume,
    code: 1,
    says: '/project/runs/tiny-20260101-120000/checkpoints: None of the 2 checkpoints of this run can be read. Start a new run, or restore the files. The newest: /project/runs/tiny-20260101-120000/checkpoints/step-000002/model.safetensors: not a whole safetensors file: it ends inside its header. Download or export it again.',
    mayChange: /events\.jsonl$/,
  },
  {
    mistake: 'a file of the checkpoint is missing',
    prepare: unfinished((project) => {
      project.remove(`${run}/checkpoints/step-000001`);
      project.remove(`${run}/checkpoints/step-000002/optimizer.safetensors`);
    }),
    command: resume,
    code: 1,
    says: '/project/runs/tiny-20260101-120000/checkpoints: None of the 1 checkpoints of this run can be read. Start a new run, or restore the files. The newest: /project/runs/tiny-20260101-120000/checkpoints/step-000002/optimizer.safetensors: this file cannot be opened; check that it exists and is readable.',
    mayChange: /events\.jsonl$/,
  },
  {
    mistake: 'a checkpoint of a step that was not kept',
    prepare: (project) => project.addRun(),
    command: ['eval', run, '--step', '77'],
    code: 1,
    says: '/project/runs/tiny-20260101-120000: This run has no checkpoint of step 77. There are steps 1, 2.',
  },
  {
    mistake: '`sample` of a run that has no checkpoint yet',
    prepare: withRun((project) => project.remove(`${run}/checkpoints`)),
    command: ['sample', run, '--prompt', '1'],
    code: 1,
    says: '/project/runs/tiny-20260101-120000: This run has no checkpoint. It has saved none yet.',
  },
  {
    mistake: 'a torn last line in the log, as after a power cut: it is cut, nothing else is lost',
    prepare: unfinished((project) => {
      const log = readFileSync(project.path(`${run}/events.jsonl`), 'utf8');
      project.write(`${run}/events.jsonl`, `${log}{"seq":99,"ts":17000`);
    }),
    command: resume,
    code: 0,
    on: 'out',
    says: 'resumed from step 2\n',
    mayChange: afterResume,
  },
  {
    mistake: 'a broken line in the middle of the log',
    prepare: unfinished((project) => {
      const lines = readFileSync(project.path(`${run}/events.jsonl`), 'utf8').split('\n');
      lines[3] = 'edited by hand';
      project.write(`${run}/events.jsonl`, lines.join('\n'));
    }),
    command: resume,
    code: 1,
    says: '/project/runs/tiny-20260101-120000/events.jsonl: This line is not an event that this version of SuperRL knows; update it, or restore the file. Unexpected token \'e\', "edited by hand" is not valid JSON',
  },
  {
    mistake: 'run.json is cut off',
    prepare: withRun((project) => project.cut(`${run}/run.json`, 200)),
    command: resume,
    code: 1,
    says: '/project/runs/tiny-20260101-120000/run.json: This file is damaged (Unterminated string in JSON at position 200). Restore it, or start a new run.',
  },
  {
    mistake: 'run.json lacks fields',
    prepare: withRun((project) => project.write(`${run}/run.json`, '{"format": 1}')),
    command: resume,
    code: 1,
    says: '/project/runs/tiny-20260101-120000/run.json: This file is not what it should be: id, superrl, createdAt, runFile, config, machine, engine, plan are missing or wrong. Restore it, or start a new run.',
  },
  {
    mistake: 'run.json of a newer version',
    prepare: withRun((project) => project.editJson(`${run}/run.json`, { format: 9 })),
    command: resume,
    code: 1,
    says: '/project/runs/tiny-20260101-120000/run.json: This run was made by a newer version of SuperRL. Update to open it.',
  },
  {
    mistake: 'a damaged run among others',
    prepare: withRun((project) => project.cut(`${run}/run.json`, 200)),
    command: ['runs'],
    code: 0,
    on: 'out',
    says: 'tiny-20260101-120000: /project/runs/tiny-20260101-120000/run.json: This file is damaged (Unterminated string in JSON at position 200). Restore it, or start a new run.',
  },
  {
    mistake: 'resume of a run that has reached its end',
    prepare: (project) => project.addRun(),
    command: resume,
    code: 0,
    on: 'out',
    says: 'finished: 2 steps are done.\n',
    mayChange: /^runs\//,
  },
];
