import type { InferenceSession } from 'onnxruntime-node';
import { expect, it } from 'vitest';
import { SessionCache } from '../../../../backend/engine/onnx/session-cache';

function cacheOf(maxBytes: number) {
  const log: string[] = [];
  const cache = new SessionCache(maxBytes, async (model) => {
    const name = String.fromCharCode(...model);
    log.push(`open ${name}`);
    const session = { release: async () => void log.push(`release ${name}`) };
    return session as Partial<InferenceSession> as InferenceSession;
  });
  const get = (key: string, peakBytes: number) =>
    cache.get(key, () => {
      log.push(`trace ${key}`);
      return { model: Uint8Array.from(key, (letter) => letter.charCodeAt(0)), peakBytes };
    });
  return { cache, get, log };
}

it('releases the least recently used sessions when the bytes pass the bound', async () => {
  const { cache, get, log } = cacheOf(100);
  await get('a', 40);
  await get('b', 40);
  await get('a', 40); // b is now the oldest
  await get('c', 40);
  expect(log.filter((line) => !line.startsWith('trace'))).toEqual(['open a', 'open b', 'release b', 'open c']);
  await get('huge', 400);
  expect(log.slice(-4)).toEqual(['trace huge', 'release a', 'release c', 'open huge']);
  expect(cache.size).toBe(1);
  await cache.clear();
  expect(log.at(-1)).toBe('release huge');
});

it('opens a released session again without tracing', async () => {
  const { get, log } = cacheOf(50);
  await get('a', 40);
  await get('b', 40);
  await get('a', 40);
  expect(log).toEqual(['trace a', 'open a', 'trace b', 'release a', 'open b', 'release b', 'open a']);
});
