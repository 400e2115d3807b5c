// Keeps the sessions of traced graphs by key, the least recently used going first when their memory passes a bound. A
// graph's bytes outlive its session: making a session again takes a third of the time of tracing too.
import type { InferenceSession } from 'onnxruntime-node';

export interface TracedGraph {
  readonly model: Uint8Array;
  /** What a session's arena is expected to hold after a run; it keeps that until the session is released. */
  readonly peakBytes: number;
}

interface CachedSession {
  readonly session: InferenceSession;
  readonly bytes: number;
}

/** Graphs are a few hundred bytes a node. */
const maxGraphs = 128;

export class SessionCache {
  private readonly sessions = new Map<string, CachedSession>();
  private readonly graphs = new Map<string, TracedGraph>();

  /** @param maxBytes of all sessions together; the newest is kept even when it alone passes the bound */
  constructor(
    private readonly maxBytes: number,
    private readonly open: (model: Uint8Array) => Promise<InferenceSession>,
  ) {}

  /** The session of this key; the graph is traced when it is not known. */
  async get(key: string, trace: () => TracedGraph): Promise<InferenceSession> {
    let cached = this.sessions.get(key);
    if (cached === undefined) {
      const graph = this.graphs.get(key) ?? trace();
      touch(this.graphs, key, graph);
      for (const oldest of [...this.graphs.keys()].slice(0, -maxGraphs)) this.graphs.delete(oldest);
      await this.makeRoom(graph.peakBytes);
      cached = { session: await this.open(graph.model), bytes: graph.peakBytes };
    }
    touch(this.sessions, key, cached);
    return cached.session;
  }

  get size(): number {
    return this.sessions.size;
  }

  async clear(): Promise<void> {
    this.graphs.clear();
    await this.makeRoom(Number.POSITIVE_INFINITY);
  }

  private async makeRoom(bytes: number): Promise<void> {
    let total = [...this.sessions.values()].reduce((sum, cached) => sum + cached.bytes, bytes);
    for (const [key, cached] of [...this.sessions]) {
      if (total <= this.maxBytes) return;
      this.sessions.delete(key);
      total -= cached.bytes;
      await cached.session.release();
    }
  }
}

/** Puts an entry last: the order of a Map is then the order of use. */
function touch<Value>(map: Map<string, Value>, key: string, value: Value): void {
  map.delete(key);
  map.set(key, value);
}
