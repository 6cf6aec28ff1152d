import { Layout } from "./layout";
import { belongsToStep, runScope, Storage } from "./lifetime";
import { isTensor, Tensor } from "./tensor";

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
  const visit = (value: unknown): void => {
    if (isTensor(value)) {
      if (!belongsToStep(value.storage) || saved.has(value)) return;
      const { shape, dtype } = value;
      const bytes = value.toTypedArray();
      let copy: Tensor | undefined;
      saved.set(value, () => {
        if (copy === undefined) {
          const storage = new Storage(dtype, bytes.length);
          storage.data().set(bytes);
          copy = new Tensor(storage, Layout.contiguous(shape));
        }
        return copy;
      });
    } else if (isContainer(value)) for (const inner of Object.values(value)) visit(inner);
  };
  visit(result);
  const restore = (value: unknown): unknown => {
    if (isTensor(value)) return saved.get(value)?.() ?? value;
    if (Array.isArray(value)) return value.map(restore);
    if (isContainer(value)) return Object.fromEntries(Object.entries(value).map(([key, v]) => [key, restore(v)]));
    return value;
  };
  return () => (saved.size === 0 ? result : (restore(result) as T));
}

function isContainer(value: unknown): value is Record<string, unknown> | unknown[] {
  if (Array.isArray(value)) return true;
  return typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}
