// What the settings say of reward hosts, as requests carry it.
import { setting } from '../setting';

export function rewardSettings(): { pythonPath?: string } {
  const pythonPath = setting('superrl.pythonPath');
  return pythonPath === '' ? {} : { pythonPath };
}
