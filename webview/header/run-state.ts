// The states of a run in words, and what can be done in each.
import type { DashboardHeader } from '../../backend/protocol/dashboard';

export type ControlAction = 'pause' | 'resume' | 'stop' | 'checkpoint';

export const stateNames: Readonly<Record<DashboardHeader['state'], string>> = {
  queued: 'Queued',
  preparing: 'Preparing',
  running: 'Running',
  paused: 'Paused',
  stopping: 'Stopping',
  finished: 'Finished',
  failed: 'Failed',
  interrupted: 'Interrupted',
  damaged: 'Damaged',
};

export function controlsOf({
  state,
  live,
  resumable,
}: Pick<DashboardHeader, 'state' | 'live' | 'resumable'>): Set<ControlAction> {
  if (!live) return new Set(resumable && state !== 'finished' && state !== 'queued' ? ['resume'] : []);
  switch (state) {
    case 'preparing':
      return new Set(['stop']);
    case 'running':
      return new Set(['pause', 'stop', 'checkpoint']);
    case 'paused':
      return new Set(['resume', 'stop', 'checkpoint']);
    default:
      return new Set();
  }
}
