// A held-out evaluation outside of training: the same prompts, random numbers and rewards as in the run.
import { type Evaluation, evaluate } from '../trainer/evaluation';
import { outsideRun } from '../trainer/outside-run';
import { prepareRun, type StoredChoices } from '../trainer/prepare-run';

export interface EvaluationRequest {
  /** Absolute. */
  readonly runFile: string;
  readonly overrides: readonly string[];
  readonly stored?: StoredChoices;
  /** Step that the model is of, for the report. */
  readonly step: number;
}

/** @throws SuperRlError of any kind that preparing a run can give. */
export async function evaluateModel({ step, ...request }: EvaluationRequest): Promise<Evaluation> {
  const prepared = await prepareRun(request);
  try {
    return await evaluate(outsideRun(prepared), step);
  } finally {
    await prepared.scorer.close();
    await prepared.close();
  }
}
