// What the settings say of reward hosts, as requests carry it.
import type { RequestParams } from '../../backend/protocol/messages';
import { setting } from '../setting';

export function rewardSettings(): NonNullable<RequestParams<'startRun'>['settings']> {
  const pythonPath = setting('superrl.pythonPath');
  const timeoutMs = setting('superrl.reward.timeoutMs');
  const memoryMb = setting('superrl.reward.memoryMb');
  return {
    ...(pythonPath === '' ? {} : { pythonPath }),
    // Values below the minimum are marked in settings.json by the editor; here the default counts.
    ...(timeoutMs > 0 ? { timeoutMs } : {}),
    ...(memoryMb > 0 ? { memoryMb } : {}),
  };
}
