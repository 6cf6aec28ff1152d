import { ones, zeros } from "../create";
import { ArgumentError, ShapeError } from "../errors";
import { contiguous, op } from "../op";
import type { Tensor } from "../tensor";
import { add, mul, sub } from "./arithmetic";
import { rsqrt, square } from "./elementwise";
import { mean, sum } from "./reduce";
import { reshape } from "./views";

interface Norm {
  eps: number;
}

const layerNormOp = op("layer_norm", {
  formula: "x̂ · weight + bias, x̂ = (x − mean) / √(biased variance + eps) along the last axis",
  inputs: ["x", "weight", "bias"],
  floats: true,
  shape: ({ x, weight, bias }) => checkNorm("layer_norm", x, { weight, bias }),
  forward: (kernels, { x, weight, bias }, out, { eps }: Norm) =>
    kernels.layerNorm(contiguous(x), contiguous(weight), contiguous(bias), out, eps),
  gradient: {
    x: ({ g, x, weight, attrs }) => layerNormGradient({ x, weight, g }, attrs),
    weight: ({ g, x, attrs }) => layerNormWeightGradient({ x, g }, attrs),
    bias: ({ g, bias }) => sumRows(g, bias.shape[0]!),
  },
});

const layerNormGradient = op("layer_norm_gradient", {
  formula: "(h − mean h − x̂ · mean(h · x̂)) / √(variance + eps), h = g · weight",
  inputs: ["x", "weight", "g"],
  shape: ({ x }) => x.shape,
  forward: (kernels, { x, weight, g }, out, { eps }: Norm) =>
    kernels.layerNormGradient(contiguous(x), contiguous(weight), contiguous(g), out, eps),
  composed: ({ x, weight, g }, { eps }) => {
    const centred = sub(x, mean(x, -1, true));
    const scale = rsqrt(add(mean(square(centred), -1, true), eps));
    const hat = mul(centred, scale);
    const h = mul(g, weight);
    return mul(scale, sub(sub(h, mean(h, -1, true)), mul(hat, mean(mul(h, hat), -1, true))));
  },
});

const layerNormWeightGradient = op("layer_norm_weight_gradient", {
  formula: "Σ over rows of g · x̂",
  inputs: ["x", "g"],
  shape: ({ x }) => [x.shape.at(-1)!],
  forward: (kernels, { x, g }, out, { eps }: Norm) =>
    kernels.layerNormWeightGradient(contiguous(x), contiguous(g), out, eps),
  composed: ({ x, g }, { eps }) => {
    const centred = sub(x, mean(x, -1, true));
    const hat = mul(centred, rsqrt(add(mean(square(centred), -1, true), eps)));
    return sumRows(mul(g, hat), x.shape.at(-1)!);
  },
});

const rmsNormOp = op("rms_norm", {
  formula: "x / √(mean(x²) + eps) · weight along the last axis",
  inputs: ["x", "weight"],
  floats: true,
  shape: ({ x, weight }) => checkNorm("rms_norm", x, { weight }),
  forward: (kernels, { x, weight }, out, { eps }: Norm) => kernels.rmsNorm(contiguous(x), contiguous(weight), out, eps),
  gradient: {
    x: ({ g, x, weight, attrs }) => rmsNormGradient({ x, weight, g }, attrs),
    weight: ({ g, x, attrs }) => rmsNormWeightGradient({ x, g }, attrs),
  },
});

const rmsNormGradient = op("rms_norm_gradient", {
  formula: "(h − x̂ · mean(h · x̂)) / √(mean(x²) + eps), h = g · weight",
  inputs: ["x", "weight", "g"],
  shape: ({ x }) => x.shape,
  forward: (kernels, { x, weight, g }, out, { eps }: Norm) =>
    kernels.rmsNormGradient(contiguous(x), contiguous(weight), contiguous(g), out, eps),
  composed: ({ x, weight, g }, { eps }) => {
    const scale = rsqrt(add(mean(square(x), -1, true), eps));
    const hat = mul(x, scale);
    const h = mul(g, weight);
    return mul(scale, sub(h, mul(hat, mean(mul(h, hat), -1, true))));
  },
});

const rmsNormWeightGradient = op("rms_norm_weight_gradient", {
  formula: "Σ over rows of g · x̂",
  inputs: ["x", "g"],
  shape: ({ x }) => [x.shape.at(-1)!],
  forward: (kernels, { x, g }, out, { eps }: Norm) =>
    kernels.rmsNormWeightGradient(contiguous(x), contiguous(g), out, eps),
  composed: ({ x, g }, { eps }) => sumRows(mul(g, mul(x, rsqrt(add(mean(square(x), -1, true), eps)))), x.shape.at(-1)!),
});

/** LayerNorm along the last axis: `x [.., d]`, `weight [d]` and `bias [d]` optional. */
export function layerNorm(x: Tensor, weight?: Tensor, bias?: Tensor, eps = 1e-5): Tensor {
  const size = [x.shape.at(-1) ?? 0];
  const { dtype } = x;
  return layerNormOp({ x, weight: weight ?? ones(size, { dtype }), bias: bias ?? zeros(size, { dtype }) }, { eps });
}

/** RMSNorm along the last axis: `x [.., d]`, `weight [d]` optional. */
export function rmsNorm(x: Tensor, weight?: Tensor, eps = 1e-5): Tensor {
  return rmsNormOp({ x, weight: weight ?? ones([x.shape.at(-1) ?? 0], { dtype: x.dtype }) }, { eps });
}

function sumRows(x: Tensor, n: number): Tensor {
  return n === 0 ? reshape(x, [0]) : sum(reshape(x, [x.size / n, n]), 0);
}

function checkNorm(name: string, x: Tensor, parameters: Record<string, Tensor>) {
  if (x.rank === 0) throw new ArgumentError(name, "x has no axes");
  for (const [key, value] of Object.entries(parameters)) {
    if (value.rank !== 1 || value.shape[0] !== x.shape.at(-1)) {
      throw new ShapeError(name, `${key} must have the size of the last axis of x, [${x.shape.at(-1)}]`, {
        details: { x: x.shape, [key]: value.shape },
      });
    }
  }
  return x.shape;
}
