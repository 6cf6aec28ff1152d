import { ArgumentError } from "../../autograd";
import type { GPTConfig } from "../config";
import { TokenError } from "../errors";
import type { KVCache } from "./cache";

/** Rows of tokens as the model computes them: shorter ones are padded on the left, so that all end in one column. */
export interface Rows {
  /** `rows · length` ids, row by row; 0 where there is padding. */
  ids: Int32Array;
  /** The place of each token in its text; 0 where there is padding. */
  positions: Int32Array;
  /** Columns of padding in front of each row, before those of the cache as well. */
  padding: readonly number[];
  /** Columns that are computed, behind `first` cached ones. */
  first: number;
  length: number;
}

/**
 * Throws `TokenError` for prompts that a model cannot read; lays out the rows of a pass. With a filled cache an empty row
 * has ended: what stands in its column is computed and means nothing.
 */
export function layOut(rows: readonly (readonly number[])[], config: GPTConfig, cache?: KVCache): Rows {
  const first = cache?.length ?? 0;
  if (cache && first > 0) checkContinuation(rows, cache);
  const lengths = checkRows(rows, config, first === 0 ? [] : cache!.padding.map((columns) => first - columns));
  const length = Math.max(...lengths);
  const padding = first === 0 ? lengths.map((n) => length - n) : cache!.padding;
  const ids = new Int32Array(rows.length * length);
  const positions = new Int32Array(rows.length * length);
  rows.forEach((row, r) => {
    for (let column = 0; column < length; column++) {
      const position = first + column - padding[r]!;
      if (position < 0 || row.length === 0) continue;
      ids[r * length + column] = row[column - (length - row.length)]!;
      positions[r * length + column] = position;
    }
  });
  return { ids, positions, padding, first, length };
}

function checkContinuation(rows: readonly (readonly number[])[], cache: KVCache): void {
  const count = Math.max(...rows.map((row) => row.length));
  const goesOn = (row: readonly number[], r: number) =>
    row.length === 0 || (row.length === count && !cache.ended.has(r));
  if (rows.length === cache.padding.length && count > 0 && rows.every(goesOn)) return;
  throw new ArgumentError("forward", "with a filled cache each of its rows goes on by the same number of tokens", {
    details: {
      "rows in the cache": cache.padding.length,
      "new tokens": rows.map((row) => row.length),
      ...(cache.ended.size > 0 && { ended: [...cache.ended] }),
    },
    hint: "A row that has ended takes an empty list from then on.",
  });
}

/** The lengths of rows that follow `past` tokens each. */
function checkRows(rows: readonly (readonly number[])[], { vocab_size, n_ctx }: GPTConfig, past: number[]): number[] {
  if (rows.length === 0) throw new TokenError("forward", "no prompts given");
  return rows.map((row, r) => {
    const which = rows.length > 1 ? `prompt ${r}` : "the prompt";
    if (row.length === 0 && past.length > 0) return 0;
    if (row.length === 0) throw new TokenError("forward", `${which} is empty`);
    const length = row.length + (past[r] ?? 0);
    if (length > n_ctx) {
      throw new TokenError("forward", `${which} has ${length} tokens, the model's context is ${n_ctx}`);
    }
    for (const id of row) {
      if (!Number.isInteger(id) || id < 0 || id >= vocab_size) {
        throw new TokenError("forward", `${which} holds token id ${id}`, { hint: `Valid: 0 to ${vocab_size - 1}.` });
      }
    }
    return row.length;
  });
}
