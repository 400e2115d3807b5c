// `npm run bench:typing`: how long typing in a file of 45 MB blocks the extension host (test/bench/typing.measured.ts).
process.env.SUPERRL_PROJECT = 'measured';
process.argv.push('typing');
await import('./test-e2e.mjs');
