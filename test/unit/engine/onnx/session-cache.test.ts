import type { InferenceSession } from 'onnxruntime-node';
import { expect, it } from 'vitest';
import { SessionCache } from '../../../../backend/engine/onnx/session-cache';

it('releases the least recently used sessions when the bytes pass the bound', async () => {
  const cache = new SessionCache(100);
  const log: string[] = [];
  const get = (key: string, bytes: number) =>
    cache.get(key, async () => {
      log.push(`make ${key}`);
      const session = { release: async () => void log.push(`release ${key}`) };
      return { session: session as Partial<InferenceSession> as InferenceSession, bytes };
    });
  await get('a', 40);
  await get('b', 40);
  await get('a', 40); // b is now the oldest
  await get('c', 40);
  await get('huge', 400);
  expect(log).toEqual(['make a', 'make b', 'make c', 'release b', 'make huge', 'release a', 'release c']);
  expect(cache.size).toBe(1);
  await cache.clear();
  expect(log.at(-1)).toBe('release huge');
});
