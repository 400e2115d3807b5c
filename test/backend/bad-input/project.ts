// The project in which mistakes are made: a small dataset with traces, a run file, a checkpoint from the golden
// models, and a finished run. Each case gets a copy of its own.
import { createHash } from 'node:crypto';
import { cpSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { ownIdentity } from '../../../backend/trainer/run-folder/process-identity';
import { goldenFolder, type SuperRlProgram } from '../cli/superrl-program';

/** Name of the finished run that `withRun` puts in the project. */
export const runName = 'tiny-20260101-120000';

const rows = ['12', '345', '6', '78', '90', '407'].map((digits) => {
  const answer = [...digits].reverse().join('');
  return { prompt: `${digits}>`, answer, trace: answer };
});
const runFile = {
  name: 'tiny',
  model: { scratch: { hidden: 32, layers: 1, heads: 2, context: 32 } },
  data: { train: 'train.jsonl', eval: 'heldout.jsonl' },
  traces: { map: { demonstration: 'trace' } },
  rewards: [{ name: 'reversed', use: 'exact' }],
  rollout: { promptsPerStep: 2, k: 2, maxNewTokens: 4 },
  budget: { steps: 2 },
  checkpoint: { every: 1 },
};

/** JSONL of objects. */
export function jsonl(objects: readonly unknown[]): string {
  return objects.map((object) => `${JSON.stringify(object)}\n`).join('');
}

export class Project {
  constructor(
    readonly folder: string,
    private readonly finishedRun: string,
  ) {
    mkdirSync(folder, { recursive: true });
    this.write('train.jsonl', jsonl(rows.slice(0, 4)));
    this.write('heldout.jsonl', jsonl(rows.slice(4)));
    this.writeRunFile({});
  }

  path(name: string): string {
    return join(this.folder, name);
  }

  write(name: string, content: string | Uint8Array): void {
    mkdirSync(dirname(this.path(name)), { recursive: true });
    writeFileSync(this.path(name), content);
  }

  writeRunFile(fields: Readonly<Record<string, unknown>>): void {
    this.write('tiny.superrl.json', `${JSON.stringify({ ...runFile, ...fields }, null, 2)}\n`);
  }

  remove(name: string): void {
    rmSync(this.path(name), { recursive: true });
  }

  /** Cuts a file after its first bytes. */
  cut(name: string, length: number): void {
    this.write(name, readFileSync(this.path(name)).subarray(0, length));
  }

  /** Changes the object in a JSON file. */
  editJson(name: string, fields: Readonly<Record<string, unknown>>): void {
    this.write(name, JSON.stringify({ ...JSON.parse(readFileSync(this.path(name), 'utf8')), ...fields }));
  }

  /** A checkpoint in the folder "model". */
  addModel(): void {
    cpSync(join(goldenFolder, 'models/llama-tied'), this.path('model'), { recursive: true });
  }

  /** The finished run of two steps, as if it had been made here. */
  addRun(): void {
    const folder = `runs/${runName}`;
    cpSync(this.finishedRun, this.path(folder), { recursive: true });
    this.editJson(`${folder}/run.json`, { id: runName, runFile: this.path('tiny.superrl.json') });
  }

  /** The run's lock, held by this process. */
  holdLock(): void {
    this.write(`runs/${runName}/run.lock`, JSON.stringify(ownIdentity()));
  }

  /** Hash of each file, by path. */
  contents(): Map<string, string> {
    const files = readdirSync(this.folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
    return new Map(
      files.map((entry) => {
        const path = join(entry.parentPath, entry.name);
        const hash = createHash('sha256').update(readFileSync(path)).digest('hex');
        return [relative(this.folder, path), `${statSync(path).size} bytes, ${hash}`];
      }),
    );
  }
}

/** Trains the project's own run file to its end; returns the folder of the run. */
export async function trainOnce(superrl: SuperRlProgram): Promise<string> {
  const project = new Project(join(superrl.folder, 'finished'), '');
  const { code, err } = await superrl.run('train', project.path('tiny.superrl.json'));
  if (code !== 0) throw new Error(`The project's own run failed: ${err}`);
  const runs = project.path('runs');
  const made = readdirSync(runs).find((name) => name.startsWith('tiny-')) ?? '';
  renameSync(join(runs, made), join(runs, runName));
  return join(runs, runName);
}
