import { ShapeError } from "../errors";
import { sameShape } from "../layout";
import { contiguous, op } from "../op";
import type { Tensor } from "../tensor";
import { add, mul, sub } from "./arithmetic";
import { sigmoid } from "./elementwise";

const swigluOp = op("swiglu", {
  formula: "silu(gate) · up",
  inputs: ["gate", "up"],
  floats: true,
  shape: ({ gate, up }) => {
    if (!sameShape(gate.shape, up.shape)) {
      throw new ShapeError("swiglu", "gate and up must have one shape", {
        details: { gate: gate.shape, up: up.shape },
      });
    }
    return gate.shape;
  },
  forward: (kernels, { gate, up }, out) => kernels.swiglu(contiguous(gate), contiguous(up), out),
  gradient: {
    gate: ({ g, gate, up }) => swigluGateGradient({ gate, up, g }),
    up: ({ g, gate }) => swiglu(gate, g),
  },
});

const swigluGateGradient = op("swiglu_gate_gradient", {
  formula: "g · up · (s + gate·s·(1 − s)), s = sigmoid(gate)",
  inputs: ["gate", "up", "g"],
  shape: ({ gate }) => gate.shape,
  forward: (kernels, { gate, up, g }, out) =>
    kernels.swigluGateGradient(contiguous(gate), contiguous(up), contiguous(g), out),
  composed: ({ gate, up, g }) => {
    const s = sigmoid(gate);
    return mul(mul(g, up), add(s, mul(gate, mul(s, sub(1, s)))));
  },
});

/** `silu(gate) · up`, the gated activation of LLaMA's MLP. Both of one shape, else throws `ShapeError`. */
export function swiglu(gate: Tensor, up: Tensor): Tensor {
  return swigluOp({ gate, up });
}
