// Every trace of a run file scored with the run's own rewards.
import { auditRun } from '../../trainer/audit-run';
import { readRunSettings } from '../../trainer/run-settings';
import type { Computation } from './computation';

export const auditTraces: Computation<'auditTraces'> = async ({ runFile, settings }, report) => ({
  ...(await auditRun(readRunSettings(runFile), {
    scorer: settings,
    onProgress: (rows, of) => {
      if (rows % 64 === 0 || rows === of) report.progress(rows, of, `${rows} of ${of} prompts`);
    },
  })),
});
