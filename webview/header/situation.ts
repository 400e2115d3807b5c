// What to say of a run that has no step yet. Pure.
import type { DashboardHeader } from '../../backend/protocol/dashboard';

export interface Situation {
  readonly title: string;
  readonly detail: string;
  readonly busy: boolean;
  readonly phase?: string | undefined;
}

/** What to say when there is no step yet; undefined: charts can be shown. */
export function situationOf(header: DashboardHeader | undefined, hasSteps: boolean): Situation | undefined {
  if (!header) return { title: 'Opening the run…', detail: 'Asking the backend for it.', busy: true };
  if (hasSteps) return undefined;
  const { state, reason, activity, loading, connection } = header;
  if (connection.state === 'lost') {
    return {
      title: 'No connection to the backend',
      detail: connection.message ?? 'It is tried again on its own.',
      busy: false,
    };
  }
  if (loading) return { title: 'Reading the run…', detail: 'Its charts appear once its events are read.', busy: true };
  switch (state) {
    case 'queued':
      return { title: 'Queued', detail: reason ?? 'It starts when the run before it ends.', busy: false };
    case 'failed':
      return { title: 'The run failed before its first step', detail: reason ?? 'The log says why.', busy: false };
    case 'interrupted':
      return { title: 'Interrupted before the first step', detail: reason ?? 'Start it again.', busy: false };
    case 'finished':
      return { title: 'Finished without a step', detail: reason ?? 'The budget allowed none.', busy: false };
    case 'damaged':
      return { title: 'This run can’t be read', detail: reason ?? 'Its folder is damaged.', busy: false };
    case 'paused':
      return { title: 'Paused before the first step', detail: reason ?? 'Resume to go on.', busy: false };
    default:
      return {
        title: activity?.message ? `${activity.message.replace(/[.…]+$/, '')}…` : 'Starting…',
        detail: 'The first charts appear after the first step.',
        busy: true,
        phase: activity?.phase ?? 'load',
      };
  }
}
