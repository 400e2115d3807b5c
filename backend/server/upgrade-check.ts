// Who may open a WebSocket: no browser (any Origin), nobody who was led here under another name (DNS
// rebinding: Host), and only the user who can read the server's record (token). In this order.
import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';

export interface UpgradeRefusal {
  readonly status: 401 | 403;
  readonly reason: string;
}

/** undefined: let in. `token` and what comes are compared by their SHA-256 in constant time. */
export function checkUpgrade(headers: IncomingHttpHeaders, port: number, token: string): UpgradeRefusal | undefined {
  if (headers.origin !== undefined) return { status: 403, reason: 'Browsers are not let in.' };
  if (headers.host !== `127.0.0.1:${port}`) return { status: 403, reason: `The host must be 127.0.0.1:${port}.` };
  const given = /^Bearer ([0-9a-f]{64})$/.exec(headers.authorization ?? '')?.[1] ?? '';
  if (!timingSafeEqual(digest(given), digest(token))) return { status: 401, reason: 'The token is missing or wrong.' };
  return undefined;
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
