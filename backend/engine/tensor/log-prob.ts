// Log-probability of target tokens and entropy of softmax(logits / T), without ever holding the logits of more than
// a chunk of tokens (a [tokens, vocabulary] matrix is gigabytes at 49k words). The forward pass keeps two numbers a
// token; the backward pass computes each chunk's logits again:
//   z = h·Eᵀ/T,  p = softmax(z),  dz_j = u·(1[j = target] − p_j) − v·p_j·(log p_j + H)
// for upstream gradients u of the log-probability and v of the entropy H.
import { after, at, withGradient } from './fused-op';
import { type Tensor, tf } from './tfjs';

export interface TokenScoring {
  /** [tokens, size]: hidden states after the last norm. */
  readonly hidden: Tensor;
  /** [vocabulary, size]: output embedding. */
  readonly head: Tensor;
  /** [tokens, size]: the rows of `head` that belong to the target tokens. */
  readonly targetRows: Tensor;
  /** [tokens, 1]: 1 / T of each token. */
  readonly inverseTemperature: Tensor;
  /** Tokens of one chunk. */
  readonly chunkTokens: number;
  /** false: no gradient flows through the entropy, which makes the backward pass cheaper. */
  readonly entropyGradient: boolean;
  /** false: the head is frozen and gets no gradient. */
  readonly headGradient: boolean;
}

/** Tokens of a chunk: about 128, more when the vocabulary is so small that their logits stay under 16 MB. */
export function chunkTokensFor(vocabularySize: number): number {
  return Math.max(128, Math.floor(4_194_304 / vocabularySize));
}

function chunksOf(x: Tensor, chunkTokens: number): Tensor[] {
  const tokens = x.shape[0] ?? 0;
  if (tokens <= chunkTokens) return [x];
  const sizes = Array.from({ length: Math.ceil(tokens / chunkTokens) }, (_, chunk) =>
    Math.min(chunkTokens, tokens - chunk * chunkTokens),
  );
  return tf.split(x, sizes, 0);
}

/** Their sum; both are given back. */
function addInPlaceOf(a: Tensor, b: Tensor): Tensor {
  const sum = tf.add(a, b);
  a.dispose();
  b.dispose();
  return sum;
}

function joined(chunks: Tensor[]): Tensor {
  return chunks.length === 1 ? at(chunks, 0) : tf.concat(chunks, 0);
}

/** @returns [tokens, 2]: log-probability of the target (nats) and entropy (nats). */
export function logProbAndEntropy(scoring: TokenScoring): Tensor {
  const { hidden, head, targetRows, inverseTemperature, chunkTokens } = scoring;
  const forward = () => {
    const scaled = tf.mul(hidden, inverseTemperature);
    const normalizers: Tensor[] = [];
    const entropies: Tensor[] = [];
    for (const chunk of chunksOf(scaled, chunkTokens)) {
      const [normalizer, entropy] = tf.tidy(() => {
        const logits = tf.matMul(after(chunk, entropies.at(-1)), head, false, true); // [chunk, vocabulary]
        const shares = tf.softmax(logits);
        // log Σ exp(z) from the largest logit and its share: one pass less over the vocabulary
        const logSum = tf.sub(tf.max(logits, -1, true), tf.log(tf.max(shares, -1, true))); // [chunk, 1]
        return [logSum, tf.sub(logSum, tf.sum(tf.mul(shares, logits), -1, true))] as [Tensor, Tensor];
      });
      normalizers.push(normalizer);
      entropies.push(entropy);
    }
    const normalizer = joined(normalizers);
    const entropy = joined(entropies);
    const targetLogits = tf.sum(tf.mul(scaled, targetRows), -1, true); // [tokens, 1]
    const value = tf.concat([tf.sub(targetLogits, normalizer), entropy], 1);
    return { value, saved: [scaled, head, targetRows, normalizer, entropy] };
  };
  const backward = (dy: Tensor, saved: readonly Tensor[]) => {
    const [scaled, weights, targets, normalizer, entropy] = [0, 1, 2, 3, 4].map((index) => at(saved, index)) as [
      Tensor,
      Tensor,
      Tensor,
      Tensor,
      Tensor,
    ];
    const [u, v] = tf.split(dy, 2, 1); // [tokens, 1] each
    if (u === undefined || v === undefined) throw new Error('The gradient has two columns.');
    // dz = p·(base − slope·z) + u·1[target], where log p = z − normalizer
    const slope = v;
    const base = scoring.entropyGradient ? tf.sub(tf.mul(v, tf.sub(normalizer, entropy)), u) : tf.neg(u);
    const bases = chunksOf(base, chunkTokens);
    const slopes = scoring.entropyGradient ? chunksOf(slope, chunkTokens) : [];
    const dChunks: Tensor[] = [];
    let dHead: Tensor | undefined;
    chunksOf(scaled, chunkTokens).forEach((chunk, index) => {
      const [dChunk, headShare] = tf.tidy(() => {
        const states = after(after(chunk, dChunks.at(-1)), dHead);
        const logits = tf.matMul(states, weights, false, true);
        const shares = tf.softmax(logits);
        const factor = scoring.entropyGradient
          ? tf.sub(at(bases, index), tf.mul(logits, at(slopes, index)))
          : at(bases, index);
        const dLogits = tf.mul(shares, factor); // without the target's own term
        const dStates = tf.matMul(dLogits, weights);
        return scoring.headGradient ? [dStates, tf.matMul(dLogits, states, true, false)] : [dStates];
      });
      if (dChunk !== undefined) dChunks.push(dChunk);
      if (headShare !== undefined) dHead = dHead === undefined ? headShare : addInPlaceOf(dHead, headShare);
    });
    const dScaled = tf.add(joined(dChunks), tf.mul(targets, u));
    const dHidden = tf.mul(dScaled, inverseTemperature);
    const dTargets = tf.mul(scaled, u);
    return dHead === undefined ? [dHidden, dTargets] : [dHidden, dTargets, dHead];
  };
  return withGradient(scoring.headGradient ? [hidden, targetRows, head] : [hidden, targetRows], forward, backward);
}
