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

/** What `op: "formula"` and `op: "second_order"` cases compute, by a short name. */
const formulas: Record<string, (x: Record<string, Tensor>) => Tensor> = {
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

/** The texts that define them, as stored in `attrs.formula`. */
const definitions: Record<string, string> = {
  reuse_twice: "y = (x*x + x*tanh(x)) / (1 + exp(-x))",
  reuse_diamond: "a = 2*x; b = exp(a); c = a*b; y = a + b + c",
  reuse_matmul_self: "y = x @ transpose(x)",
  causal_attention: "y = softmax(q @ transpose(k) / sqrt(head_dim) with entries column > row set to -inf) @ v",
  rope_half:
    "x (..., T, D): with angle[t,i] = t * 10000^(-2i/D), u = x[..., :D/2], v = x[..., D/2:], y = concat(u*cos(angle) - v*sin(angle), v*cos(angle) + u*sin(angle))",
  swiglu: "y = silu(x @ g) * (x @ u)",
  steering_scale: "y = (1 + alpha[:, newaxis]) * h + v, alpha of shape (T), h of shape (B, T, d), v of shape (T, d)",
  second_order_poly_tanh: "f(x) = sum(x^3 * tanh(x)) + (sum x)^2",
  second_order_softmax: "f(x) = sum(softmax(x)^2)",
};

/** The function that a case's text defines; a case of unknown text may still be known by its id. */
export function formulaOf(id: string, text: string): ((x: Record<string, Tensor>) => Tensor) | undefined {
  const plain = (s: string) => s.replace(/\s+/g, "");
  const name = Object.keys(definitions).find((key) => plain(definitions[key]!) === plain(text)) ?? id;
  return formulas[name];
}
