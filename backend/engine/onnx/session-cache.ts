// Keeps the sessions of traced graphs by key, the least recently used going first when their memory passes a bound.
import type { InferenceSession } from 'onnxruntime-node';

export interface CachedSession {
  readonly session: InferenceSession;
  /** What the session's arena is expected to hold after a run. */
  readonly bytes: number;
}

export class SessionCache {
  private readonly sessions = new Map<string, CachedSession>();

  constructor(private readonly maxBytes: number) {}

  /** The session of this key, made when it is not there. The newest is kept even when it alone passes the bound. */
  async get(key: string, create: () => Promise<CachedSession>): Promise<InferenceSession> {
    let cached = this.sessions.get(key);
    if (cached === undefined) {
      cached = await create();
      await this.makeRoom(cached.bytes);
    }
    this.sessions.delete(key);
    this.sessions.set(key, cached); // Map order is order of use
    return cached.session;
  }

  get size(): number {
    return this.sessions.size;
  }

  async clear(): Promise<void> {
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
