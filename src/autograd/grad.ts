import { ArgumentError, DtypeError, isTensor, ones, ShapeError, step, Tensor } from "../tensor";
import { holdSteps, isFloat, isHalf, mapTensors, type Storage } from "../tensor/internal";
import { backward } from "./backward";
import { detach, isPaused, leaf, recording } from "./tape";
import { leavesOf, mapTree, type Tree } from "./tree";

/** A function to differentiate: returns a scalar, or `[scalar, aux]` where `aux` is passed through. */
export type Differentiable<P extends Tree, Rest extends unknown[], Aux> = (
  parameters: P,
  ...rest: Rest
) => Tensor | readonly [Tensor, Aux];

/**
 * The value of `f` and its gradients with respect to the first argument: a tensor, or tensors in arrays and objects.
 * `grads` has the same form. Everything computed inside is released at the end; what is returned survives.
 *
 * `const { value, grads } = valueAndGrad((w) => w.square().sum())(w);`
 * @throws `ShapeError` when `f` does not return one number, `DtypeError` for parameters that are not floats.
 */
export function valueAndGrad<P extends Tree, Rest extends unknown[], Aux = undefined>(
  f: Differentiable<P, Rest, Aux>,
): (parameters: P, ...rest: Rest) => { value: Tensor; grads: P; aux: Aux } {
  return (parameters, ...rest) => {
    // Inside noGrad the results are constants to the functions around, even where they are differentiated.
    const settle = isPaused() ? detach : (x: Tensor) => x;
    return step(() =>
      holdSteps(() =>
        recording(() => {
          const leaves: Tensor[] = [];
          const watched = mapTree(parameters, (x, path) => {
            const handle = leaf(settle(checkParameter(x, path)));
            leaves.push(handle);
            return handle;
          });
          const result = f(watched, ...rest);
          const [value, aux] = Array.isArray(result) ? result : [result];
          checkValue(value);
          const survivors = storagesIn([value, aux]);
          const gradients = backward(value, ones(value.shape, { dtype: value.dtype }), leaves, survivors);
          let next = 0;
          const grads = mapTree(parameters, () => ownHandle(gradients, next++));
          return mapTensors({ value, grads, aux: aux as Aux }, settle);
        }),
      ),
    );
  };
}

/** The memory of the tensors that would survive with a value. */
function storagesIn(value: unknown): Set<Storage> {
  const storages = new Set<Storage>();
  mapTensors(value, (x) => {
    storages.add(x.storage);
    return x;
  });
  return storages;
}

/** Two parameters may share one gradient (`a + b`): each gets a handle of its own, and so a copy when it survives. */
function ownHandle(gradients: readonly Tensor[], at: number): Tensor {
  const gradient = gradients[at]!;
  if (gradients.indexOf(gradient) === at) return gradient;
  const handle = detach(gradient);
  handle.node = gradient.node;
  return handle;
}

/** The gradients alone: see `valueAndGrad`. `grad(grad(f))` works. */
export function grad<P extends Tree, Rest extends unknown[]>(
  f: (parameters: P, ...rest: Rest) => Tensor,
): (parameters: P, ...rest: Rest) => P {
  return (parameters, ...rest) => step(() => valueAndGrad<P, Rest>(f)(parameters, ...rest).grads);
}

/** Number of elements in a tree. */
export function countElements(tree: Tree): number {
  return leavesOf(tree).reduce((sum, x) => sum + x.size, 0);
}

function checkParameter(x: Tensor, path: string): Tensor {
  if (!(x instanceof Tensor)) throw new ArgumentError("grad", `${path || "the first argument"} is not a tensor`);
  if (isHalf(x.dtype)) {
    throw new DtypeError("grad", `${path || "the first argument"} is ${x.dtype}, which only stores frozen weights`, {
      hint: 'To train it, pass it as float32: x.cast("f32").',
    });
  }
  if (!isFloat(x.dtype)) {
    throw new DtypeError("grad", `${path || "the first argument"} is ${x.dtype}: only floats have gradients`, {
      hint: "Pass integer inputs as later arguments.",
    });
  }
  return x;
}

function checkValue(value: unknown): asserts value is Tensor {
  if (!isTensor(value)) {
    throw new ArgumentError("grad", "the function must return a tensor of one element, or [tensor, aux]");
  }
  if (value.size !== 1) {
    throw new ShapeError("grad", "the function must return one number", {
      details: { returned: value.shape },
      hint: "Reduce it, for instance with sum() or mean().",
    });
  }
}
