// Memory of a running Node process, asked from outside: what it has resident, and what its heap holds after a collection,
// through its own inspector (opened by SIGUSR1; Linux only, as all of this).
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import WebSocket from 'ws';

export function residentBytes(pid: number): number {
  return Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) * 1024;
}

export class HeapProbe {
  #lastId = 0;

  private constructor(private readonly socket: WebSocket) {}

  /** The process has to run with --inspect-port=0, so that each gets a port of its own. */
  static async of(pid: number): Promise<HeapProbe> {
    const before = new Set(listeningPorts(pid));
    process.kill(pid, 'SIGUSR1');
    for (const deadline = Date.now() + 60_000; Date.now() < deadline; await sleep(100)) {
      const port = listeningPorts(pid).find((one) => !before.has(one));
      if (port === undefined) continue;
      const targets: { webSocketDebuggerUrl: string }[] = await (
        await fetch(`http://127.0.0.1:${port}/json/list`)
      ).json();
      const socket = new WebSocket(targets[0]!.webSocketDebuggerUrl, { perMessageDeflate: false });
      await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
      return new HeapProbe(socket);
    }
    throw new Error(`Process ${pid} opened no inspector.`);
  }

  /** Bytes of the heap that are in use after a collection. */
  async usedBytes(): Promise<number> {
    await this.#ask('HeapProfiler.collectGarbage');
    const { usedSize } = await this.#ask('Runtime.getHeapUsage');
    return Number(usedSize);
  }

  close(): void {
    this.socket.close();
  }

  #ask(method: string): Promise<Record<string, unknown>> {
    const id = ++this.#lastId;
    return new Promise((resolve) => {
      const answered = (data: WebSocket.RawData): void => {
        const message: { id?: number; result?: Record<string, unknown> } = JSON.parse(String(data));
        if (message.id !== id) return;
        this.socket.off('message', answered);
        resolve(message.result ?? {});
      };
      this.socket.on('message', answered);
      this.socket.send(JSON.stringify({ id, method }));
    });
  }
}

/** TCP ports on which a process listens. */
function listeningPorts(pid: number): number[] {
  const sockets = new Set(
    readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
      try {
        return /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${fd}`))?.[1] ?? [];
      } catch {
        return []; // closed meanwhile
      }
    }),
  );
  return readFileSync('/proc/net/tcp', 'utf8')
    .trim()
    .split('\n')
    .slice(1)
    .map((line) => line.trim().split(/\s+/))
    .filter(([, , , state, , , , , , inode]) => state === '0A' && sockets.has(inode ?? ''))
    .map(([, local]) => Number.parseInt(local?.split(':')[1] ?? '', 16));
}
