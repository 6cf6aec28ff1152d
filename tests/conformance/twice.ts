import { Tensor } from "fader/tensor";
import type { Kernels } from "../../src/tensor/kernels";
import { tuning } from "../../src/tensor/kernels/wasm/launch";
import { isTrue } from "./check";

/** Shares even the smallest work among the threads, or none at all. */
export function shareEverything(on: boolean): void {
  tuning.smallestChunk = on ? 0 : Number.POSITIVE_INFINITY;
  tuning.smallProduct = on ? 0 : Number.POSITIVE_INFINITY;
}

/** The same kernels, each run by one thread and then by all: every tensor must come out with the same bits. */
export function twice(kernels: Kernels): Kernels {
  return new Proxy(kernels, {
    get(target, name) {
      const kernel = Reflect.get(target, name);
      if (typeof kernel !== "function") return kernel;
      return (...args: unknown[]) => {
        const tensors = args.filter((x): x is Tensor => x instanceof Tensor);
        const before = tensors.map(bits);
        shareEverything(false);
        kernel(...args);
        const alone = tensors.map(bits);
        tensors.forEach((x, i) => {
          bytesOf(x).set(before[i]!);
        });
        shareEverything(true);
        kernel(...args);
        const shared = tensors.map(bits);
        alone.forEach((expected, i) => {
          const found = shared[i]!;
          const at = expected.findIndex((byte, j) => byte !== found[j]);
          isTrue(at < 0, `byte ${at} of tensor ${i} of ${String(name)} differs between one thread and several`);
        });
      };
    },
  });
}

function bytesOf(x: Tensor): Uint8Array {
  const data = x.storage.data();
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

const bits = (x: Tensor) => bytesOf(x).slice();
