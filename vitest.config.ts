// Test projects: unit (pure, seconds), golden (reference numbers), backend (real child processes and files),
// webview (the dashboard in Chromium), e2e (the packed extension in a real editor, one spec at a time), pictures (those
// of the docs, by `npm run screenshots`), measured (benchmarks that need that editor, by npm scripts of their own).
import { defineConfig } from 'vitest/config';

const tfjs = { deps: { inline: [/@tensorflow\/tfjs-(core|backend-cpu)/] } };
const resolve = { mainFields: ['module', 'main'] };

export default defineConfig({
  resolve,
  test: {
    projects: [
      {
        resolve,
        test: { name: 'unit', include: ['test/unit/**/*.test.ts'], server: tfjs, pool: 'forks', testTimeout: 20_000 },
      },
      {
        resolve,
        test: {
          name: 'golden',
          include: ['test/golden-numbers/**/*.test.ts'],
          server: tfjs,
          pool: 'forks',
          testTimeout: 120_000,
        },
      },
      {
        resolve,
        test: {
          name: 'backend',
          include: ['test/backend/**/*.test.ts'],
          server: tfjs,
          pool: 'forks',
          // Real processes on shared cores: one that was starved gets a second chance, which the report shows.
          retry: 1,
          testTimeout: 180_000,
          hookTimeout: 180_000,
        },
      },
      {
        resolve,
        test: {
          name: 'webview',
          include: ['test/webview/**/*.test.ts'],
          globalSetup: 'test/webview/setup.ts',
          pool: 'forks',
          // Two browsers on two cores double every time: one spec after another.
          fileParallelism: false,
          retry: 1,
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
      {
        resolve,
        test: {
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts'],
          globalSetup: 'test/e2e/setup.ts',
          pool: 'forks',
          // Two browsers on two cores double every time: one spec after another.
          fileParallelism: false,
          retry: 1,
          testTimeout: 300_000,
          hookTimeout: 300_000,
        },
      },
      {
        resolve,
        test: {
          name: 'pictures',
          include: ['test/pictures/**/*.pictures.ts'],
          globalSetup: 'test/e2e/setup.ts',
          pool: 'forks',
          fileParallelism: false,
          testTimeout: 300_000,
          hookTimeout: 300_000,
        },
      },
      {
        resolve,
        test: {
          name: 'measured',
          include: ['test/bench/**/*.measured.ts'],
          globalSetup: 'test/e2e/setup.ts',
          pool: 'forks',
          testTimeout: 600_000,
          hookTimeout: 300_000,
        },
      },
    ],
  },
});
