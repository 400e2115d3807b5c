// The settings, in the order that the settings editor shows them. Paths and the engine are decided by the person or
// the machine, never by a folder that isn't trusted (restrictedConfigurations).

export interface SettingContribution {
  readonly type: 'string' | 'number' | 'boolean' | 'integer';
  readonly default: string | number | boolean;
  readonly scope: 'machine-overridable' | 'window' | 'resource';
  readonly markdownDescription: string;
  readonly enum?: readonly string[];
  readonly enumDescriptions?: readonly string[];
  readonly minimum?: number;
  readonly maximum?: number;
  /** Not taken from the workspace while it isn't trusted. */
  readonly restricted?: true;
}

export const settings = {
  'superrl.nodePath': {
    type: 'string',
    default: '',
    scope: 'machine-overridable',
    restricted: true,
    markdownDescription:
      'Absolute path of the Node.js (20 or newer) that training runs on. Empty: a `node` on the `PATH` if it is new enough, else the editor’s own.',
  },
  'superrl.pythonPath': {
    type: 'string',
    default: '',
    scope: 'machine-overridable',
    restricted: true,
    markdownDescription: 'Python for reward functions written in Python. Empty: `python3` (on Windows `python`).',
  },
  'superrl.engine': {
    type: 'string',
    default: 'auto',
    scope: 'machine-overridable',
    restricted: true,
    enum: ['auto', 'onnx', 'onnx-webgpu', 'tensorflow', 'reference'],
    enumDescriptions: [
      'What the run file says, and there by default the fastest that works here.',
      'ONNX Runtime on the CPU. Included.',
      'ONNX Runtime, training on a GPU by WebGPU. Included.',
      'TensorFlow on an NVIDIA GPU. Needs `superrl setup tensorflow` and a real Node.js.',
      'Plain TypeScript: slow, for checking the others.',
    ],
    markdownDescription: 'Engine of runs that are started from this editor; overrides `engine` in the run file.',
  },
  'superrl.runsDirectory': {
    type: 'string',
    default: '',
    scope: 'machine-overridable',
    restricted: true,
    markdownDescription:
      'Absolute folder for the runs. Empty: `runs` beside the run file. Sampled texts and checkpoints are written there.',
  },
  'superrl.dashboard.maxSamplesShown': {
    type: 'integer',
    default: 200,
    minimum: 10,
    maximum: 1000,
    scope: 'window',
    markdownDescription: 'Most groups of samples that the dashboard lists at once.',
  },
  'superrl.inline.enabled': {
    type: 'boolean',
    default: true,
    scope: 'window',
    markdownDescription:
      'Shows in dataset files what the newest run made of each row, and what is known of the file at its head.',
  },
  'superrl.reward.timeoutMs': {
    type: 'integer',
    default: 0,
    minimum: 0,
    scope: 'window',
    markdownDescription:
      'Time limit of one call of a reward function in milliseconds, for runs that are started from this editor, rescoring and audits. 0: `timeoutMs` of the reward in the run file. While a debugger is attached there is none.',
  },
  'superrl.reward.memoryMb': {
    type: 'integer',
    default: 1024,
    minimum: 128,
    scope: 'window',
    markdownDescription:
      'Most memory in megabytes of the process that runs reward functions, with everything it starts. One that uses more is ended: its completions are invalid, and a new process goes on.',
  },
} as const satisfies Record<`superrl.${string}`, SettingContribution>;

export type SettingId = keyof typeof settings;
type Widened<T> = T extends string ? string : T extends number ? number : boolean;
export type SettingValue<S extends SettingId> = Widened<(typeof settings)[S]['default']>;

export const restrictedSettings = (Object.keys(settings) as SettingId[]).filter(
  (id) => (settings[id] as SettingContribution).restricted === true,
);
