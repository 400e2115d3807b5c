// An engine in memory whose policy is one number: a prompt's answer comes out with probability sigmoid(w).
// Its gradient is what the planned rows say, so that updates, resume and what was trained can all be seen.
import type {
  Accumulated,
  Engine,
  GenerateRequest,
  Generation,
  LossForm,
  LossRow,
  OptimizerSettings,
  OptimizerState,
  ScoredRow,
  TokenStatistics,
  UpdateResult,
} from '../../../backend/engine/engine';
import { scratchConfig } from '../../../backend/model/scratch';
import type { Tokenizer } from '../../../backend/model/tokenizer';

export interface FakePolicy {
  /** The completion that would be correct, ending excluded, and a wrong one. */
  readonly right: (prompt: string) => string;
  readonly wrong: string;
  /** sigmoid^-1 of the chance of the right one at the start. */
  readonly logit: number;
  /** Prompts that the policy can never solve. */
  readonly hopeless?: (prompt: string) => boolean;
  readonly truncates?: boolean;
  readonly entropy?: () => number;
}

export class FakeEngine implements Engine {
  readonly description = { engine: 'reference', device: 'memory', versions: {}, deterministic: true } as const;
  readonly plan = { threads: 1, microBatchTokens: 64, tokenBucket: 8, decodeWeights: 'inputs' } as const;
  readonly modelConfig;
  /** Everything trained on, by optimiser step. */
  readonly updates: { rows: LossRow[]; settings: OptimizerSettings }[] = [];
  readonly forms: LossForm[] = [];
  readonly requests: GenerateRequest[] = [];
  readonly scored: { rows: number; weights: string }[] = [];
  optimizerResets = 0;
  /** Makes the next losses what it returns. */
  poison: (() => number) | undefined;
  #w: number;
  #first = 0;
  #steps = 0;
  #rows: LossRow[] = [];

  constructor(
    readonly tokenizer: Tokenizer,
    readonly policy: FakePolicy,
  ) {
    this.#w = policy.logit;
    const scratch = {
      hidden: 8,
      layers: 1,
      heads: 1,
      context: 64,
      tokenizer: { kind: 'characters', vocabulary: 1 },
    } as const;
    this.modelConfig = scratchConfig(scratch, tokenizer.vocabularySize);
  }

  async generate(request: GenerateRequest): Promise<Generation> {
    this.requests.push(request);
    let generatedTokens = 0;
    const completions = request.groups.map(({ promptIds, completions }, g) =>
      Array.from({ length: completions }, (_, c) => {
        const prompt = this.tokenizer.decode(promptIds);
        const chance = this.policy.hopeless?.(prompt) ? 0 : 1 / (1 + Math.exp(-this.#w));
        const solves = request.greedy ? chance > 0.5 : request.uniform(g, c, 0) < chance;
        const text = solves ? this.policy.right(prompt) : this.policy.wrong;
        const ids = [...this.tokenizer.encode(text), ...(this.policy.truncates ? [] : [request.eosIds[0] ?? 1])];
        generatedTokens += ids.length;
        return {
          tokenIds: Int32Array.from(ids),
          logProbs: new Float32Array(ids.length).fill(-1),
          entropies: new Float32Array(ids.length).fill(this.policy.entropy?.() ?? 1),
          stopReason: this.policy.truncates ? ('length' as const) : ('eos' as const),
        };
      }),
    );
    const prefilledTokens = request.groups.reduce((sum, { promptIds }) => sum + promptIds.length, 0);
    return { completions, prefilledTokens, generatedTokens };
  }

  async logProbs(rows: readonly ScoredRow[], weights: 'policy' | 'reference'): Promise<TokenStatistics[]> {
    this.scored.push({ rows: rows.length, weights });
    return rows.map((row) => this.#statistics(row));
  }

  async accumulate(form: LossForm, rows: readonly LossRow[]): Promise<Accumulated> {
    this.forms.push(form);
    this.#rows.push(...rows);
    return { loss: this.poison?.() ?? 0, rows: rows.map((row) => this.#statistics(row)) };
  }

  async readGradients() {
    return new Map([['w', { shape: [1], data: Float32Array.of(this.#gradient()) }]]);
  }

  clearGradients(): void {
    this.#rows = [];
  }

  async update(settings: OptimizerSettings): Promise<UpdateResult> {
    const gradient = this.#gradient();
    this.updates.push({ rows: this.#rows, settings });
    this.#rows = [];
    this.#first = Math.fround(0.9 * this.#first + 0.1 * gradient);
    this.#steps++;
    this.#w = Math.fround(this.#w - settings.learningRate * this.#first);
    return { gradNorm: Math.abs(gradient), applied: true };
  }

  async readWeights() {
    return new Map([['w', { shape: [1], data: Float32Array.of(this.#w) }]]);
  }

  readMergedWeights() {
    return this.readWeights();
  }

  async writeWeights(weights: ReadonlyMap<string, { data: Float32Array }>): Promise<void> {
    this.#w = weights.get('w')!.data[0]!;
  }

  async readOptimizerState(): Promise<OptimizerState> {
    const first = new Map([['w', { shape: [1], data: Float32Array.of(this.#first) }]]);
    return { first, second: new Map(), updates: this.#steps };
  }

  async writeOptimizerState(state: OptimizerState): Promise<void> {
    this.#first = state.first.get('w')!.data[0]!;
    this.#steps = state.updates;
  }

  resetOptimizer(): void {
    this.optimizerResets++;
    this.#first = 0;
    this.#steps = 0;
  }

  async dispose(): Promise<void> {}

  /** Rewarded completions and demonstrations pull w up, others down. Rounded, as float32 arrays are. */
  #gradient(): number {
    const sum = this.#rows.reduce((total, row) => {
      const tokens = row.tokenIds.length - row.promptLength;
      return total - tokens * (row.pgWeight * row.advantage + row.sftWeight);
    }, 0);
    return Math.fround(sum);
  }

  #statistics(row: ScoredRow): TokenStatistics {
    const tokens = row.tokenIds.length - row.promptLength;
    return { logProbs: new Float32Array(tokens).fill(-1), entropies: new Float32Array(tokens).fill(1) };
  }
}
