import { fileURLToPath } from "node:url";
import { createContext, runInContext } from "node:vm";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { fingerprint as fingerprintHere, writeCheckpoint } from "fader/nn";
import { describe, expect, test } from "vitest";
import { tinyModel } from "../helpers/tiny";

/** A script for browsers: one file, no Node module may be needed to load it. */
async function bundle(code: string): Promise<string> {
  return (await bundleOf(code)).outputFiles[0]!.text;
}

function bundleOf(code: string) {
  return build({
    stdin: { contents: code, resolveDir: fileURLToPath(new URL("../..", import.meta.url)), loader: "ts" },
    bundle: true,
    write: false,
    format: "iife",
    globalName: "result",
    platform: "browser",
    conditions: ["fader-source"],
    minify: true,
    define: { "import.meta.url": '"https://example.test/fader.js"' },
    external: ["node:*"],
    metafile: true,
  });
}

/** Runs a script where only what browsers have exists. */
function runAsBrowser(script: string): Record<string, unknown> {
  const web = { WebAssembly, TextDecoder, TextEncoder, URL, atob, fetch, FinalizationRegistry, performance, console };
  const context = createContext({ ...web, setTimeout });
  runInContext(`${script}; globalThis.result = result;`, context);
  return context.result as Record<string, unknown>;
}

describe("in a browser", () => {
  test("the engine computes gradients without a Node global", async () => {
    const script = await bundle(`
      import { grad, tensor } from "fader/autograd";
      export const slope = grad((x) => x.square().sum())(tensor([1, 2, 3])).toArray();
    `);
    expect(script).not.toMatch(/require\(/);
    expect([...(runAsBrowser(script).slope as number[])]).toEqual([2, 4, 6]);
  });

  test("a model runs forward under an intervention", async () => {
    const script = await bundle(`
      import { createModel, scale } from "fader";
      const config = { model_type: "gpt2", n_layer: 1, n_head: 2, n_embd: 8, vocab_size: 11, n_positions: 6 };
      const model = createModel(config, { seed: 0 });
      export const shape = model.forward([1, 2, 3], { interventions: { mlp_out: scale(-1) } }).logits.shape.join("x");
    `);
    expect(runAsBrowser(script).shape).toBe("1x3x11");
  });

  test("errors keep their names in a minified script", async () => {
    const script = await bundle('export * from "fader"; export * from "fader/tensor"; export * from "fader/nn";');
    const names = Object.entries(runAsBrowser(script))
      .filter(([key]) => key.endsWith("Error"))
      .map(([key, Kind]) => [key, new (Kind as new (where: string, problem: string) => Error)("where", "what").name]);
    expect(names.length).toBeGreaterThan(9);
    for (const [key, name] of names) expect(name).toBe(key);
  });

  test("an intervention leaves as bytes and enters again", async () => {
    const script = await bundle(`
      import { createModel, exportIntervention, importIntervention, scale } from "fader";
      const config = { model_type: "gpt2", n_layer: 1, n_head: 2, n_embd: 8, vocab_size: 11, n_positions: 6 };
      const model = createModel(config, { seed: 0 });
      const bytes = exportIntervention({ mlp_out: scale(-1) }, model, { format: "npz" });
      export const keys = importIntervention(bytes, model).then((map) => Object.keys(map).join());
    `);
    expect(await runAsBrowser(script).keys).toBe("blocks.0.mlp_out");
  });

  test("a model loads from the files of a dropped folder, without the client of the hub", async () => {
    const { metafile, outputFiles } = await bundleOf(
      'export { loadModel } from "fader"; export { fingerprint } from "fader/nn";',
    );
    expect(Object.keys(metafile.inputs).filter((file) => /huggingface\/hub|src\/node/.test(file))).toEqual([]);
    const { loadModel, fingerprint } = runAsBrowser(outputFiles[0]!.text) as unknown as {
      loadModel: typeof import("fader").loadModel;
      fingerprint: typeof fingerprintHere;
    };
    const model = tinyModel();
    const { config, weights } = writeCheckpoint(model);
    const files = [
      new File([JSON.stringify(config)], "config.json"),
      new File([weights as BlobPart], "model.safetensors"),
    ];
    expect(fingerprint(await loadModel(files))).toBe(fingerprintHere(model));
    await expect(loadModel("EleutherAI/pythia-70m")).rejects.toThrow(
      'loadModel("https://huggingface.co/EleutherAI/pythia-70m/resolve/main")',
    );
  });

  test("tensors and gradients weigh less than 112 kB compressed", async () => {
    const script = await bundle('export * from "fader/autograd";');
    expect(gzipSync(script).length).toBeLessThan(112 * 1024);
  });
});
