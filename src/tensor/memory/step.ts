import { itemSize } from "../dtype";
import { kernelsFor } from "../kernels";
import { Layout } from "../layout";
import { timed } from "../profile";
import { Tensor } from "../tensor";
import { mapTensors } from "./containers";
import { belongsToStep, outsideStep, runScope, Storage } from "./lifetime";
import { memory } from "./memory";

/**
 * Runs `body`; everything that it computes is released together when it ends. Tensors in what it returns (alone, in
 * arrays or in plain objects) survive, by copy. Wrap the body of every loop in one. Steps nest.
 */
export function step<T>(body: () => T): T {
  return runScope(body, saveTensors);
}

/** Sets the surviving tensors of a step aside that is about to end; the returned function puts them in place. */
function saveTensors<T>(result: T, isOutermost: boolean): () => T {
  const saved = new Map<Tensor, () => Tensor>();
  mapTensors(result, (x) => {
    if (belongsToStep(x.storage) && !saved.has(x)) saved.set(x, isOutermost ? saveForGood(x) : saveToOuterStep(x));
    return x;
  });
  return () => (saved.size === 0 ? result : mapTensors(result, (x) => saved.get(x)?.() ?? x));
}

/** No step is around: a copy that stays until garbage collection. */
function saveForGood(x: Tensor): () => Tensor {
  const copy = outsideStep(() => new Tensor(new Storage(x.dtype, x.size), Layout.contiguous(x.shape)));
  copyOut(copy, x);
  return () => copy;
}

/**
 * Copies to the end of the ending step and from there to its start. Both are packed in one order, so that a target
 * never reaches a tensor that is still to be moved.
 */
function saveToOuterStep(x: Tensor): () => Tensor {
  const { shape, dtype, size } = x;
  const staged = new Tensor(new Storage(dtype, size), Layout.contiguous(shape));
  copyOut(staged, x);
  const from = staged.storage.ptr;
  let copy: Tensor | undefined;
  return () => {
    if (copy === undefined) {
      copy = new Tensor(new Storage(dtype, size), staged.layout);
      const bytes = size * itemSize[dtype];
      new Uint8Array(memory.buffer).copyWithin(copy.storage.ptr, from, from + bytes);
    }
    return copy;
  };
}

function copyOut(target: Tensor, x: Tensor): void {
  const { offset, size, isContiguous } = x.layout;
  timed("copy out of step", [x, target], () => {
    if (!isContiguous) kernelsFor(x.dtype).copy(x, target);
    else target.storage.data().set(x.storage.data().subarray(offset, offset + size));
  });
}
