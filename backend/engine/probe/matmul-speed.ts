// The speed of a float32 matrix product: what an engine's device can do at most. The size doubles until a product
// takes long enough to be measured, so that a slow device answers soon and a fast one is kept busy.

const smallest = 128;
const largest = 4096;
/** A product that takes this long is measured well enough. */
const enoughMs = 20;

/** @param prepare makes a run of an n³ product of the size given; a run ends when its result is there */
export async function matmulGflops(prepare: (size: number) => Promise<() => Promise<void>>): Promise<number> {
  for (let size = smallest; ; size *= 2) {
    const run = await prepare(size);
    await run(); // warms up
    let best = Number.POSITIVE_INFINITY;
    for (let count = 0; count < 3; count++) {
      const start = performance.now();
      await run();
      best = Math.min(best, performance.now() - start);
    }
    if (best >= enoughMs || size === largest) return (2 * size ** 3) / (best * 1e6);
  }
}

/** A square matrix of small numbers that differ. */
export function testMatrix(size: number): Float32Array {
  return Float32Array.from({ length: size * size }, (_, index) => ((index * 7919) % 101) / 101 - 0.5);
}
