// Gradient of causal attention: the weights of each block are computed again rather than stored.
import { at, AttentionSizes, blockOf, blockWeights, clearRows, scoreBytes, seenBy } from "./attention";
import { paddedRow, scoreGradientLanes } from "./attention-scores";
import { gemm, GEMM_SCRATCH } from "./gemm";

/** One head: fills dq, and adds to dk and dv, or fills them over the visible keys if `isFirst`. */
function headGradient(
  s: AttentionSizes, q: usize, k: usize, v: usize, g: usize, dq: usize, dk: usize, dv: usize,
  isFirst: bool, start: i32, scale: f32, scores: usize, slopes: usize, room: usize,
): void {
  const block = blockOf(s.queries);
  const d = s.size;
  // From the last block, which sees all keys, to the first: what the last one fills the others add to.
  let add = !isFirst;
  for (let from = ((s.queries - 1) / block) * block; from >= 0; from -= block) {
    const rows = min(s.queries - from, block);
    const keys = seenBy(from + rows - 1, s, start);
    const query = q + ((from * s.qRow) << 2);
    const slope = dq + ((from * s.qRow) << 2);
    const seed = g + ((from * s.outRow) << 2);
    if (keys <= 0) {
      clearRows(slope, s.qRow, rows, d);
      continue;
    }
    const width = paddedRow(rows);
    blockWeights(s, query, k, from, rows, keys, start, scale, scores, room);
    gemm(keys, d, rows, scores, width, 1, seed, s.outRow, 1, dv, s.vRow, add, 0, room);
    gemm(keys, rows, d, v, s.vRow, 1, seed, 1, s.outRow, slopes, width, false, 0, room);
    for (let r = 0; r < rows; r += 4) {
      scoreGradientLanes(scores + (r << 2), slopes + (r << 2), width << 2, keys, scale);
    }
    gemm(rows, d, keys, slopes, 1, width, k, s.kRow, 1, slope, s.qRow, false, 0, room);
    gemm(keys, d, rows, slopes, width, 1, query, s.qRow, 1, dk, s.kRow, add, 0, room);
    add = true;
  }
}

/** As `attention`, with g of the strides of its output; dq, dk, dv have the strides of q, k, v. */
export function attentionGradient(
  sizes: usize, q: usize, k: usize, v: usize, starts: usize, g: usize, dq: usize, dk: usize, dv: usize,
  scale: f32, scratch: usize, first: i32, last: i32,
): void {
  const s = changetype<AttentionSizes>(sizes);
  const group = s.heads / s.kvHeads;
  const slopes = scratch + scoreBytes(s);
  const room = slopes + scoreBytes(s);
  for (let unit = first; unit < last; unit++) {
    const batch = unit / s.kvHeads;
    const kv = unit % s.kvHeads;
    const start = load<i32>(starts + (batch << 2));
    const kAt = at(0, batch, s.kBatch, kv, s.kHead);
    const vAt = at(0, batch, s.vBatch, kv, s.vHead);
    clearRows(dk + kAt, s.kRow, start, s.size);
    clearRows(dv + vAt, s.vRow, start, s.size);
    const kFrom = kAt + ((start * s.kRow) << 2);
    const vFrom = vAt + ((start * s.vRow) << 2);
    for (let h = 0; h < group; h++) {
      const qAt = at(0, batch, s.qBatch, kv * group + h, s.qHead);
      const seed = at(g, batch, s.outBatch, kv * group + h, s.outHead);
      headGradient(
        s, q + qAt, k + kFrom, v + vFrom, seed, dq + qAt, dk + kFrom, dv + vFrom,
        h == 0, start, scale, scratch, slopes, room,
      );
    }
  }
}

/** Scratch of one thread. */
export function attentionGradientScratchBytes(sizes: usize): i32 {
  const s = changetype<AttentionSizes>(sizes);
  return 2 * scoreBytes(s) + GEMM_SCRATCH;
}
