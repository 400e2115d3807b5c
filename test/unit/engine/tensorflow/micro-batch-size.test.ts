// The micro-batch that a device's memory has room for.
import { expect, it } from 'vitest';
import type { EngineOptions } from '../../../../backend/engine/engine';
import { microBatchTokens } from '../../../../backend/engine/tensorflow/micro-batch-size';
import { engineShapes } from '../../../bench/engine-shapes';

const gigabyte = 2 ** 30;
const full: EngineOptions = { keepReference: false, lora: 'off', seed: 1 };
const adapters: EngineOptions = { ...full, lora: { rank: 16, alpha: 16, targets: ['q_proj'] } };
const config = engineShapes['135m']!.config;
const half = {
  ...config,
  hiddenSize: 896,
  layers: 24,
  heads: 14,
  kvHeads: 2,
  intermediateSize: 4864,
  vocabularySize: 151_936,
};

const tokens = (model: typeof config, memory: number, options = full) =>
  microBatchTokens(model, options, { memoryBytes: memory * gigabyte, mostTokens: 8192 });

it('grows with the memory, up to what gains anything', () => {
  expect(tokens(config, 8)).toBe(1152);
  expect(tokens(config, 24)).toBe(4320);
  expect(tokens(config, 80)).toBe(8192);
  expect(microBatchTokens(engineShapes['1m']!.config, full, { memoryBytes: 8 * gigabyte, mostTokens: 2048 })).toBe(
    2048,
  );
});

it('reckons with weights, gradients and moments, a reference, adapters and checkpointing', () => {
  expect(tokens(half, 24)).toBe(2048);
  expect(tokens(half, 24, { ...full, keepReference: true })).toBeLessThan(2048);
  expect(tokens(half, 12, adapters)).toBeGreaterThan(tokens(half, 12));
  expect(tokens(half, 24, { ...full, plan: { gradientCheckpointing: true } })).toBe(8192);
});

it('never falls below 256 tokens, nor where the model alone is too large', () => {
  expect(tokens(half, 4)).toBe(256);
});
