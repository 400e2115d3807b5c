// The rollout probe of switch.scope run (SuperRL v1): is reward too sparse for plain RL in this run?
// Sparse when the one-sided 95 % upper bound of the share of solvable prompts is below a threshold.
import { clopperPearsonUpper } from './clopper-pearson';

const CONFIDENCE = 0.95;

export interface ProbeVerdict {
  readonly prompts: number;
  /** Prompts with at least one success. */
  readonly solved: number;
  /** One-sided 95 % Clopper–Pearson upper bound of the share of solvable prompts. */
  readonly upperBound: number;
  readonly sparseBelow: number;
  readonly sparse: boolean;
  readonly reason: string;
}

/** Whether a probe of this many prompts could ever say "sparse", namely when none of them is solved. */
export function probeCanFire(prompts: number, sparseBelow: number): boolean {
  return clopperPearsonUpper(0, prompts, CONFIDENCE) < sparseBelow;
}

/** The fewest prompts with which a probe can say "sparse"; Infinity when none can. */
export function fewestProbePrompts(sparseBelow: number): number {
  if (sparseBelow <= 0) return Number.POSITIVE_INFINITY;
  if (sparseBelow >= 1) return 1;
  const about = Math.max(1, Math.floor(Math.log(1 - CONFIDENCE) / Math.log1p(-sparseBelow)));
  return probeCanFire(about, sparseBelow) ? about : about + 1;
}

/**
 * @param prompts probed
 * @param solved of them, at least once
 * @param sparseBelow switch.probe.sparseBelow, a share
 */
export function decideProbe(prompts: number, solved: number, sparseBelow: number): ProbeVerdict {
  const upperBound = clopperPearsonUpper(solved, prompts, CONFIDENCE);
  const sparse = upperBound < sparseBelow;
  const percent = (value: number) => `${(100 * value).toFixed(1)} %`;
  const reason =
    `${solved} of ${prompts} probed prompts were solved at least once, so at most ${percent(upperBound)} are solvable ` +
    `(95 % bound), which is ${sparse ? 'below' : 'not below'} ${percent(sparseBelow)}: ` +
    (sparse ? 'reward is sparse, the Hybrid Actor trains.' : 'reward is dense, plain RL trains.');
  return { prompts, solved, upperBound, sparseBelow, sparse, reason };
}
