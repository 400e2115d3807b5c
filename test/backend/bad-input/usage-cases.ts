// Mistakes on the command line itself.
import type { BadInput } from './bad-input';
import { runName } from './project';

export const usageCases: readonly BadInput[] = [
  {
    mistake: 'no command: the help, and',
    command: [],
    code: 2,
    says: 'A command is missing. "superrl --help" lists them.',
  },
  {
    mistake: 'an unknown command',
    command: ['trian', 'tiny.superrl.json'],
    code: 2,
    says: 'Unknown command \'trian\'. Did you mean train? See "superrl help".',
  },
  {
    mistake: 'an unknown option',
    command: ['train', 'tiny.superrl.json', '--resum'],
    code: 2,
    says: 'Unknown option \'--resum\'. Did you mean --resume? See "superrl help".',
  },
  {
    mistake: 'an argument is missing',
    command: ['score', 'model'],
    code: 2,
    says: 'Missing required argument \'file\'. See "superrl help".',
  },
  {
    mistake: 'a word where a number belongs',
    command: ['sample', 'model', '--prompt', 'a', '--max-new-tokens', 'many'],
    code: 2,
    says: '--max-new-tokens must be a whole number of at least 1, not "many".',
  },
  {
    mistake: 'an option value that is none of the choices',
    command: ['export', 'model', 'out', '--dtype', 'int3'],
    code: 2,
    says: "Option '--dtype <type>' argument 'int3' is invalid. Allowed choices are float32, bfloat16, float16, q8_0. See \"superrl help\".",
  },
  {
    mistake: 'the run file is not there',
    command: ['train', 'tyni.superrl.json'],
    code: 2,
    says: 'There is no file /project/tyni.superrl.json. Give a run file (NAME.superrl.json), or a run folder.',
  },
  {
    mistake: 'a folder that is no run, in place of a run file',
    files: { 'notes/readme.txt': 'nothing' },
    command: ['train', 'notes'],
    code: 2,
    says: '/project/notes is a folder without run.json. Give a run file (NAME.superrl.json), or a run folder.',
  },
  {
    mistake: 'a dataset in place of a run file',
    command: ['train', 'train.jsonl'],
    code: 2,
    says: '/project/train.jsonl is no run file by its name, but data or a model. Give a run file (NAME.superrl.json), or a run folder.',
  },
  {
    mistake: '`--set` without "="',
    command: ['train', 'tiny.superrl.json', '--set', 'rollout.k'],
    code: 2,
    says: '--set "rollout.k": write path=value, for example rollout.k=4.',
  },
  {
    mistake: '`--set` of an unknown field',
    command: ['train', 'tiny.superrl.json', '--set', 'rollout.kk=4'],
    code: 2,
    says: '--set rollout.kk=4: "kk" is not a field of "rollout". Did you mean "k"?',
  },
  {
    mistake: '`--set` below a value that has no fields',
    command: ['train', 'tiny.superrl.json', '--set', 'name.first=a'],
    code: 2,
    says: '--set "name.first=a": what should hold "first" is "tiny", not an object. Set the whole of it instead.',
  },
  {
    mistake: '`--set` of a list item beyond its end',
    command: ['train', 'tiny.superrl.json', '--set', 'rewards[4].weight=2'],
    code: 2,
    says: '--set "rewards[4].weight=2": the list has 1 items, so [4] is beyond its end.',
  },
  {
    mistake: 'an engine that does not exist',
    command: ['train', 'tiny.superrl.json', '--set', 'engine=cuda'],
    code: 2,
    says: '--set engine=cuda: "engine" must be one of "auto", "onnx", "onnx-webgpu", "tensorflow", "reference", not the text "cuda".',
  },
  {
    mistake: '`--map` without "="',
    command: ['data', 'inspect', 'train.jsonl', '--map', 'prompt'],
    code: 2,
    says: '--map "prompt": write field=column, for example prompt=question.',
  },
  {
    mistake: '`--step` for a run file',
    command: ['eval', 'tiny.superrl.json', '--step', '3'],
    code: 2,
    says: '--step names a checkpoint of a run; give a run folder.',
  },
  {
    mistake: 'an empty prompt',
    prepare: (project) => project.addModel(),
    command: ['sample', 'model', '--prompt', '', '--no-chat-template'],
    code: 2,
    says: 'The prompt is empty; give at least one character.',
  },
  {
    mistake: 'any error with `--json`: an object for programs',
    command: ['train', 'tyni.superrl.json', '--json'],
    code: 2,
    says: '{"error":{"code":"usage","message":"There is no file /project/tyni.superrl.json. Give a run file (NAME.superrl.json), or a run folder."}}',
  },
  {
    mistake: 'no such run',
    prepare: (project) => project.addRun(),
    command: ['stop', 'tyni'],
    code: 2,
    says: 'There is no run "tyni" in /project/runs. Runs: tiny-20260101-120000.',
  },
  {
    mistake: '`stop` of a run that is not running',
    prepare: (project) => project.addRun(),
    command: ['stop', runName],
    code: 1,
    says: 'tiny-20260101-120000 is not running (finished); there is nothing to stop.',
  },
  {
    mistake: '`--set` of what a run can’t change any more',
    prepare: (project) => project.addRun(),
    command: ['train', `runs/${runName}`, '--resume', '--set', 'seed=2'],
    code: 2,
    says:
      '--set seed=2: a run goes on with the configuration that made its steps so far. ' +
      'With --resume only budget.steps, budget.minutes, budget.tokens, eval.every, checkpoint.every and update.microBatchTokens can be changed; for anything else start a new run.',
  },
  {
    mistake: 'a run folder without `--resume`',
    prepare: (project) => project.addRun(),
    command: ['train', `runs/${runName}`],
    code: 2,
    says: 'runs/tiny-20260101-120000 is a run: go on with it by "superrl train runs/tiny-20260101-120000 --resume", or give its run file to start a new one.',
  },
  {
    mistake: '`--resume` where nothing has run yet',
    command: ['train', 'tiny.superrl.json', '--resume'],
    code: 2,
    says: 'No run of /project/tiny.superrl.json in /project/runs to go on with. Start one without --resume.',
  },
  {
    mistake: 'a row that the dataset has not',
    command: ['reward', 'test', 'tiny.superrl.json', '--row', '9'],
    code: 2,
    says: '--row 9: the dataset has 4 usable rows.',
  },
  {
    mistake: 'a port for `serve`: it takes a free one by itself',
    command: ['serve', '--port', '80'],
    code: 2,
    says: 'Unknown option \'--port\'. See "superrl help".',
  },
];
