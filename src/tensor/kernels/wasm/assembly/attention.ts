// Causal attention, a block of queries at a time: only the scores of one block are ever kept.
import { paddedRow, weightRow } from "./attention-rows";
import { gemm, gemmScratchBytes } from "./gemm";
import { clearRow } from "./rows";

/** Queries whose scores are kept at once: a multiple of the product's tile. */
const BLOCK: i32 = 32;

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

/** Address of a row of a tensor [batch, rows, heads, size]. */
// @ts-ignore: decorator
@inline
export function at(base: usize, batch: i32, batchStride: i32, head: i32, headStride: i32): usize {
  return base + ((batch * batchStride + head * headStride) << 2);
}

/** One query for all heads of a group is one block, in which every row sees the same keys. */
// @ts-ignore: decorator
@inline
export function rowsOf(s: AttentionSizes): i32 {
  return s.queries == 1 ? s.heads / s.kvHeads : s.queries;
}

// @ts-ignore: decorator
@inline
export function blockOf(rows: i32): i32 {
  return min(rows, BLOCK);
}

/** Keys that a row of a block sees, counted from the first visible one; 0 or less: none. */
// @ts-ignore: decorator
@inline
export function seenBy(row: i32, s: AttentionSizes, start: i32): i32 {
  return s.queries == 1 ? s.keys - start : row + 1 + s.keys - s.queries - start;
}

/** Attention weights of rows [from, from + rows) over the keys that the last of them sees. */
export function blockWeights(
  s: AttentionSizes, q: usize, qRow: i32, k: usize, from: i32, rows: i32, start: i32, scale: f32,
  scores: usize, room: usize,
): void {
  const keys = seenBy(from + rows - 1, s, start);
  const width = paddedRow(keys);
  gemm(rows, keys, s.size, q, qRow, 1, k, 1, s.kRow, scores, width, 0, 0, room);
  for (let r = 0; r < rows; r++) weightRow(scores + ((r * width) << 2), seenBy(from + r, s, start), width, scale);
}

function attendRows(
  s: AttentionSizes, rows: i32, q: usize, qRow: i32, k: usize, v: usize, out: usize, outRow: i32,
  start: i32, scale: f32, scores: usize, room: usize,
): void {
  for (let from = 0; from < rows; from += BLOCK) {
    const count = min(rows - from, BLOCK);
    const to = out + ((from * outRow) << 2);
    const keys = seenBy(from + count - 1, s, start);
    if (keys <= 0) {
      clearRows(to, outRow, count, s.size);
      continue;
    }
    blockWeights(s, q + ((from * qRow) << 2), qRow, k, from, count, start, scale, scores, room);
    gemm(count, s.size, keys, scores, paddedRow(keys), 1, v, s.vRow, 1, to, outRow, 0, 0, room);
  }
}

export function clearRows(p: usize, stride: i32, rows: i32, n: i32): void {
  for (let r = 0; r < rows; r++) clearRow(p + ((r * stride) << 2), n);
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
    const head = kv * group;
    const query = at(q, batch, s.qBatch, head, s.qHead);
    const to = at(out, batch, s.outBatch, head, s.outHead);
    if (s.queries == 1) {
      attendRows(s, group, query, s.qHead, keys, values, to, s.outHead, start, scale, scratch, room);
      continue;
    }
    for (let h = 0; h < group; h++) {
      const from = query + ((h * s.qHead) << 2);
      const target = to + ((h * s.outHead) << 2);
      attendRows(s, s.queries, from, s.qRow, keys, values, target, s.outRow, start, scale, scratch, room);
    }
  }
}

/** Bytes of the scores of one block. */
export function scoreBytes(s: AttentionSizes): i32 {
  return (blockOf(rowsOf(s)) * paddedRow(s.keys)) << 2;
}

/** The most that gemm asks for, whatever number of keys a block sees. */
export function productBytes(s: AttentionSizes, rows: i32, forGradient: bool): i32 {
  let most = 0;
  for (let keys = 1; keys <= s.keys; keys++) {
    most = max(most, max(gemmScratchBytes(rows, keys, s.size), gemmScratchBytes(rows, s.size, keys)));
    if (forGradient) most = max(most, gemmScratchBytes(keys, s.size, rows));
  }
  return most;
}

/** Scratch of one thread. */
export function attentionScratchBytes(sizes: usize): i32 {
  const s = changetype<AttentionSizes>(sizes);
  const rows = rowsOf(s);
  return scoreBytes(s) + max(productBytes(s, blockOf(rows), false), productBytes(s, rows % BLOCK, false));
}
