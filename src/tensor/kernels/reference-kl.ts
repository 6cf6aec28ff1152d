import type { Tensor } from "../tensor";
import type { Kernels } from "./interface";
import { eachRow, rowOf, rowsOf, setRow, softmaxOf } from "./reference-rows";

/** KL between rows of logits without some entries: those count as logits of -inf. */
export const referenceKl: Pick<Kernels, "klWithout" | "klWithoutGradient"> = {
  klWithout(clean, edited, index, out) {
    rowsOf(out).fill(0);
    eachRow(clean, (row, r) => {
      const [p, q] = [softmaxOf(without(row, index, r)), softmaxOf(without(rowOf(edited, r), index, r))];
      rowsOf(out)[r] = p.reduce((sum, v, j) => (v === 0 ? sum : sum + v * Math.log(v / q[j]!)), 0);
    });
  },
  klWithoutGradient(clean, edited, index, g, out) {
    const slope = rowsOf(g);
    eachRow(clean, (row, r) => {
      const [p, q] = [softmaxOf(without(row, index, r)), softmaxOf(without(rowOf(edited, r), index, r))];
      setRow(
        out,
        r,
        q.map((v, j) => slope[r]! * (v - p[j]!)),
      );
    });
  },
};

function without(row: Float64Array, index: Tensor, r: number): Float64Array {
  const count = index.shape[1]!;
  for (const j of rowsOf(index).subarray(r * count, (r + 1) * count)) row[j] = Number.NEGATIVE_INFINITY;
  return row;
}
