// How far a run is, in words: steps, tokens and time of its budget. Pure.
import type { DashboardHeader } from '../../backend/protocol/dashboard';
import { compactText, countText, durationText, shareText } from '../ui/number-text';

/** What stands beside the progress bar. */
export function progressTexts(header: DashboardHeader): string[] {
  const { state, step, budget, usedTokens, elapsedMs, epoch, progress, remainingMs, live } = header;
  const texts = [budget.steps ? `step ${countText(step)} of ${countText(budget.steps)}` : `step ${countText(step)}`];
  if (epoch > 0) texts.push(`epoch ${epoch.toFixed(2)}`);
  if (budget.tokens) texts.push(`${compactText(usedTokens)} of ${compactText(budget.tokens)} tokens`);
  else if (usedTokens > 0) texts.push(`${compactText(usedTokens)} tokens`);
  if (elapsedMs > 0) {
    texts.push(
      budget.minutes
        ? `${durationText(elapsedMs)} of ${durationText(60_000 * budget.minutes)}`
        : durationText(elapsedMs),
    );
  }
  texts.push(`${shareText(progress)} of the budget`);
  if (live && state !== 'finished' && remainingMs !== undefined) texts.push(`${durationText(remainingMs)} left`);
  return texts;
}
