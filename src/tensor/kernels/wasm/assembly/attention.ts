// Causal attention, a block of queries at a time: only the scores of one block are ever kept.
import { paddedRow, weightLanes } from "./attention-scores";
import { gemm, GEMM_SCRATCH } from "./gemm";
import { clearRow } from "./rows";
import { scaleRow, softmax } from "./softmax";

/**
 * Sizes and strides (in elements) as the caller writes them into memory. Query i sees the keys up to
 * i + keys − queries: with fewer queries than keys they are the last ones, as when generating.
 */
@unmanaged
export class AttentionSizes {
  queries: i32;
  keys: i32;
  heads: i32;
  kvHeads: i32;
  size: i32;
  qBatch: i32;
  qRow: i32;
  qHead: i32;
  kBatch: i32;
  kRow: i32;
  kHead: i32;
  vBatch: i32;
  vRow: i32;
  vHead: i32;
  outBatch: i32;
  outRow: i32;
  outHead: i32;
}

/** Address of a head's first row in a tensor [batch, rows, heads, size]. */
// @ts-ignore: decorator
@inline
export function at(base: usize, batch: i32, batchStride: i32, head: i32, headStride: i32): usize {
  return base + ((batch * batchStride + head * headStride) << 2);
}

/** Queries of a block: few where the corner of keys that only later queries see would be much of the work. */
export function blockOf(queries: i32): i32 {
  return queries <= 256 ? 16 : 32;
}

/** Keys that a query sees, counted from the first visible one; 0 or less: none. */
// @ts-ignore: decorator
@inline
export function seenBy(query: i32, s: AttentionSizes, start: i32): i32 {
  return query + 1 + s.keys - s.queries - start;
}

export function clearRows(p: usize, stride: i32, rows: i32, n: i32): void {
  for (let r = 0; r < rows; r++) clearRow(p + ((r * stride) << 2), n);
}

/** Weights [keys, padded rows] of queries [from, from + rows), the first of which is at q, over `keys` keys. */
export function blockWeights(
  s: AttentionSizes, q: usize, k: usize, from: i32, rows: i32, keys: i32, start: i32, scale: f32,
  scores: usize, room: usize,
): void {
  const width = paddedRow(rows);
  gemm(keys, rows, s.size, k, s.kRow, 1, q, 1, s.qRow, scores, width, false, 0, room);
  for (let r = 0; r < rows; r += 4) {
    weightLanes(scores + (r << 2), width << 2, keys, seenBy(from + r, s, start), scale);
  }
}

function attendHead(
  s: AttentionSizes, q: usize, k: usize, v: usize, out: usize, start: i32, scale: f32, scores: usize, room: usize,
): void {
  const block = blockOf(s.queries);
  for (let from = 0; from < s.queries; from += block) {
    const rows = min(s.queries - from, block);
    const to = out + ((from * s.outRow) << 2);
    const keys = seenBy(from + rows - 1, s, start);
    if (keys <= 0) {
      clearRows(to, s.outRow, rows, s.size);
    } else {
      blockWeights(s, q + ((from * s.qRow) << 2), k, from, rows, keys, start, scale, scores, room);
      gemm(rows, s.size, keys, scores, 1, paddedRow(rows), v, s.vRow, 1, to, s.outRow, false, 0, room);
    }
  }
}

/** One query for all heads of a group: they see the same keys, so that their rows are one matrix. */
function attendOne(
  s: AttentionSizes, group: i32, q: usize, k: usize, v: usize, out: usize, keys: i32, scale: f32,
  scores: usize, room: usize,
): void {
  if (keys <= 0) return clearRows(out, s.outHead, group, s.size);
  gemm(group, keys, s.size, q, s.qHead, 1, k, 1, s.kRow, scores, keys, false, 0, room);
  scaleRow(scores, group * keys, scale);
  softmax(scores, scores, group, keys);
  gemm(group, s.size, keys, scores, keys, 1, v, s.vRow, 1, out, s.outHead, false, 0, room);
}

/**
 * Units [first, last) of batch · kvHeads. `sizes` points to `AttentionSizes`, `starts` to the first visible key of each
 * batch entry, `scratch` to `attentionScratchBytes`. Units are independent: any split gives the same bits.
 */
export function attention(
  sizes: usize, q: usize, k: usize, v: usize, starts: usize, out: usize, scale: f32, scratch: usize,
  first: i32, last: i32,
): void {
  const s = changetype<AttentionSizes>(sizes);
  const group = s.heads / s.kvHeads;
  const room = scratch + scoreBytes(s);
  for (let unit = first; unit < last; unit++) {
    const batch = unit / s.kvHeads;
    const kv = unit % s.kvHeads;
    const start = load<i32>(starts + (batch << 2));
    const keys = at(k, batch, s.kBatch, kv, s.kHead) + ((start * s.kRow) << 2);
    const values = at(v, batch, s.vBatch, kv, s.vHead) + ((start * s.vRow) << 2);
    let query = at(q, batch, s.qBatch, kv * group, s.qHead);
    let to = at(out, batch, s.outBatch, kv * group, s.outHead);
    if (s.queries == 1) {
      attendOne(s, group, query, keys, values, to, s.keys - start, scale, scratch, room);
      continue;
    }
    for (let h = 0; h < group; h++) {
      attendHead(s, query, keys, values, to, start, scale, scratch, room);
      query += s.qHead << 2;
      to += s.outHead << 2;
    }
  }
}

/** Rows of the largest block. */
function blockRows(s: AttentionSizes): i32 {
  return s.queries == 1 ? s.heads / s.kvHeads : min(s.queries, blockOf(s.queries));
}

/** Bytes of the scores of one block. */
export function scoreBytes(s: AttentionSizes): i32 {
  return (paddedRow(blockRows(s)) * s.keys) << 2;
}

/** Scratch of one thread. */
export function attentionScratchBytes(sizes: usize): i32 {
  const s = changetype<AttentionSizes>(sizes);
  return scoreBytes(s) + GEMM_SCRATCH;
}
