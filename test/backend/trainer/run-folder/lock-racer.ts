// A process that races for a run's lock, says whether it won, and holds it until its input ends.
import { SuperRlError } from '../../../../backend/protocol/errors';
import { acquireRunLock } from '../../../../backend/trainer/run-folder/run-lock';

const folder = process.argv[2] ?? '';
process.stdout.write('ready\n');
process.stdin.once('data', () => {
  try {
    acquireRunLock(folder);
    process.stdout.write('won\n');
  } catch (error) {
    if (!(error instanceof SuperRlError) || error.code !== 'run-locked') throw error;
    process.stdout.write('lost\n');
  }
});
process.stdin.once('end', () => process.exit(0));
