// Plain JavaScript, as in scripts/build-wasm.mjs: a TypeScript loader would transform the whole compiler first.
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import asc from "assemblyscript/asc";

/** Compiles the peak loops: `relaxed` with one fused instruction, else with a product and a sum. Returns the module. */
export async function buildPeak(relaxed) {
  const folder = mkdtempSync(join(tmpdir(), "fader-peak-"));
  try {
    const output = join(folder, "peak.wasm");
    const source = fileURLToPath(new URL("./assembly/peak.ts", import.meta.url));
    const features = relaxed ? ["--enable", "simd", "--enable", "relaxed-simd"] : ["--enable", "simd"];
    const flags = ["-O3", "--noAssert", "--runtime", "stub", "--use", `FUSED=${relaxed ? 1 : 0}`, "--use", "abort="];
    const { error, stderr } = await asc.main([source, "--outFile", output, ...flags, ...features]);
    if (error) throw new Error(`The peak loops do not compile.\n${stderr.toString()}`);
    return readFileSync(output);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
