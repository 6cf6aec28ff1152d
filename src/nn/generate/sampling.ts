import { NumericsError, type Random } from "../../autograd";

/** One row of logits, as `toTypedArray` gives it. */
export type Logits = Float32Array | Float64Array;

/** How the next token is chosen, in this order, which is that of Hugging Face's `generate`. */
export interface Sampling {
  /** Logits of tokens that were there are divided by it where positive, multiplied where negative; 1 leaves them. */
  repetitionPenalty: number;
  /** 0 takes the most likely token; above, logits are divided by it. */
  temperature: number;
  /** The k most likely tokens are kept; of equal ones those with the smaller ids. */
  topK: number;
  /** The fewest most likely tokens are kept whose probabilities, of those kept before, add up to it. */
  topP: number;
}

/**
 * The next token after `logits`. `seen`: the tokens that the penalty is for. A draw takes one number from `random`,
 * whatever the settings; temperature 0 takes none.
 *
 * @throws NumericsError for logits that are NaN or +∞, and where every one is −∞.
 */
export function pickToken(logits: Logits, seen: Iterable<number>, sampling: Sampling, random: Random): number {
  const { repetitionPenalty, temperature, topK, topP } = sampling;
  const scores = repetitionPenalty === 1 ? logits : penalised(logits, seen, repetitionPenalty);
  const top = argmax(scores);
  if (temperature === 0) return top;
  // In the order of ids, so that a limit that keeps every token draws what no limit draws.
  const ids = topK < scores.length ? mostLikely(scores, topK).sort() : indices(scores.length);
  const weights = new Float64Array(ids.length);
  for (let i = 0; i < ids.length; i++) weights[i] = Math.exp((scores[ids[i]!]! - scores[top]!) / temperature);
  if (topP < 1) keepNucleus(weights, topP);
  return ids[draw(weights, random)]!;
}

/** The logits with those of `seen` made less likely (more likely for a penalty below 1), each once. */
export function penalised(logits: Logits, seen: Iterable<number>, penalty: number): Logits {
  const result = logits.slice();
  for (const id of seen) result[id] = logits[id]! < 0 ? logits[id]! * penalty : logits[id]! / penalty;
  return result;
}

/** The index of the largest value, of equal ones the first. Throws `NumericsError` for NaN, +∞, and −∞ alone. */
export function argmax(values: Logits): number {
  let best = 0;
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    if (Number.isNaN(value) || value === Number.POSITIVE_INFINITY) {
      throw new NumericsError("generate", `the logit of token ${i} is ${value}`);
    }
    if (value > values[best]!) best = i;
  }
  if (values[best] === Number.NEGATIVE_INFINITY) throw new NumericsError("generate", "every logit is -Infinity");
  return best;
}

/** The indices of the `count` largest values, the largest first; of equal ones the smaller index first. */
export function mostLikely(values: Logits, count: number): Int32Array {
  const size = Math.min(count, values.length);
  // A heap with the least likely on top: the one to go when a better one comes.
  const heap = new Int32Array(size);
  const isWorse = (a: number, b: number) => values[a]! < values[b]! || (values[a] === values[b] && a > b);
  const sink = (id: number, end: number) => {
    let at = 0;
    for (let child = 1; child < end; child = 2 * at + 1) {
      if (child + 1 < end && isWorse(heap[child + 1]!, heap[child]!)) child++;
      if (!isWorse(heap[child]!, id)) break;
      heap[at] = heap[child]!;
      at = child;
    }
    heap[at] = id;
  };
  for (let id = 0; id < values.length; id++) {
    if (id >= size) {
      if (size > 0 && values[id]! > values[heap[0]!]!) sink(id, size);
      continue;
    }
    let at = id;
    for (let parent = (at - 1) >> 1; at > 0 && isWorse(id, heap[parent]!); parent = (at - 1) >> 1) {
      heap[at] = heap[parent]!;
      at = parent;
    }
    heap[at] = id;
  }
  for (let end = size - 1; end > 0; end--) {
    const worst = heap[0]!;
    sink(heap[end]!, end);
    heap[end] = worst;
  }
  return heap;
}

/** Sets all weights to 0 but the fewest large ones that add up to a share of `topP`; of equal ones the first stay. */
function keepNucleus(weights: Float64Array, topP: number): void {
  const sorted = weights.slice().sort();
  const enough = topP * sum(sorted);
  let smallest = sorted.length - 1;
  for (let total = sorted[smallest]!; total < enough && smallest > 0; total += sorted[smallest]!) smallest--;
  const least = sorted[smallest]!;
  let equal = 0;
  for (let i = smallest; sorted[i] === least; i++) equal++;
  for (let i = 0; i < weights.length; i++) {
    if (weights[i]! < least || (weights[i] === least && equal-- <= 0)) weights[i] = 0;
  }
}

function indices(count: number): Int32Array {
  const result = new Int32Array(count);
  for (let i = 0; i < count; i++) result[i] = i;
  return result;
}

/** An index, each as often as its weight says. */
function draw(weights: Float64Array, random: Random): number {
  let left = random.uniform() * sum(weights);
  let last = 0;
  for (let i = 0; i < weights.length; i++) {
    if (weights[i] === 0) continue;
    last = i;
    left -= weights[i]!;
    if (left < 0) break;
  }
  return last;
}

function sum(values: Float64Array): number {
  let total = 0;
  for (let i = 0; i < values.length; i++) total += values[i]!;
  return total;
}
