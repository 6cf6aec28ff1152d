import { readFileSync } from "node:fs";
import v8 from "node:v8";

/** Fused multiply-adds need this flag before Node 21; later versions do not know it. */
const enableRelaxed = () => {
  if (Number(process.versions.node.split(".")[0]) < 21) v8.setFlagsFromString("--experimental-wasm-relaxed-simd");
};

/**
 * An item that measures the peak: `gflops` of the best of three loops, with fused multiply-adds where the engine has
 * them. `paths`: the compiled loops, `{ fused, plain }`.
 */
export async function startPeak(paths) {
  enableRelaxed();
  const [fused, plain] = [readFileSync(paths.fused), readFileSync(paths.plain)];
  const isFused = WebAssembly.validate(fused);
  const { instance } = await WebAssembly.instantiate(isFused ? fused : plain, {});
  const loops = [8, 10, 12].map((chains) => ({ chains, loop: instance.exports[`peak${chains}`] }));
  // Until the optimising compiler is through with them.
  for (const { loop } of loops) loop(1e5, 0.5, 0.25);
  await new Promise((resolve) => setTimeout(resolve, 200));
  const rounds = 1e6;
  const run = () => {
    let gflops = 0;
    for (const { chains, loop } of loops) {
      const start = performance.now();
      loop(rounds, 0.5, 0.25);
      // Four lanes, a product and a sum in each.
      gflops = Math.max(gflops, (rounds * chains * 8) / (performance.now() - start) / 1e6);
    }
    return { gflops, fused: isFused ? 1 : 0 };
  };
  return { run, check: () => ({ entries: [0] }) };
}
