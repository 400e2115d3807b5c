// Which dataset row each record of a file of traces belongs to, so that what a run made of the row can be shown with
// the trace. Rows and records are named by their hash; no texts are kept.
import { openDataset } from './dataset';
import { type Hash64, HashIndex, hash64, hashText } from './hash-index';
import { rowHashOf } from './row-hash';
import { textOf } from './text';
import { openTraceFile } from './trace-file';
import type { TracesConfig } from './trace-source';

export interface TraceLinksRequest {
  readonly file: string;
  readonly map?: Readonly<Record<string, string>> | undefined;
  /** With a path, absolute. */
  readonly traces: TracesConfig;
}

export class TraceLinks {
  private constructor(
    private readonly records: HashIndex,
    private readonly rowHashes: readonly Hash64[],
  ) {}

  /** Throws SuperRlError as openDataset and openTraceFile do. */
  static async read({ file, map, traces }: TraceLinksRequest): Promise<TraceLinks> {
    const { path } = traces;
    if (path === undefined) return new TraceLinks(new HashIndex(), []);
    const dataset = await openDataset({ file, ...(map && { map }) });
    try {
      const { source, keys } = await openTraceFile(dataset.mapping, traces, path);
      try {
        const prompts = new HashIndex();
        const rowHashes: Hash64[] = [];
        for await (const row of dataset.scan()) {
          const key = textOf(keys.ours.read(row.columns)) ?? '';
          if (key !== '') prompts.add(hash64(key), rowHashes.length);
          rowHashes.push(hashOf(row.source.rowHash));
        }
        const records = new HashIndex();
        for await (const batch of source.batches()) {
          for (const { columns, bytes } of batch) {
            const key = textOf(keys.theirs.read(columns)) ?? '';
            const row = key === '' ? undefined : prompts.get(hash64(key));
            if (row !== undefined) records.add(hashOf(rowHashOf(bytes.toString('utf8'))), row);
          }
        }
        return new TraceLinks(records, rowHashes);
      } finally {
        await source.close();
      }
    } finally {
      await dataset.close();
    }
  }

  /** The hash of the row that a record of this hash is a trace for; undefined: of none. */
  rowOf(recordHash: string): string | undefined {
    const row = /^[0-9a-f]{16}$/.test(recordHash) ? this.records.get(hashOf(recordHash)) : undefined;
    const hash = row === undefined ? undefined : this.rowHashes[row];
    return hash && hashText(hash);
  }
}

/** Sixteen hexadecimal digits as the two numbers that an index keeps. */
function hashOf(digits: string): Hash64 {
  return { high: Number.parseInt(digits.slice(0, 8), 16), low: Number.parseInt(digits.slice(8), 16) };
}
