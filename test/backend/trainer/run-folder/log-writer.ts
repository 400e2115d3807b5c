// A process that appends events, some thousand a second, until it is killed.
import { openRunLedger } from '../../../../backend/trainer/run-folder/open-run-ledger';

const [, , folder = '', mode = ''] = process.argv;
const ledger = await openRunLedger({ folder, mode: mode === 'resume' ? 'resume' : 'create' });
if (mode === 'resume') await ledger.append('resumed', { fromStep: 0 });
await ledger.append('state', { state: 'running', step: 0 });
for (let step = 1; ; step++) {
  await ledger.append('note', { step, level: 'info', message: `${step} `.repeat(step % 300) });
  if (step % 10 === 0) await new Promise((resolve) => setTimeout(resolve, 2));
}
