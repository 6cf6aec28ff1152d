import { NumericsError, type Random } from "../autograd";

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
  const top = largest(scores);
  if (temperature === 0) return top;
  const weight = (id: number) => Math.exp((scores[id]! - scores[top]!) / temperature);
  let kept = topK < scores.length ? mostLikely(scores, topK) : undefined;
  if (topP < 1) kept = nucleus(scores, kept, topP, weight);
  // In the order of ids, so that a limit that keeps every token draws what no limit draws.
  return draw(kept?.sort() ?? indices(scores.length), weight, random);
}

/** The logits with those of `seen` made less likely (more likely for a penalty below 1), each once. */
export function penalised(logits: Logits, seen: Iterable<number>, penalty: number): Logits {
  const result = logits.slice();
  for (const id of seen) result[id] = logits[id]! < 0 ? logits[id]! * penalty : logits[id]! / penalty;
  return result;
}

/** The index of the largest value, of equal ones the first. */
export function largest(values: Logits): number {
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
export function mostLikely(values: Logits, count: number): Int32Array<ArrayBuffer> {
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

/** The smallest set of most likely tokens, of `kept` (the likeliest first) or of all, that holds a share of `topP`. */
function nucleus(
  scores: Logits,
  kept: Int32Array<ArrayBuffer> | undefined,
  topP: number,
  weight: (id: number) => number,
): Int32Array<ArrayBuffer> {
  let total = 0;
  for (const id of kept ?? indices(scores.length)) total += weight(id);
  // The nucleus is small as a rule, and a few of the likeliest are found faster than all are sorted.
  for (let count = 64; ; count *= 8) {
    const order = kept ?? mostLikely(scores, count);
    let sum = 0;
    for (let i = 0; i < order.length; i++) {
      sum += weight(order[i]!);
      if (sum >= topP * total) return order.slice(0, i + 1);
    }
    if (kept !== undefined || count >= scores.length) return order;
  }
}

function indices(count: number): Int32Array<ArrayBuffer> {
  const result = new Int32Array(count);
  for (let i = 0; i < count; i++) result[i] = i;
  return result;
}

/** One of `ids`, each as often as its weight says. */
function draw(ids: Int32Array, weight: (id: number) => number, random: Random): number {
  const weights = new Float64Array(ids.length);
  let total = 0;
  for (let i = 0; i < ids.length; i++) {
    weights[i] = weight(ids[i]!);
    total += weights[i]!;
  }
  let left = random.uniform() * total;
  let last = 0;
  for (let i = 0; i < ids.length; i++) {
    if (weights[i] === 0) continue;
    last = i;
    left -= weights[i]!;
    if (left < 0) break;
  }
  return ids[last]!;
}
