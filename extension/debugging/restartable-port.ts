// One local port that a debugger attaches to, in front of hosts that come and go: each attachment gets a fresh host.
// So the debugger's own Restart button works on an attached session, and starts the function over with the edited file.
import { connect, createServer, type Server, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

export interface DebugHost {
  readonly port: number;
  readonly session: string;
}

export interface RestartablePortOptions {
  readonly start: () => Promise<DebugHost>;
  readonly end: (session: string) => void;
  /** Why no host could be started; the debugger only sees a closed connection. */
  readonly failed: (error: unknown) => void;
  /** Whether a connection that begins so attaches; others only ask what is there (the inspector's HTTP). */
  readonly attaches: (firstBytes: string) => boolean;
}

/** The inspector of Node answers plain HTTP, and attaches by WebSocket. */
export function attachesToInspector(firstBytes: string): boolean {
  return /^upgrade:\s*websocket/im.test(firstBytes);
}

const connectAttempts = 40;
const betweenAttemptsMs = 250;

export class RestartablePort {
  private host: Promise<DebugHost> | undefined;
  private closed = false;
  private readonly sockets = new Set<Socket>();

  private constructor(
    private readonly server: Server,
    private readonly options: RestartablePortOptions,
    first: DebugHost,
  ) {
    this.host = Promise.resolve(first);
    server.on('connection', (client) => void this.accept(client));
  }

  /** @throws what `start` throws for the first host, so that a mistake is told before a debugger opens. */
  static async open(options: RestartablePortOptions): Promise<RestartablePort> {
    const server = createServer();
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(0, '127.0.0.1', resolve);
    });
    try {
      return new RestartablePort(server, options, await options.start());
    } catch (error) {
      server.close();
      throw error;
    }
  }

  get port(): number {
    const address = this.server.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  }

  /** Ends the host that is there, and every connection. */
  close(): void {
    this.closed = true;
    this.server.close();
    for (const socket of this.sockets) socket.destroy();
    const { host } = this;
    this.host = undefined;
    host?.then(({ session }) => this.options.end(session)).catch(() => undefined); // it never started
  }

  private async accept(client: Socket): Promise<void> {
    this.track(client);
    const first = await new Promise<Buffer | undefined>((resolve) => {
      client.once('data', (bytes: Buffer) => {
        client.pause();
        resolve(bytes);
      });
      client.once('close', () => resolve(undefined));
    });
    if (first === undefined) return;
    try {
      const attaches = this.options.attaches(first.toString('latin1'));
      const { target, session } = await this.reach(attaches);
      this.track(target);
      if (attaches) target.once('close', () => this.options.end(session));
      target.write(first);
      client.pipe(target).pipe(client);
      client.once('close', () => target.destroy());
      target.once('close', () => client.destroy());
    } catch (error) {
      client.destroy();
      if (!this.closed) this.options.failed(error);
    }
  }

  /**
   * A connection to the host that no one has attached to yet. An attachment takes it: on Restart the next one asks and
   * attaches while the last may still be there, and must be answered by the host that it will get.
   */
  private async reach(attaches: boolean): Promise<{ target: Socket; session: string }> {
    this.host ??= this.options.start();
    const { host } = this;
    if (attaches) this.host = undefined;
    try {
      const { port, session } = await host;
      const target = await connectTo(port, () => !this.closed);
      if (target) return { target, session };
      if (attaches) this.options.end(session);
    } catch (error) {
      if (this.host === host) this.host = undefined;
      if (attaches) host.then(({ session }) => this.options.end(session)).catch(() => undefined); // it never started
      throw error;
    }
    throw new Error('The debug session was closed.');
  }

  private track(socket: Socket): void {
    this.sockets.add(socket);
    socket.on('error', () => undefined); // its close follows and is handled
    socket.once('close', () => this.sockets.delete(socket));
  }
}

/** Tries for a while, since debugpy doesn't say when it listens; undefined: it is not wanted any more. */
async function connectTo(port: number, isWanted: () => boolean): Promise<Socket | undefined> {
  for (let attempt = 1; isWanted(); attempt++) {
    try {
      return await new Promise<Socket>((resolve, reject) => {
        const socket = connect(port, '127.0.0.1', () => resolve(socket));
        socket.once('error', reject);
      });
    } catch (error) {
      if (attempt === connectAttempts) throw error;
      await sleep(betweenAttemptsMs);
    }
  }
  return undefined;
}
