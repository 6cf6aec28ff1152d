import { type Tensor, tensor } from "../../autograd";
import type { Rotary } from "../config";
import { rotaryFrequencies } from "../families";

/** `cos` and `sin [batch, length, dim / 2]` of the angles by which queries and keys turn. */
export interface Angles {
  cos: Tensor;
  sin: Tensor;
}

/** The angles of every token: its position times each frequency, in float64 until the end. */
export function rotaryAngles(
  rotation: Rotary,
  { ids, positions }: { ids: Tensor; positions: Int32Array },
  dtype: Tensor["dtype"],
): Angles {
  const frequencies = rotaryFrequencies(rotation);
  const half = frequencies.length;
  const [cos, sin] = [new Float64Array(positions.length * half), new Float64Array(positions.length * half)];
  positions.forEach((position, at) => {
    for (let i = 0; i < half; i++) {
      const angle = position * frequencies[i]!;
      cos[at * half + i] = Math.cos(angle);
      sin[at * half + i] = Math.sin(angle);
    }
  });
  const shape = [...ids.shape, half];
  return { cos: tensor(cos, { dtype, shape }), sin: tensor(sin, { dtype, shape }) };
}
