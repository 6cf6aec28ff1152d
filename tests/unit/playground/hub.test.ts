import { readFileSync } from "node:fs";
import { loadModel } from "fader";
import { fingerprint, readSafetensors, writeCheckpoint, writeSafetensors } from "fader/nn";
import { memoryUse } from "fader/tensor";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createEngine } from "../../../playground/src/engine/engine";
import type { HubSurroundings } from "../../../playground/src/engine/hub";
import type { DownloadProgress, Engine, EngineError } from "../../../playground/src/protocol";
import { retries } from "../../../src/io/retry";
import { type How, type Repo, serveHub, type TestHub } from "../../helpers/hub";

const folder = new URL("../../../models/capitals/", import.meta.url);
const names = ["config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json"];
const capitals = Object.fromEntries(names.map((name) => [name, new Uint8Array(readFileSync(new URL(name, folder)))]));
const size = capitals["model.safetensors"]!.length;
const json = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));
const without = (...files: string[]) =>
  Object.fromEntries(Object.entries(capitals).filter(([n]) => !files.includes(n)));
const commit = "a".repeat(40);

/** Cache Storage in memory. Like the real one it keeps a response once its body has come whole. */
class MemoryCaches {
  readonly kept = new Map<string, Uint8Array>();

  async open() {
    const { kept } = this;
    return {
      match: async (url: unknown) => {
        const bytes = kept.get(String(url));
        return bytes && new Response(bytes as BodyInit);
      },
      put: async (url: unknown, response: Response) =>
        void kept.set(String(url), new Uint8Array(await response.arrayBuffer())),
      delete: async (url: unknown) => kept.delete(String(url)),
      keys: async () => [...kept.keys()].map((key) => ({ url: key }) as Request),
    };
  }

  /** What is kept, by the part of the address after the model. */
  get files(): string[] {
    return [...this.kept.keys()].map((url) => url.replace("https://huggingface.co/", "")).sort();
  }
}

let hub: TestHub;
let caches: MemoryCaches;
let engine: Engine;
beforeEach(() => {
  retries.firstPause = 1;
  caches = new MemoryCaches();
});
afterEach(() => hub?.close());

/** An engine whose hub holds `owner/model`. */
async function host(files: Record<string, Uint8Array>, how?: How, more: HubSurroundings = {}, repo?: Partial<Repo>) {
  hub = await serveHub({ "owner/model": { commits: { [commit]: files }, refs: { main: commit }, ...repo } }, how);
  engine = engineOn(more);
}

function engineOn(more: HubSurroundings = {}): Engine {
  const through: typeof fetch = (input, init) => {
    const url = input instanceof Request ? input.url : String(input);
    return fetch(url.replace("https://huggingface.co", hub.hub.url), init);
  };
  return createEngine({ fetch: through, caches: caches as never, ...more });
}

const open = (onProgress?: (progress: DownloadProgress) => void, name = "owner/model", of = engine) =>
  of.open({ kind: "hub", name }, onProgress);
const problem = async (call: Promise<unknown>) => {
  const { name, problem, details, hint } = (await call.catch((error) => error)) as EngineError;
  return [`${name}: ${problem}`, ...Object.entries(details).map((entry) => `  ${entry.join(": ")}`), `  ${hint}`].join(
    "\n",
  );
};
const asked = () => [...hub.hub.seen, ...hub.cdn.seen].map(({ path }) => path);
const edit = { faders: [], beta: 1 };
const prompt = "The capital of Poland is";

describe("a model of the hub", () => {
  test("is downloaded once, with progress by file, and opened without any request after that", async () => {
    await host(capitals);
    const last = new Map<string, DownloadProgress>();
    const info = await open((progress) => last.set(progress.file, progress));
    expect(info).toMatchObject({ name: "owner/model", source: "hub", n_layers: 3 });
    expect(last.get("model.safetensors")).toEqual({ file: "model.safetensors", loaded: size, total: size });
    expect([...last.keys()].sort()).toEqual(names);
    expect(caches.files).toEqual([
      ...names.map((file) => `owner/model/resolve/${commit}/${file}`),
      "owner/model/resolve/main/fader-manifest.json",
    ]);
    const built = createEngine();
    expect(info.fingerprint).toBe((await built.open({ kind: "built-in" })).fingerprint);
    await hub.close();
    const offline = engineOn();
    expect(await open(undefined, "owner/model", offline)).toEqual(info);
    expect((await offline.steer({ prompt, edit })).outcomes).toEqual((await built.steer({ prompt, edit })).outcomes);
  });

  test("keeps 16-bit weights in 16 bits, and reads shards", async () => {
    const half = await loadModel(undefined, { dtype: "bf16" });
    const stored = [...readSafetensors(writeCheckpoint(half).weights, "half").tensors];
    const weight_map = Object.fromEntries(stored.map(([name], i) => [name, `part-${i % 2}.safetensors`]));
    const part = (which: number) =>
      writeSafetensors(
        stored
          .filter((_, i) => i % 2 === which)
          .map(([name, { dtype, shape, bytes }]) => [name, { dtype, shape, data: bytes }]),
      );
    await host({
      ...without("model.safetensors"),
      ...{ "part-0.safetensors": part(0), "part-1.safetensors": part(1) },
      "model.safetensors.index.json": json({ weight_map }),
    });
    const before = memoryUse().inUse;
    const info = await open();
    expect(memoryUse().inUse - before).toBeLessThan(2.5 * half.parameterCount);
    expect(info.fingerprint).toBe(fingerprint(half));
    expect(caches.files).toContain(`owner/model/resolve/${commit}/part-1.safetensors`);
  });

  test("whose connection is cut is taken up again where it broke", async () => {
    await host(capitals, (file, n) => (file === "model.safetensors" && n < 3 ? { cutAfter: 50_000 } : {}));
    const seen: number[] = [];
    await open(({ file, loaded }) => file === "model.safetensors" && seen.push(loaded));
    expect(seen).toEqual(seen.toSorted((a, b) => a - b));
    const ranges = hub.cdn.seen.map(({ headers }) => headers.range);
    expect(ranges).toEqual([undefined, "bytes=50000-", "bytes=100000-", "bytes=150000-"]);
  });

  test("whose download breaks off leaves nothing half, and goes on with what is whole", async () => {
    const cut = (n: number) => (n < 6 ? { cutAfter: n === 0 ? 50_000 : 0 } : {});
    await host(capitals, (file, n) => (file === "model.safetensors" ? cut(n) : {}));
    const said = await problem(open());
    expect(said).toMatch(/^HubError: owner\/model\/model.safetensors: the download broke off\n {2}reason: /);
    expect(said).toContain("Open it again: files that came whole are kept.");
    expect(caches.files.filter((file) => /safetensors|manifest/.test(file))).toEqual([]);
    const before = asked().length;
    await open();
    expect(
      asked()
        .slice(before)
        .filter((path) => path.endsWith("tokenizer.json")),
    ).toEqual([]);
    expect(caches.kept.get(`https://huggingface.co/owner/model/resolve/${commit}/model.safetensors`)).toHaveLength(
      size,
    );
  });

  test("that sends less than it said is not kept", async () => {
    const short = { "Content-Length": "100" };
    await host(capitals, (file) => (file === "model.safetensors" ? { headers: short } : {}));
    expect(await problem(open())).toContain(`has another size than the hub's listing says\n  listed: ${size} bytes`);
    expect(caches.files.join()).not.toMatch(/model.safetensors|manifest/);
  });

  test("is not needed where there is no Cache Storage", async () => {
    await host(capitals, undefined, { caches: undefined });
    await open();
    expect((await engine.steer({ prompt, edit })).outcomes.length).toBeGreaterThan(7);
  });

  test("of which an older commit was kept takes its place", async () => {
    const newer = "b".repeat(40);
    await host(capitals, undefined, {}, { commits: { [commit]: capitals, [newer]: capitals } });
    caches.kept.set("https://huggingface.co/owner/model/resolve/old/config.json", json({}));
    caches.kept.set("https://huggingface.co/owner/model2/resolve/old/config.json", json({}));
    await open();
    expect(caches.files.filter((file) => file.includes("/old/"))).toEqual(["owner/model2/resolve/old/config.json"]);
  });

  test("whose list of kept files is damaged, or a kept file, is downloaded again", async () => {
    await host(capitals);
    await open();
    for (const damage of ["main/fader-manifest.json", `${commit}/tokenizer.json`]) {
      const key = `https://huggingface.co/owner/model/resolve/${damage}`;
      const whole = caches.kept.get(key);
      caches.kept.set(key, new Uint8Array([123]));
      expect((await open()).n_layers).toBe(3);
      expect(caches.kept.get(key)).toEqual(whole);
    }
  });

  test("gives way to another one that is opened meanwhile", async () => {
    await host(capitals);
    const first = open(() => {});
    const second = engine.open({ kind: "built-in" });
    expect(await problem(first)).toContain("Another model was opened before this one was there.");
    expect((await second).source).toBe("built-in");
    expect((await engine.steer({ prompt, edit })).beyond).toBe(0);
  });
});

describe("what cannot work is refused before its weights are downloaded", () => {
  const gib = 2 ** 30;
  const config = JSON.parse(new TextDecoder().decode(capitals["config.json"]));
  test.each<[string, Record<string, Uint8Array>, HubSurroundings, string]>([
    ["another architecture", { ...capitals, "config.json": json({ model_type: "mamba" }) }, {}, "mamba"],
    ["a classifier", { ...capitals, "config.json": json({ ...config, architectures: ["X"] }) }, {}, "architecture"],
    ["no tokenizer", without("tokenizer.json"), {}, '"owner/model" has no tokenizer.json'],
    ["no configuration", without("config.json"), {}, "has no config.json"],
    ["no weights", { ...without("model.safetensors"), "a.gguf": json(1) }, {}, "has: a.gguf"],
    ["a device that is too small", capitals, { deviceMemory: size / gib }, "too large for this device"],
    ["no room to keep it", capitals, { estimate: async () => ({ quota: size, usage: 1 }) }, "lets this page keep"],
    [
      "an index of nothing",
      { ...without("model.safetensors"), "model.safetensors.index.json": json({}) },
      {},
      "weight_map is missing",
    ],
    [
      "an index of what is not there",
      { ...without("model.safetensors"), "model.safetensors.index.json": json({ weight_map: { a: "b" } }) },
      {},
      "its index names files that it does not have: b",
    ],
  ])("%s", async (_, files, surroundings, words) => {
    await host(files, undefined, surroundings);
    await engine.open({ kind: "built-in" });
    expect(await problem(open())).toContain(words);
    expect(asked().filter((path) => path.endsWith("model.safetensors"))).toEqual([]);
    expect((await engine.steer({ prompt, edit })).beyond).toBe(0);
  });

  test("a model that is larger than the engine's memory, by its listed size", async () => {
    await host(capitals);
    const large: typeof fetch = async (input, init) => {
      const response = await fetch(String(input).replace("https://huggingface.co", hub.hub.url), init);
      if (!String(input).includes("/tree/")) return response;
      const listed = (await response.json()) as { path: string; lfs?: object }[];
      const grown = listed.map((f) => (f.lfs ? { ...f, lfs: { ...f.lfs, size: 5 * gib } } : f));
      return new Response(JSON.stringify(grown));
    };
    const said = await problem(open(undefined, "owner/model", createEngine({ fetch: large })));
    expect(said).toContain('"owner/model" is too large for a page.\n  weights: 5.00 GiB\n  limit: 3.75 GiB');
  });

  test("names that are none, models that are unknown or gated, and a hub that cannot be reached", async () => {
    await host(capitals, undefined, {}, { gated: true });
    const said = [
      await problem(open(undefined, "not a name")),
      await problem(open(undefined, "../x")),
      await problem(open(undefined, "owner/other")),
      await problem(open()),
    ];
    await hub.close();
    said.push((await problem(open())).replace(/reason: .*/, "reason: …"));
    expect(said.join("\n\n")).toMatchInlineSnapshot(`
      "EngineError: "not a name" is no name of a model.
        Names look like "EleutherAI/pythia-70m".

      EngineError: "../x" is no name of a model.
        Names look like "EleutherAI/pythia-70m".

      EngineError: The hub has no public model "owner/other".
        Check how its name is written.

      EngineError: The hub does not give "owner/model" to everybody.
        Download it to a folder, and drop that on the page.

      EngineError: The Hugging Face hub cannot be reached.
        reason: …
        Check the connection, or open a model that was kept."
    `);
    expect(caches.files).toEqual([]);
  });
});
