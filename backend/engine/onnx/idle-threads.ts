// Every session has a thread pool of its own, whose threads go on spinning for a while after a run: with a prefill, a
// decoding and a training session in one process they take the cores from whichever of them runs (measured: 25 % of
// generation, 20 % of an update). They spin within a run, where it pays, and stop at its end.

/** `extra` of a session's options: onnxruntime's session configuration keys. */
export const idleThreads = { session: { force_spinning_stop: '1' } };
