import { ArgumentError, ShapeError } from "../errors";
import { kernelsFor } from "../kernels";
import { contiguous } from "../op";
import { profiler } from "../profile";
import { empty, type Tensor } from "../tensor";

/** Options of `cachedAttention`. */
export interface CachedAttentionOptions {
  /** Query heads, and key and value heads: as for `causalAttention`. */
  heads: number;
  kvHeads: number;
  /** Positions that the cache already holds. */
  past: number;
  /** `[batch]` (i32): keys before it are invisible. */
  starts: Tensor;
}

/**
 * `causalAttention` of new positions that follow cached ones. `qkv [batch, length, heads + 2 · kvHeads, d_head]` holds
 * the new positions alone; their keys and values are first written into `cache [batch, capacity, 2 · kvHeads, d_head]`
 * behind the `past` ones. Gives `[batch, length, heads, d_head]`. Has no gradient: for generation.
 * @throws `ShapeError` when the sizes do not fit, `ArgumentError` when the cache is full.
 */
export function cachedAttention(qkv: Tensor, cache: Tensor, options: CachedAttentionOptions): Tensor {
  const { heads, kvHeads, past, starts } = options;
  const [batch, length, , d] = qkv.shape as [number, number, number, number];
  const fits = cache.rank === 4 && cache.shape[0] === batch && cache.shape[2] === 2 * kvHeads && cache.shape[3] === d;
  if (qkv.rank !== 4 || qkv.shape[2] !== heads + 2 * kvHeads || !fits) {
    throw new ShapeError("cached_attention", "qkv and the cache do not belong together", {
      details: { qkv: qkv.shape, cache: cache.shape, heads, kvHeads },
    });
  }
  if (past < 0 || past + length > cache.shape[1]!) {
    throw new ArgumentError("cached_attention", `no room for ${length} positions after ${past}`, {
      details: { cache: cache.shape },
    });
  }
  const out = empty([batch, length, heads, d], qkv.dtype);
  profiler.measure("cached_attention", () => {
    const kernels = kernelsFor(qkv.dtype);
    const vectors = (x: Tensor, from: number, to: number) => x.withLayout(x.layout.slice([null, null, [from, to]]));
    const positions = (x: Tensor, from: number, to: number) => x.withLayout(x.layout.slice([null, [from, to]]));
    kernels.copy(vectors(qkv, heads, heads + 2 * kvHeads), positions(cache, past, past + length));
    const seen = positions(cache, 0, past + length);
    const [k, v] = [vectors(seen, 0, kvHeads), vectors(seen, kvHeads, 2 * kvHeads)];
    const q = contiguous(qkv);
    kernels.attention(vectors(q, 0, heads), k, v, contiguous(starts), out, 1 / Math.sqrt(d || 1));
    if (profiler.isOn) profiler.count([qkv, seen, out], 4 * out.size * (past + length));
  });
  return out;
}
