import {
  add,
  arange,
  causalSoftmax,
  concat,
  cos,
  exp,
  matmul,
  mul,
  silu,
  sin,
  type Tensor,
  tanh,
  transpose,
} from "fader/tensor";

/** The named formulas of `op: "formula"` cases, by case id. */
export const formulas: Record<string, (x: Record<string, Tensor>) => Tensor> = {
  reuse_twice: ({ x }) => add(mul(x!, x!), mul(x!, tanh(x!))).div(exp(x!.neg()).add(1)),
  reuse_diamond: ({ x }) => {
    const a = mul(x!, 2);
    const b = exp(a);
    return add(add(a, b), mul(a, b));
  },
  reuse_matmul_self: ({ x }) => matmul(x!, transpose(x!)),
  causal_attention: ({ q, k, v }) => {
    const scores = matmul(q!, transpose(k!)).div(Math.sqrt(q!.shape.at(-1)!));
    return matmul(causalSoftmax(scores), v!);
  },
  rope_half: ({ x }) => {
    const [t, d] = x!.shape.slice(-2) as [number, number];
    const { dtype } = x!;
    const position = arange(0, t, 1, { dtype }).unsqueeze(1);
    const frequency = arange(0, d / 2, 1, { dtype }).mul((-2 * Math.log(10000)) / d);
    const angle = mul(position, exp(frequency));
    const [u, v] = x!.split([d / 2, d / 2]) as [Tensor, Tensor];
    return concat([u.mul(cos(angle)).sub(v.mul(sin(angle))), v.mul(cos(angle)).add(u.mul(sin(angle)))]);
  },
  swiglu: ({ x, g, u }) => mul(silu(matmul(x!, g!)), matmul(x!, u!)),
  steering_scale: ({ h, alpha, v }) => alpha!.unsqueeze(1).add(1).mul(h!).add(v!),
  second_order_poly_tanh: ({ x }) => x!.mul(x!).mul(x!).mul(tanh(x!)).sum().add(x!.sum().square()),
  second_order_softmax: ({ x }) => x!.softmax().square().sum(),
};
