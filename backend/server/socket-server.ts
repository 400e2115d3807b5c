// The listening half: HTTP on 127.0.0.1 that does nothing but WebSocket upgrades, with bounds that keep any
// number of strangers from costing more than a few sockets for a few seconds.
import { createServer, type IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import { SuperRlError } from '../protocol/errors';
import { maxMessageBytes } from '../protocol/messages';
import { checkUpgrade } from './upgrade-check';

/** Sockets of all kinds at once; the system refuses further ones. */
const mostSockets = 256;
/** Clients that have shown the token. */
const mostClients = 64;
/** How long a connection may take until its request is complete. */
const handshakeMs = 3000;

export interface SocketServer {
  readonly port: number;
  readonly clients: number;
  /** Stops listening and cuts all connections. */
  close(): Promise<void>;
}

/** Listens on 127.0.0.1 at a port that the system chooses. */
export async function openSocketServer(token: string, onClient: (socket: WebSocket) => void): Promise<SocketServer> {
  const clients = new Set<WebSocket>();
  const upgrades = new WebSocketServer({
    noServer: true,
    maxPayload: maxMessageBytes,
    perMessageDeflate: false,
    clientTracking: false,
  });
  const timeouts = { headersTimeout: handshakeMs, requestTimeout: handshakeMs, connectionsCheckingInterval: 1000 };
  const server = createServer({ ...timeouts, keepAliveTimeout: 1000 }, (_request, response) => {
    response.writeHead(426, { connection: 'close', upgrade: 'websocket' }).end('WebSocket only.\n');
  });
  server.maxConnections = mostSockets;
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on('error', () => socket.destroy()); // a stranger who leaves during the handshake
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const refusal =
      checkUpgrade(request.headers, port, token) ??
      (clients.size >= mostClients ? { status: 503, reason: `There are ${mostClients} clients already.` } : undefined);
    if (refusal) {
      refuse(socket, refusal.status, refusal.reason);
      return;
    }
    upgrades.handleUpgrade(request, socket, head, (client) => {
      clients.add(client);
      client.on('close', () => clients.delete(client));
      client.on('error', () => client.terminate()); // 1009 and the like are sent by ws itself before
      onClient(client);
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause) =>
      reject(new SuperRlError('server', `No port of 127.0.0.1 can be opened (${cause.message}).`, { cause })),
    );
    server.listen({ host: '127.0.0.1', port: 0, backlog: 128 }, resolve);
  });
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new SuperRlError('internal', 'The server has no port.');
  return {
    port: address.port,
    get clients() {
      return clients.size;
    },
    async close() {
      for (const client of clients) client.terminate();
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

const statusTexts: Readonly<Record<number, string>> = {
  401: 'Unauthorized',
  403: 'Forbidden',
  503: 'Service Unavailable',
};

function refuse(socket: Duplex, status: number, reason: string): void {
  const body = `${reason}\n`;
  const head = [
    `HTTP/1.1 ${status} ${statusTexts[status] ?? ''}`,
    'Connection: close',
    'Content-Type: text/plain',
    `Content-Length: ${Buffer.byteLength(body)}`,
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`, () => socket.destroy());
}
