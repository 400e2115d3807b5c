// Saving and taking up a run: weights, optimiser moments and the trainer's state together.
import type { Run } from './run';
import type { StoredCheckpoint } from './run-ledger';

/** Saves the run as it is after its last completed step and appends the event. */
export async function saveCheckpoint(run: Run, best: boolean): Promise<void> {
  const { engine, ledger, state, config } = run;
  await ledger.append('phase', { step: state.step, phase: 'checkpoint', message: 'Saving' });
  const baseModel = typeof config.model === 'string' ? config.model : null;
  const adapters =
    config.lora === 'off' ? undefined : { settings: config.lora, tensors: await engine.readWeights(), baseModel };
  const { path, bytes } = await ledger.saveCheckpoint(
    {
      state,
      modelConfig: engine.modelConfig,
      weights: await engine.readMergedWeights(),
      ...(adapters && { adapters }),
      optimizer: await engine.readOptimizerState(),
      tokenizer: run.tokenizer,
      best,
    },
    config.checkpoint.keep,
  );
  await ledger.append('checkpoint', { step: state.step, path, best, bytes });
}

/** Puts a stored checkpoint's weights and moments into the engine. Its state is the caller's to use. */
export async function takeUpCheckpoint(run: Pick<Run, 'engine'>, stored: StoredCheckpoint): Promise<void> {
  await run.engine.writeWeights(stored.adapters ?? stored.weights);
  await run.engine.writeOptimizerState(stored.optimizer);
}
