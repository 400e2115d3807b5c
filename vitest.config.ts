// Test projects: unit (pure, seconds), golden (reference numbers), backend (real child processes and files).
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
          testTimeout: 180_000,
          hookTimeout: 180_000,
        },
      },
    ],
  },
});
