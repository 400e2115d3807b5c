// The default micro-batch: bounded by the activations of a large model and by what a small one gains.
import { expect, it } from 'vitest';
import { defaultMicroBatchTokens } from '../../../../backend/engine/onnx/micro-batch-size';
import { engineShapes } from '../../../bench/engine-shapes';

const tokensOf = (size: string, layers?: number) => {
  const config = engineShapes[size]?.config;
  if (config === undefined) throw new Error(`No size ${size}.`);
  return defaultMicroBatchTokens({ ...config, layers: layers ?? config.layers });
};

it('is as large as pays, and keeps the activations of large ones within 1.5 GiB', () => {
  expect(tokensOf('1m')).toBe(2560);
  expect(tokensOf('25m')).toBe(1120); // 0.4 GiB of activations
  expect(tokensOf('135m')).toBe(1056);
  expect(tokensOf('135m', 60)).toBe(512); // a multiple of 32 below half of 1,075
});

it('never falls below 256 tokens', () => {
  expect(tokensOf('135m', 600)).toBe(256);
});
