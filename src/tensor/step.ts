import { mapTensors } from "./containers";
import { Layout } from "./layout";
import { belongsToStep, runScope, Storage } from "./lifetime";
import { Tensor } from "./tensor";

/**
 * Runs `body`; everything that it computes is released together when it ends. Tensors in what it returns (alone, in
 * arrays or in plain objects) survive, by copy. Wrap the body of every loop in one. Steps nest.
 */
export function step<T>(body: () => T): T {
  return runScope(body, saveTensors);
}

/** Reads the surviving tensors out of a step that is about to end; the returned function writes them anew. */
function saveTensors<T>(result: T): () => T {
  const saved = new Map<Tensor, () => Tensor>();
  mapTensors(result, (x) => {
    if (belongsToStep(x.storage) && !saved.has(x)) saved.set(x, saveOne(x));
    return x;
  });
  return () => (saved.size === 0 ? result : mapTensors(result, (x) => saved.get(x)?.() ?? x));
}

function saveOne(x: Tensor): () => Tensor {
  const { shape, dtype } = x;
  const values = x.toTypedArray();
  let copy: Tensor | undefined;
  return () => {
    if (copy === undefined) {
      const storage = new Storage(dtype, values.length);
      storage.data().set(values);
      copy = new Tensor(storage, Layout.contiguous(shape));
    }
    return copy;
  };
}
