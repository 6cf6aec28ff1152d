import {
  checkGradients,
  crossEntropy,
  detach,
  gather,
  grad,
  leavesOf,
  logsumexp,
  mapTree,
  mul,
  noGrad,
  ones,
  parameter,
  pow,
  softmax,
  step,
  sum,
  type Tensor,
  tensor,
  tril,
  valueAndGrad,
  where,
  zeros,
} from "fader/autograd";
import { describe, expect, test } from "vitest";
import { countElements } from "../../../src/autograd/internal";

const f64 = (data: number | number[]) => tensor(data, { dtype: "f64" });
const at = (f: (x: Tensor) => Tensor, x: number) => grad(f)(f64(x)).item();

describe("valueAndGrad", () => {
  test("gives the value and the gradient", () => {
    const { value, grads, aux } = valueAndGrad((x: Tensor) => x.square().sum())(tensor([1, 2]));
    expect([value.item(), grads.toArray(), aux]).toEqual([5, [2, 4], undefined]);
  });
  test("takes trees and gives gradients of the same form", () => {
    const tree = { w: f64([1, 2]), layers: [{ b: f64(3) }, { b: f64(4) }] as const };
    const { grads } = valueAndGrad(({ w, layers }: typeof tree) => w.sum().mul(layers[0].b).add(layers[1].b.square()))(
      tree,
    );
    expect(mapTree(grads, (x) => x)).toEqual(grads);
    expect([grads.w.toArray(), grads.layers[0].b.item(), grads.layers[1].b.item()]).toEqual([[3, 3], 3, 8]);
  });
  test("passes further arguments and the auxiliary result through", () => {
    const f = (x: Tensor, power: number, y: Tensor) => [x.pow(power).mul(y).sum(), { y, doubled: x.mul(2) }] as const;
    const { grads, aux } = valueAndGrad(f)(f64([1, 3]), 2, f64([1, 10]));
    expect([grads.toArray(), aux!.doubled.toArray()]).toEqual([
      [2, 60],
      [2, 6],
    ]);
  });
  test("adds up all uses of a tensor", () => {
    expect(at((x) => x.mul(x).add(x.exp().mul(0)).add(x), 3)).toBe(7);
    const x = f64([1, 2, 3]);
    const same = grad(({ a, b }: { a: Tensor; b: Tensor }) => a.mul(b).add(a).sum())({ a: x, b: x });
    expect([same.a.toArray(), same.b.toArray()]).toEqual([
      [2, 3, 4],
      [1, 2, 3],
    ]);
  });
  test("gives zeros for what is not used", () => {
    const { grads } = valueAndGrad(({ a }: { a: Tensor; b: Tensor }) => a.sum())({
      a: f64([1]),
      b: f64([[1, 2]] as never),
    });
    expect(grads.b.toArray()).toEqual([[0, 0]]);
    expect(valueAndGrad((_: Tensor) => f64(3))(f64([1])).grads.toArray()).toEqual([0]);
  });
  test("of the identity is one", () => {
    const x = parameter(f64(2));
    const { value, grads } = valueAndGrad((x: Tensor) => x)(x);
    expect([value.item(), grads.item()]).toEqual([2, 1]);
  });
  test("gradients of two parameters are two tensors", () => {
    const { a, b } = grad(({ a, b }: { a: Tensor; b: Tensor }) => a.add(b))({ a: f64(1), b: f64(2) });
    a.assign(f64(5));
    expect(b.item()).toBe(1);
  });
  test("a value of one element in any shape will do", () => {
    expect(grad((x: Tensor) => x.sum(0, true))(f64([1, 2])).toArray()).toEqual([1, 1]);
  });
  test("sees through views of the parameter", () => {
    const x = f64([1, 2, 3, 4, 5, 6]).reshape([2, 3]).transpose().flip([0]);
    expect(
      grad((x: Tensor) =>
        x
          .slice([
            [0, 2],
            [null, null, -1],
          ])
          .mul([
            [1, 2],
            [3, 4],
          ])
          .sum(),
      )(x).toArray(),
    ).toEqual([
      [2, 1],
      [4, 3],
      [0, 0],
    ]);
  });
  test("a parameter handed out is a constant to later functions", () => {
    const { aux } = valueAndGrad((x: Tensor) => [x.square().mul(2).add(1), x] as const)(parameter(f64(2)));
    const later = valueAndGrad((_: Tensor) => aux!)(f64(1));
    expect([later.value.item(), later.grads.item()]).toEqual([2, 0]);
    expect(at((x) => x.mul(aux!).add(aux!), 5)).toBe(2);
    expect(at((x) => aux!.square().mul(x.square()), 5)).toBe(40);
  });
  test("leaves no history behind", () => {
    const { value, grads } = valueAndGrad((x: Tensor) => x.square())(f64(2));
    expect([value.node, grads.node, value.mul(2).node]).toEqual([undefined, undefined, undefined]);
  });
});

describe("nested gradients", () => {
  test("second and third derivatives", () => {
    const cube = (x: Tensor) => x.mul(x).mul(x);
    expect([at(cube, 2), at(grad(cube), 2), at(grad(grad(cube)), 2)]).toEqual([12, 12, 6]);
  });
  test("x^n at 0, as often as one likes", () => {
    const square = (x: Tensor) => x.pow(2);
    expect([at(square, 0), at(grad(square), 0), at(grad(grad(square)), 0)]).toEqual([0, 2, 0]);
    expect(
      at(
        grad((x) => x.pow(1)),
        0,
      ),
    ).toBe(0);
  });
  test("do not confuse an inner variable with an outer one", () => {
    expect(at((x) => x.mul(grad((y: Tensor) => x.mul(y))(f64(1))), 3)).toBe(6);
    expect(at((x) => x.mul(grad((y: Tensor) => x.add(y))(f64(1))), 3)).toBe(1);
    expect(at((x) => grad((y: Tensor) => x.mul(y.square()))(x), 3)).toBe(12);
  });
  test("value and aux of an inner function carry gradients outwards", () => {
    const f = (x: Tensor) => {
      const { value, grads, aux } = valueAndGrad((y: Tensor) => [y.square(), y.mul(5)] as const)(x);
      return value.add(grads).add(aux!);
    };
    expect(at(f, 3)).toBe(6 + 2 + 5);
  });
  test("through step", () => {
    expect(at((x) => step(() => x.square()).mul(x), 2)).toBe(12);
    expect(step(() => grad(grad((x: Tensor) => step(() => x.exp())))(f64(0))).item()).toBe(1);
  });
  test("a Hessian of a composed function is symmetric", () => {
    const f = (x: Tensor) =>
      logsumexp(x).mul(
        softmax(x)
          .slice([[0, 1]])
          .sum(),
      );
    const row = (i: number) =>
      grad((x: Tensor) =>
        grad(f)(x)
          .slice([[i, i + 1]])
          .sum(),
      )(f64([0.3, -1, 2])).toArray() as number[];
    const hessian = [0, 1, 2].map(row);
    for (const [i, j] of [
      [0, 1],
      [0, 2],
      [1, 2],
    ] as const)
      expect(hessian[i]![j]).toBeCloseTo(hessian[j]![i]!, 12);
  });
});

describe("constants", () => {
  test("detach and noGrad stop the gradient", () => {
    expect(at((x) => x.mul(detach(x)), 3)).toBe(3);
    expect(at((x) => x.mul(noGrad(() => x.square())), 3)).toBe(9);
    expect(at((x) => noGrad(() => x.square()), 3)).toBe(0);
  });
  test("noGrad ends where it ends, also by a throw", () => {
    expect(
      at((x) => {
        expect(() =>
          noGrad(() => {
            throw new Error("stop");
          }),
        ).toThrow("stop");
        return x.square();
      }, 3),
    ).toBe(6);
  });
  test("a gradient taken inside noGrad is right, and a constant outside", () => {
    expect(noGrad(() => at((x) => x.square(), 3))).toBe(6);
    expect(
      noGrad(() =>
        at(
          grad((x) => x.square()),
          3,
        ),
      ),
    ).toBe(2);
    expect(at((x) => x.mul(noGrad(() => grad((y: Tensor) => y.square())(x))), 3)).toBe(6);
    expect(at((x) => x.mul(noGrad(() => grad((y: Tensor) => y.mul(x))(f64(1)))), 3)).toBe(3);
    expect(at((x) => x.mul(noGrad(() => valueAndGrad((y: Tensor) => y.square())(x).value)), 3)).toBe(9);
  });
  test("conditions, indices and integers carry no gradient", () => {
    const index = tensor([2, 0, 0], { dtype: "i32" });
    expect(grad((x: Tensor) => gather(x, index, 0).sum())(f64([1, 2, 3])).toArray()).toEqual([2, 0, 1]);
    expect(grad((x: Tensor) => where(x.greater(1), x, 0).sum())(f64([1, 2])).toArray()).toEqual([0, 1]);
    expect(grad((x: Tensor) => x.cast("i32").cast("f64").sum())(f64([1, 2])).toArray()).toEqual([0, 0]);
    expect(grad((x: Tensor) => x.cast("i32").mul(2).cast("f64").sum())(f64([1, 2])).toArray()).toEqual([0, 0]);
  });
  test("casts between floats carry it", () => {
    const { grads } = valueAndGrad((x: Tensor) => x.cast("f64").square().sum())(tensor([1, 2]));
    expect([grads.dtype, grads.toArray()]).toEqual(["f32", [2, 4]]);
  });
});

describe("where derivatives are a matter of convention", () => {
  test("ties share, kinks give 0", () => {
    expect(grad((x: Tensor) => x.max())(f64([2, 1, 2])).toArray()).toEqual([0.5, 0, 0.5]);
    expect(grad((x: Tensor) => x.maximum(1).sum())(f64([1, 2, 0])).toArray()).toEqual([0.5, 1, 0]);
    expect([at((x) => x.relu(), 0), at((x) => x.abs(), 0), at((x) => x.sign(), 0)]).toEqual([0, 0, 0]);
  });
  test("fully masked rows give 0, not NaN", () => {
    const mask = (x: Tensor) =>
      x.maskedFill(
        tensor([
          [true, true],
          [false, false],
        ]),
        Number.NEGATIVE_INFINITY,
      );
    expect(
      grad((x: Tensor) =>
        softmax(mask(x))
          .mul([
            [1, 2],
            [1, 2],
          ])
          .sum(),
      )(ones([2, 2], { dtype: "f64" })).toArray(),
    ).toEqual([
      [0, 0],
      [-0.25, 0.25],
    ]);
    const low = Number.NEGATIVE_INFINITY;
    expect(
      grad((x: Tensor) =>
        logsumexp(x, 1)
          .slice([[1, 2]])
          .sum(),
      )(
        tensor(
          [
            [low, low],
            [0, 0],
          ],
          { dtype: "f64" },
        ),
      ).toArray(),
    ).toEqual([
      [0, 0],
      [0.5, 0.5],
    ]);
  });
  test("powers at 0", () => {
    expect([at((x) => x.pow(2), 0), at((x) => x.pow(1), 0), at((x) => x.pow(0), 0), at((x) => pow(0, x), 2)]).toEqual([
      0, 1, 0, 0,
    ]);
  });
});

describe("size", () => {
  test("a chain of 20,000 ops does not overflow the stack", () => {
    const { value, grads } = valueAndGrad((x: Tensor) => {
      let y = x;
      for (let i = 0; i < 20_000; i++) y = y.add(1);
      return y.mul(x);
    })(f64(1));
    expect([value.item(), grads.item()]).toEqual([20_001, 20_002]);
  });
});

describe("what is not differentiable is refused", () => {
  const run =
    (f: unknown, x: unknown = f64([1, 2])) =>
    () =>
      valueAndGrad(f as (x: Tensor) => Tensor)(x as Tensor);
  test("functions that do not return one number", () => {
    expect(run((x: Tensor) => x)).toThrow(/must return one number/);
    for (const f of [
      (x: Tensor) => x.sum().item(),
      async (x: Tensor) => x.sum(),
      () => undefined,
      () => null,
      () => ({}),
    ]) {
      expect(run(f)).toThrow(/must return a tensor/);
    }
  });
  test("parameters that are not float tensors", () => {
    expect(run((x: Tensor) => x.sum(), tensor([1], { dtype: "i32" }))).toThrow(/only floats have gradients/);
    for (const x of [3, null, "w", { w: f64(1), lr: 0.1 }, [f64(1), "text"]])
      expect(run(() => f64(0), x)).toThrow(/is not a tensor/);
  });
  test("assignment while recording", () => {
    const w = parameter([1]);
    expect(run(() => w.assign(zeros([1])).sum())).toThrow(/not inside a function that is being differentiated/);
    expect(w.assign(ones([1])).toArray()).toEqual([1]);
  });
});

test("trees", () => {
  const tree = { a: zeros([2, 3]), b: [zeros([4]), { c: zeros([]) }] };
  expect([countElements(tree), leavesOf(tree).length]).toEqual([11, 3]);
  const paths: string[] = [];
  mapTree(tree, (x, path) => {
    paths.push(path);
    return x;
  });
  expect(paths).toEqual(["a", "b.0", "b.1.c"]);
});

test("a small network's loss is differentiated right", () => {
  const x = f64([1, 2, 3, 4, 5, 6]).reshape([3, 2]).mul(0.3);
  const target = tensor([0, 2, -100], { dtype: "i32" });
  const causal = (h: Tensor) => tril(mul(h, h.transpose())).causalSoftmax();
  const f = ({ w, b }: Record<string, Tensor>) =>
    crossEntropy(
      causal(x.matmul(w!).add(b!).geluTanh().matmul(w!.transpose()).sum(1, true)).matmul(x).matmul(w!),
      target,
    );
  checkGradients(f, { w: f64([0.1, -0.4, 0.7, 0.2, 0.5, -0.6]).reshape([2, 3]), b: f64([0.1, 0, -0.1]) });
  expect(sum(f64(1)).item()).toBe(1);
});
