// Runs that wait for their turn, kept in a file of the state folder: they outlive the server. A run leaves the queue
// when its folder is there; so a server that dies in between starts it again, and never loses it.
import { existsSync, readFileSync } from 'node:fs';
import { rename } from 'node:fs/promises';
import { z } from 'zod';
import { writeFileAtomically } from '../trainer/run-folder/atomic-file';
import { startMessageSchema } from '../trainer/trainer-messages';

const queuedRunSchema = z.object({
  queueId: z.string(),
  start: startMessageSchema,
  name: z.string(),
  method: z.string(),
  /** Milliseconds since the epoch. */
  since: z.number(),
  /** Why it could not be started when its turn came; it stays listed until it is taken out. */
  failure: z.string().optional(),
});
export type QueuedRun = z.infer<typeof queuedRunSchema>;

const fileSchema = z.object({ format: z.literal(1), runs: z.array(queuedRunSchema) });

export class RunQueue {
  readonly #file: string;
  #runs: readonly QueuedRun[];
  /** Writes one after the other, so that the newest state is what stays. */
  #written: Promise<void> = Promise.resolve();

  private constructor(file: string, runs: readonly QueuedRun[]) {
    this.#file = file;
    this.#runs = runs;
  }

  /** The queue as it was left. A file that isn't one is put aside, and `log` says where. */
  static async open(file: string, log: (text: string) => void): Promise<RunQueue> {
    if (!existsSync(file)) return new RunQueue(file, []);
    try {
      return new RunQueue(file, fileSchema.parse(JSON.parse(readFileSync(file, 'utf8'))).runs);
    } catch (error) {
      const aside = `${file}.damaged`;
      await rename(file, aside);
      log(`The queue of runs can't be read and was put aside as ${aside}: ${String(error)}`);
      return new RunQueue(file, []);
    }
  }

  /** First in turn first; failed ones too. */
  get runs(): readonly QueuedRun[] {
    return this.#runs;
  }

  /** Resolves when it is on disk. @throws SuperRlError `storage`; the run isn't queued then. */
  async add(run: QueuedRun): Promise<void> {
    this.#runs = [...this.#runs, run];
    try {
      await this.#write();
    } catch (error) {
      this.#runs = this.#runs.filter((queued) => queued !== run);
      throw error;
    }
  }

  /** @throws SuperRlError `storage`; the next server will find it still queued. */
  async remove(queueId: string): Promise<void> {
    this.#runs = this.#runs.filter((run) => run.queueId !== queueId);
    await this.#write();
  }

  /** @throws SuperRlError `storage`; the next server will try to start it again. */
  async fail(queueId: string, failure: string): Promise<void> {
    this.#runs = this.#runs.map((run) => (run.queueId === queueId ? { ...run, failure } : run));
    await this.#write();
  }

  #write(): Promise<void> {
    const written = this.#written.then(() =>
      writeFileAtomically(this.#file, `${JSON.stringify({ format: 1, runs: this.#runs })}\n`),
    );
    this.#written = written.catch(() => {});
    return written;
  }
}
