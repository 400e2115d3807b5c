// `npm run bench:soak`: the live stream of test/e2e/soak.test.ts for ten minutes (SUPERRL_SOAK_SECONDS: for so long),
// with the course of the memory printed.
process.env.SUPERRL_SOAK_SECONDS ??= '600';
process.argv.push('soak', '--retry=0');
await import('./test-e2e.mjs');
