import {
  ArgumentError,
  add,
  arange,
  causalSoftmax,
  concat,
  crossEntropy,
  DtypeError,
  embedding,
  expand,
  eye,
  FaderError,
  full,
  gather,
  grad,
  klWithout,
  layerNorm,
  linear,
  linspace,
  matmul,
  ones,
  pad,
  rand,
  randint,
  reshape,
  rotary,
  ShapeError,
  split,
  squeeze,
  step,
  swiglu,
  type Tensor,
  tensor,
  where,
  zeros,
} from "fader/autograd";
import { describe, expect, test } from "vitest";
import { nearest } from "../../src/tensor/errors";
import { cachedAttention } from "../../src/tensor/internal";
import { allocate, release } from "../../src/tensor/memory/memory";

const ids = (values: number[]) => tensor(values, { dtype: "i32" });
const scalar = tensor(1);

describe("shapes that do not fit", () => {
  const cases: Record<string, () => unknown> = {
    broadcast: () => add(zeros([2, 3]), zeros([4])),
    "broadcast a vector per row": () => zeros([4, 2, 3]).mul(zeros([2])),
    matmul: () => matmul(zeros([8, 64, 768]), zeros([3072, 768])),
    "matmul left": () => matmul(zeros([64, 8]), zeros([64, 5])),
    "matmul of no axes": () => matmul(zeros([2]), scalar),
    reshape: () => reshape(zeros([2, 3]), [4, -1]),
    expand: () => expand(zeros([2, 3]), [2, 4]),
    squeeze: () => squeeze(zeros([2, 3]), 0),
    permute: () => zeros([2, 3]).permute([0, 0]),
    "slice with too many ranges": () => zeros([2]).slice([[1], [1]]),
    concat: () => concat([zeros([2, 3]), zeros([3, 3])], 1),
    "concat of nothing": () => concat([]),
    split: () => split(zeros([4]), [1, 2]),
    item: () => zeros([2]).item(),
    assign: () => zeros([2]).assign(zeros([3])),
    ragged: () => tensor([[1, 2], [3]]),
    "tensor with a shape": () => tensor([1, 2, 3], { shape: [2, 2] }),
    "a size that is no size": () => full([2, -1], 0),
    linear: () => linear(zeros([2, 3]), zeros([4, 3]), zeros([4])),
    "linear of no axes": () => linear(scalar, zeros([1, 1]), zeros([1])),
    "linear with a weight of one axis": () => linear(zeros([2, 3]), zeros([3]), zeros([3])),
    "linear with a bias of another size": () => linear(zeros([2, 3]), zeros([3, 4]), zeros([3])),
    klWithout: () => klWithout(zeros([2, 3]), zeros([2, 3]), ids([0, 1])),
    swiglu: () => swiglu(zeros([2, 3]), zeros([3])),
    rotary: () => rotary(zeros([1, 2, 3, 4]), zeros([1, 2, 3]), zeros([1, 2, 3])),
    "rotary with angles of other positions": () => rotary(zeros([1, 2, 3, 4]), zeros([1, 1, 2]), zeros([1, 2, 2])),
    cachedAttention: () =>
      cachedAttention(zeros([1, 2, 3, 4]), zeros([1, 9, 2, 5]), { heads: 1, kvHeads: 1, past: 0, starts: ids([0]) }),
    layerNorm: () => layerNorm(zeros([2, 3]), zeros([2])),
    crossEntropy: () => crossEntropy(zeros([2, 3]), ids([0, 1, 2])),
    gather: () => gather(zeros([2, 3]), ids([0]), 0),
    causalSoftmax: () => causalSoftmax(zeros([3])),
    argmax: () => zeros([2, 0]).argmax(),
    grad: () => grad((x: Tensor) => x)(zeros([2])),
  };
  test("throw a ShapeError that shows them", () => {
    for (const [name, run] of Object.entries(cases)) expect(run, name).toThrow(ShapeError);
    expect(Object.values(cases).map(message).join("\n\n")).toMatchInlineSnapshot(`
      "ShapeError: add: shapes do not broadcast
        a [2, 3]
        b [4]

      ShapeError: mul: shapes do not broadcast
        a [4, 2, 3]
        b [2]
        To use b per row, unsqueeze it: b.unsqueeze(-1) has shape [2, 1].

      ShapeError: matmul: inner sizes differ
        a [8, 64, 768]
        b [3072, 768]
        Transposing b fits: matmul(a, b.transpose())

      ShapeError: matmul: inner sizes differ
        a [64, 8]
        b [64, 5]
        Transposing a fits: matmul(a.transpose(), b)

      ShapeError: matmul: an operand has no axes
        a [2]
        b []
        Use mul.

      ShapeError: reshape: 6 elements do not fit the shape
        x     [2, 3]
        shape [4, -1]

      ShapeError: expand: shape cannot be expanded
        from [2, 3]
        to   [2, 4]

      ShapeError: squeeze: axis 0 has size 2, not 1
        x [2, 3]

      ShapeError: permute: perm must name each of the 2 axes once
        x    [2, 3]
        perm [0, 0]

      ShapeError: slice: 2 ranges for 1 axes
        x [2]

      ShapeError: concat: shapes differ on other axes than 1
        x0 [2, 3]
        x1 [3, 3]

      ShapeError: concat: no tensors given

      ShapeError: split: sizes [1, 2] do not add up to axis -1
        x [4]

      ShapeError: item: the tensor has 2 elements, not 1
        x [2]
        Use toArray() for all of them, or sum() to reduce them.

      ShapeError: assign: shapes differ
        to   [2]
        from [3]

      ShapeError: tensor: the lists have unequal lengths
        first entries [2, 2]

      ShapeError: tensor: shape needs 4 elements, data has 3
        shape [2, 2]

      ShapeError: full: a shape is a list of non-negative integers
        shape [2, -1]

      ShapeError: linear: the last axis of x and the first of weight differ
        x      [2, 3]
        weight [4, 3]
        bias   [4]
        Transposing weight fits: linear(x, weight.transpose(), bias)

      ShapeError: linear: x has no axes
        x      []
        weight [1, 1]
        bias   [1]

      ShapeError: linear: weight needs two axes, [in, out]
        x      [2, 3]
        weight [3]
        bias   [3]

      ShapeError: linear: bias must have the size of the last axis of weight, [4]
        x      [2, 3]
        weight [3, 4]
        bias   [3]

      ShapeError: kl_without: takes clean and edited [rows, n] and index [rows, k]
        clean  [2, 3]
        edited [2, 3]
        index  [2]

      ShapeError: swiglu: gate and up must have one shape
        gate [2, 3]
        up   [3]

      ShapeError: rotary: 3 pairs do not fit into vectors of 4
        x   [1, 2, 3, 4]
        cos [1, 2, 3]
        sin [1, 2, 3]

      ShapeError: rotary: cos and sin must be [batch, length, half] with the batch and length of x
        x   [1, 2, 3, 4]
        cos [1, 1, 2]
        sin [1, 2, 2]

      ShapeError: cached_attention: qkv and the cache do not belong together
        qkv     [1, 2, 3, 4]
        cache   [1, 9, 2, 5]
        heads   1
        kvHeads 1

      ShapeError: layer_norm: weight must have the size of the last axis of x, [3]
        x      [2, 3]
        weight [2]

      ShapeError: cross_entropy: target must have the shape of logits without its last axis
        logits [2, 3]
        target [3]

      ShapeError: gather: index must have the rank of x and fit it on every axis but 0
        x     [2, 3]
        index [1]

      ShapeError: causal_softmax: needs at least two axes
        x [3]

      ShapeError: argmax: the axis is empty
        x [2, 0]

      ShapeError: grad: the function must return one number
        returned [2]
        Reduce it, for instance with sum() or mean()."
    `);
  });
  test("logits without classes are refused", () => {
    expect(() => crossEntropy(scalar, tensor(0, { dtype: "i32" }))).toThrow(ShapeError);
  });
});

/** The name and the message, as they are printed. */
function message(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    return String(error);
  }
  return "nothing was thrown";
}

describe("messages", () => {
  test("name the shapes and a fix that works", () => {
    expect(message(() => matmul(zeros([8, 64, 768]), zeros([3072, 768])))).toMatchInlineSnapshot(`
      "ShapeError: matmul: inner sizes differ
        a [8, 64, 768]
        b [3072, 768]
        Transposing b fits: matmul(a, b.transpose())"
    `);
    expect(matmul(zeros([8, 64, 768]), zeros([3072, 768]).transpose()).shape).toEqual([8, 64, 3072]);
    expect(message(() => zeros([4, 2, 3]).mul(zeros([2])))).toMatchInlineSnapshot(`
      "ShapeError: mul: shapes do not broadcast
        a [4, 2, 3]
        b [2]
        To use b per row, unsqueeze it: b.unsqueeze(-1) has shape [2, 1]."
    `);
    expect(zeros([4, 2, 3]).mul(zeros([2]).unsqueeze(-1)).shape).toEqual([4, 2, 3]);
  });
  test("about dtypes", () => {
    expect(() => add(zeros([2]), zeros([2], { dtype: "f64" }))).toThrowErrorMatchingInlineSnapshot(`
      [DtypeError: add: dtypes differ
        a f32 [2]
        b f64 [2]
        Cast one, for instance b.cast("f32").]
    `);
    expect(() => tensor([true]).add(tensor([true]))).toThrowErrorMatchingInlineSnapshot(`
      [DtypeError: add: a and b are bool
        Cast them: a.cast("f32").]
    `);
    expect(() => tensor([true]).exp()).toThrowErrorMatchingInlineSnapshot(`
      [DtypeError: exp: takes floats, not bool
        Cast first: x.cast("f32").]
    `);
    expect(() => where(zeros([1]), 1, 2)).toThrowErrorMatchingInlineSnapshot(`
      [DtypeError: where: condition is f32, not bool
        Compare first, for instance where(greater(x, 0), a, b).]
    `);
    expect(() => embedding(eye(3), tensor([1]))).toThrowErrorMatchingInlineSnapshot(`
      [DtypeError: embedding: index is f32, not i32
        Create it with { dtype: "i32" }.]
    `);
    expect(() => zeros([1]).assign(zeros([1], { dtype: "f64" }))).toThrowErrorMatchingInlineSnapshot(`
      [DtypeError: assign: a f32 tensor cannot take f64 values
        Cast first: source.cast("f32").]
    `);
    expect(() => grad((x: Tensor) => x)(ids([1]))).toThrowErrorMatchingInlineSnapshot(`
      [DtypeError: grad: the first argument is i32: only floats have gradients
        Pass integer inputs as later arguments.]
    `);
  });
  test("about arguments", () => {
    expect(() => zeros([2, 3]).sum(2)).toThrowErrorMatchingInlineSnapshot(`
      [ArgumentError: sum: axis 2 is out of range
        Valid axes: -2 to 1.]
    `);
    expect(() => scalar.softmax()).toThrowErrorMatchingInlineSnapshot(`
      [ArgumentError: softmax: axis -1 is out of range
        A tensor of rank 0 has no axes.]
    `);
    expect(() => zeros([2, 3]).sum([0, -2])).toThrowErrorMatchingInlineSnapshot(
      `[ArgumentError: sum: axis [0, 0] names an axis twice]`,
    );
    expect(() => zeros([2]).slice([[null, null, 0]])).toThrowErrorMatchingInlineSnapshot(`
      [ArgumentError: slice: step is 0
        Use a step of 1 or more, or -1 to reverse.]
    `);
    expect(() => zeros([2]).slice([[0.5]])).toThrowErrorMatchingInlineSnapshot(
      `[ArgumentError: slice: 0.5 is not an integer]`,
    );
    expect(() => embedding(eye(3), ids([3]))).toThrowErrorMatchingInlineSnapshot(`
      [ArgumentError: embedding: index 3 is out of range
        Valid: 0 to 2.]
    `);
    expect(() =>
      crossEntropy(zeros([1, 2]), ids([0]), { reduction: "avg" as "sum" }),
    ).toThrowErrorMatchingInlineSnapshot(`
      [ArgumentError: cross_entropy: no reduction "avg"
        Valid: mean, sum, none.]
    `);
    expect(() => pad(zeros([2]), [[-1, 0]])).toThrowErrorMatchingInlineSnapshot(`
      [ArgumentError: pad: pads must hold [before, after] ≥ 0 for each axis
        x [2]]
    `);
    expect(() => rand([2], { seed: 0.5 })).toThrowErrorMatchingInlineSnapshot(`
      [ArgumentError: random: seed 0.5 is not an integer
        Pass { seed: 0 }, or a Random.]
    `);
    expect(() => randint(3, 3, [1], { seed: 0 })).toThrowErrorMatchingInlineSnapshot(
      `[ArgumentError: randint: no integers in [3, 3)]`,
    );
    expect(() => arange(0, 1, 0)).toThrowErrorMatchingInlineSnapshot(`[ArgumentError: arange: step is 0]`);
    expect(() => linspace(0, 1, -1)).toThrowErrorMatchingInlineSnapshot(`
      [ShapeError: shape: a shape is a list of non-negative integers
        shape [-1]]
    `);
    expect(() => step(async () => 1)).toThrowErrorMatchingInlineSnapshot(`
      [ArgumentError: step: the function returned a promise
        A step is synchronous: await outside of it.]
    `);
  });
  test("about tensors used too late, and about memory", () => {
    let x = scalar;
    step(() => {
      x = ones([2]);
    });
    expect(() => x.toArray()).toThrowErrorMatchingInlineSnapshot(`
      [LifetimeError: tensor: used after the step that computed it has ended
        Return it from the step (or from the differentiated function), or assign it to a parameter: both copy.]
    `);
    expect(message(() => zeros([2 ** 31])).replace(/in use .*/, "in use …")).toMatchInlineSnapshot(`
      "OutOfMemoryError: memory: no room for 8192 MiB more
        in use …
        limit  4096 MiB
        No tensor can be larger than this limit: compute it in parts."
    `);
    const half = allocate(2 ** 31);
    const refused = message(() => zeros([2 ** 29]));
    release(half, 2 ** 31);
    expect(refused.replace(/in use .*/, "in use …")).toMatchInlineSnapshot(`
      "OutOfMemoryError: memory: no room for 2048 MiB more
        in use …
        limit  4096 MiB
        Frozen weights take half the memory in 16 bits: { dtype: "bf16" } or { dtype: "f16" }."
    `);
  });
});

describe("a hint works, or is not given", () => {
  test("transposing a vector does not", () => {
    for (const run of [() => matmul(ones([5, 1]), ones([3])), () => matmul(ones([3]), ones([1, 4]))])
      expect(message(run)).not.toMatch(/Transposing/);
    expect(message(() => matmul(ones([5, 2]), ones([3])))).toMatch(/b \[3\]/);
  });
  test("unsqueezing an operand does not mend the batch axes of a product", () => {
    expect(message(() => matmul(zeros([2, 3, 4, 5]), zeros([2, 5, 6])))).not.toMatch(/unsqueeze/);
  });
  test("casting to the dtype of the condition does not", () => {
    expect(message(() => where(tensor([true]), zeros([1]), ids([1])))).not.toMatch(/cast\("bool"\)/);
  });
  test("the shapes that where names are those it was given", () => {
    expect(message(() => where(zeros([5]).equal(0), zeros([2, 3]), zeros([3])))).toMatch(/condition +\[5\]/);
  });
});

test("errors are typed, with fields", () => {
  let error: unknown;
  try {
    add(zeros([2]), zeros([3]));
  } catch (thrown) {
    error = thrown;
  }
  expect(error).toBeInstanceOf(ShapeError);
  expect(error).toBeInstanceOf(FaderError);
  expect(error).toBeInstanceOf(Error);
  expect(error).toMatchObject({
    name: "ShapeError",
    where: "add",
    problem: "shapes do not broadcast",
    details: { a: [2], b: [3] },
  });
  expect(new ArgumentError("f", "wrong", { details: { a: 1, long: "x" }, hint: "Do." }).message).toBe(
    "f: wrong\n  a    1\n  long x\n  Do.",
  );
  expect(new DtypeError("f", "wrong")).toMatchObject({ hint: undefined, details: {} });
});

test("nearest finds the closest name", () => {
  expect(nearest("mlp_ot", ["attn_out", "mlp_out"])).toBe("mlp_out");
  expect(nearest("x", [])).toBeUndefined();
});
