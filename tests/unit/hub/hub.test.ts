import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readdir, readFile, readlink, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { loadModel as loadPlain } from "fader";
import { fingerprint, writeCheckpoint, writeSafetensors } from "fader/nn";
import { downloadModel, type HubOptions, loadModel } from "fader/node";
import { afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { retries } from "../../../src/io/retry";
import { cliMain } from "../../helpers/built-cli";
import { gitHash, type How, type Repo, serveHub, sha256, type TestHub } from "../../helpers/hub";

const root = fileURLToPath(new URL("../../..", import.meta.url));
const fixture = join(root, "tests/fixtures/own/gpt2-tiny");
const name = "someone/gpt2-tiny";
const [first, second] = ["1".repeat(40), "2".repeat(40)];

let files: Record<string, Uint8Array>;
let print = "";
let cacheDir = "";
let hub: TestHub;
beforeAll(async () => {
  retries.firstPause = 1;
  const read = async (file: string) => new Uint8Array(await readFile(join(fixture, file)));
  const noise = { "pytorch_model.bin": new Uint8Array(9), "README.md": new Uint8Array(3) };
  files = { ...noise, "config.json": await read("config.json"), "model.safetensors": await read("model.safetensors") };
  print = fingerprint(await loadPlain(fixture));
});
beforeEach(async () => {
  cacheDir = await mkdtemp(join(tmpdir(), "fader-hub-"));
  for (const variable of ["HF_TOKEN", "HF_ENDPOINT", "HF_HUB_OFFLINE", "HF_HUB_CACHE"]) vi.stubEnv(variable, undefined);
  // No token of whoever runs the tests.
  vi.stubEnv("HF_HOME", cacheDir);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await hub?.close();
  await rm(cacheDir, { recursive: true });
});

/** A hub with `name` at commit `first`, unless told otherwise. */
async function start(how?: How, repo: Partial<Repo> = {}, at = files): Promise<void> {
  await hub?.close();
  hub = await serveHub({ [name]: { commits: { [first]: at }, refs: { main: first }, ...repo } }, how);
}
const options = (more: HubOptions = {}): HubOptions => ({ cacheDir, endpoint: hub.hub.url, token: false, ...more });
const load = (more: HubOptions = {}) => loadModel(name, options(more));
const blobs = () => join(cacheDir, "models--someone--gpt2-tiny", "blobs");
const requests = () => hub.hub.seen.length + hub.cdn.seen.length;

async function refusal(run: () => Promise<unknown>): Promise<string> {
  const error = await run().then(
    () => new Error("was accepted"),
    (reason: Error) => reason,
  );
  const text = `${error.name}: ${error.message}`.replaceAll(hub.hub.url, "HUB").replaceAll(hub.cdn.url, "CDN");
  return text.replaceAll(cacheDir, "CACHE");
}

describe("a model of the hub", () => {
  test("is downloaded into the shared cache, only what is needed of it", async () => {
    await start();
    const seen: Record<string, number[]> = {};
    const got = await load({
      onProgress: ({ file, loaded, total }) => {
        expect(total).toBe(files[file]!.length);
        seen[file] = [...(seen[file] ?? []), loaded];
      },
    });
    expect(fingerprint(got)).toBe(print);
    expect(got.name).toBe(name);
    for (const file of ["config.json", "model.safetensors"]) {
      expect(seen[file]!.at(-1)).toBe(files[file]!.length);
      expect(seen[file]).toEqual(seen[file]!.toSorted((a, b) => a - b));
    }
    const repo = join(cacheDir, "models--someone--gpt2-tiny");
    expect((await readdir(blobs())).sort()).toEqual(
      [gitHash(files["config.json"]!), sha256(files["model.safetensors"]!)].sort(),
    );
    expect(await readFile(join(repo, "refs", "main"), "utf8")).toBe(first);
    expect((await readdir(join(repo, ".no_exist", first))).sort()).toEqual(["tokenizer.json", "tokenizer_config.json"]);
    const link = await readlink(join(repo, "snapshots", first, "model.safetensors"));
    expect(link).toBe(join("..", "..", "blobs", sha256(files["model.safetensors"]!)));
  });

  test("that is in the cache is not downloaded again; a commit needs no network", async () => {
    await start();
    await load();
    const { seen } = hub.cdn;
    const before = seen.length;
    expect(fingerprint(await load())).toBe(print);
    expect(seen.length).toBe(before);
    const all = requests();
    expect(fingerprint(await load({ revision: first }))).toBe(print);
    expect(requests()).toBe(all);
  });

  test("that other tools put into the cache is found", async () => {
    await start();
    const repo = join(cacheDir, "models--someone--gpt2-tiny");
    for (const folder of ["blobs", `snapshots/${first}`, "refs"]) await mkdir(join(repo, folder), { recursive: true });
    for (const [file, hash] of [
      ["config.json", gitHash(files["config.json"]!)],
      ["model.safetensors", sha256(files["model.safetensors"]!)],
    ] as const) {
      await writeFile(join(repo, "blobs", hash), files[file]!);
      await symlink(join("..", "..", "blobs", hash), join(repo, "snapshots", first, file));
    }
    await writeFile(join(repo, "refs", "main"), first);
    expect(fingerprint(await load({ offline: true }))).toBe(print);
    expect(requests()).toBe(0);
    expect(fingerprint(await load())).toBe(print);
    expect(hub.cdn.seen).toHaveLength(0);
  });

  test("may be pinned to a branch, tag or commit", async () => {
    const other = { ...files, "model.safetensors": writeCheckpoint(await loadPlain(fixture), { note: "v2" }).weights };
    await start(undefined, { commits: { [first]: files, [second]: other }, refs: { main: first, "pr/v2": second } });
    const folder = await downloadModel(name, options({ revision: "pr/v2" }));
    expect(folder.endsWith(second)).toBe(true);
    expect(await readFile(join(folder, "model.safetensors"))).toEqual(Buffer.from(other["model.safetensors"]));
    expect((await downloadModel(name, options({ revision: second }))).endsWith(second)).toBe(true);
    expect((await downloadModel(name, options())).endsWith(first)).toBe(true);
    expect((await downloadModel(name, options({ revision: "pr/v2", offline: true }))).endsWith(second)).toBe(true);
  });

  test("that moved on is downloaded anew", async () => {
    const repo = { commits: { [first]: files, [second]: { ...files } }, refs: { main: first } };
    await start(undefined, repo);
    await load();
    repo.refs.main = second;
    repo.commits[second] = { ...files, "README.md": new Uint8Array(5) };
    const before = hub.cdn.seen.length;
    expect((await downloadModel(name, options())).endsWith(second)).toBe(true);
    // The weights are the same blob.
    expect(hub.cdn.seen.length).toBe(before);
  });

  test("in shards is downloaded shard by shard", async () => {
    const { weights } = await loadPlain(fixture);
    const weight_map: Record<string, string> = {};
    const { "model.safetensors": _, ...others } = files;
    const parts: Record<string, Uint8Array> = { ...others, "unused.safetensors": new Uint8Array(7) };
    Object.entries(weights).forEach(([key], i) => {
      const file = `model-${i % 3}.safetensors`;
      weight_map[key] = file;
    });
    for (const file of new Set(Object.values(weight_map))) {
      const own = Object.entries(weights).filter(([key]) => weight_map[key] === file);
      parts[file] = writeSafetensors(
        own.map(([key, x]) => [key, { dtype: "F32", shape: x.shape, data: x.toTypedArray() }]),
      );
    }
    parts["model.safetensors.index.json"] = new TextEncoder().encode(JSON.stringify({ weight_map }));
    await start(undefined, {}, parts);
    expect(fingerprint(await load())).toBe(print);
    expect(hub.cdn.seen.filter(({ path }) => path.includes("unused"))).toHaveLength(0);
    await rm(join(blobs(), sha256(parts["model-1.safetensors"]!)));
    expect(await refusal(() => load({ offline: true }))).toMatchInlineSnapshot(`
      "HubError: someone/gpt2-tiny: is not in the cache at revision "main", and this is offline mode
        missing model-1.safetensors
        cache   CACHE/models--someone--gpt2-tiny
        Load it once without offline: true and HF_HUB_OFFLINE."
    `);
    expect(fingerprint(await load())).toBe(print);
  });
});

describe("a download", () => {
  const size = () => files["model.safetensors"]!.length;
  const weights = () => sha256(files["model.safetensors"]!);
  const ranges = () => hub.cdn.seen.map(({ headers }) => headers.range);

  test("that is cut goes on where it broke off", async () => {
    await start((file, n) => (file === "model.safetensors" && n < 3 ? { cutAfter: 1000 } : {}));
    expect(fingerprint(await load())).toBe(print);
    expect(ranges()).toEqual([undefined, "bytes=1000-", "bytes=2000-", "bytes=3000-"]);
    expect(hub.cdn.seen[1]!.headers["if-range"]).toBe(`"${weights()}"`);
  });

  test("that breaks off for good is resumed by the next call", async () => {
    await start((file, n) => (file === "model.safetensors" ? { cutAfter: n === 0 ? 5000 : 0 } : {}));
    expect((await refusal(load)).replace(/reason .*/, "reason …")).toMatchInlineSnapshot(`
      "HubError: someone/gpt2-tiny/model.safetensors: the download broke off
        reason …
        loaded   5000 of 5256 bytes
        attempts 5
        What has come in is kept: the same call again resumes the download."
    `);
    expect((await stat(join(blobs(), `${weights()}.incomplete`))).size).toBe(5000);
    await start();
    const seen: number[] = [];
    const onProgress: HubOptions["onProgress"] = ({ file, loaded }) =>
      file.endsWith("safetensors") && seen.push(loaded);
    expect(fingerprint(await load({ onProgress }))).toBe(print);
    expect(ranges()).toEqual(["bytes=5000-"]);
    expect(seen[0]).toBe(5000);
    expect(seen.at(-1)).toBe(size());
    expect((await readdir(blobs())).some((file) => file.endsWith(".incomplete"))).toBe(false);
  });

  test("starts again where the server ignores ranges", async () => {
    await start((file, n) =>
      file === "model.safetensors" ? { ignoreRange: true, ...(n === 0 && { cutAfter: 4000 }) } : {},
    );
    expect(fingerprint(await load())).toBe(print);
  });

  test("starts again where the file has another ETag than before", async () => {
    const tag = (n: number) => ({ headers: { ETag: `"${n === 0 ? "old" : "new"}"` } });
    await start((file, n) => (file === "model.safetensors" ? { ...tag(n), ...(n === 0 && { cutAfter: 4000 }) } : {}));
    expect(fingerprint(await load())).toBe(print);
    expect(hub.cdn.seen[1]!.headers["if-range"]).toBe('"old"');
  });

  test("that goes on after other bytes is found out by its hash, and made again", async () => {
    await start();
    await mkdir(blobs(), { recursive: true });
    await writeFile(join(blobs(), `${weights()}.incomplete`), new Uint8Array(2000).fill(7));
    expect(fingerprint(await load())).toBe(print);
    expect(ranges()).toEqual(["bytes=2000-", undefined]);
  });

  test("of other contents than listed is refused", async () => {
    const wrong = files["model.safetensors"]!.map((byte, i) => (i === 999 ? byte ^ 1 : byte));
    const listed = { ...files };
    await start(undefined, {}, listed);
    // What is listed and what is served differ from the second request for the listing on.
    const folder = await downloadModel(name, options());
    await rm(folder, { recursive: true });
    await rm(blobs(), { recursive: true });
    const tree = hub.hub.seen.length;
    const lie: Repo = { commits: { [first]: listed }, refs: { main: first } };
    await hub.close();
    hub = await serveHub({ [name]: lie }, (file) => {
      if (file === "config.json") listed["model.safetensors"] = wrong;
      return {};
    });
    expect(tree).toBeGreaterThan(0);
    expect((await refusal(load)).replace(weights(), "HASH")).toMatchInlineSnapshot(`
      "HubError: someone/gpt2-tiny/model.safetensors: what came in does not have the hash that the hub gives
        expected HASH
        from     HUB/someone/gpt2-tiny/resolve/1111111111111111111111111111111111111111/model.safetensors"
    `);
    expect(await readdir(blobs())).not.toContain(weights());
    listed["model.safetensors"] = files["model.safetensors"]!;
    await hub.close();
    hub = await serveHub({ [name]: lie }, (file) => {
      if (file === "config.json") listed["model.safetensors"] = files["model.safetensors"]!.subarray(0, -5);
      return {};
    });
    await rm(join(cacheDir, "models--someone--gpt2-tiny"), { recursive: true });
    expect(await refusal(load)).toMatchInlineSnapshot(`
      "HubError: someone/gpt2-tiny/model.safetensors: has another size than the hub's listing says
        listed 5256 bytes
        served 5251 bytes"
    `);
  });

  test("waits after 429 and 503, and gives up after a while", async () => {
    await start((file, n) => (file === "model.safetensors" ? ([429, 503][n] ?? {}) : {}));
    expect(fingerprint(await load())).toBe(print);
    await rm(join(cacheDir, "models--someone--gpt2-tiny"), { recursive: true });
    await start((file) => (file === "model.safetensors" ? 503 : {}));
    expect(await refusal(load)).toMatchInlineSnapshot(`
      "HubError: someone/gpt2-tiny: HUB cannot be reached
        reason   503 Service Unavailable
        attempts 5
        A download goes on where it broke off. What is in the cache loads with offline: true (HF_HUB_OFFLINE=1)."
    `);
    await hub.hub.close();
    expect((await refusal(load)).replace(/reason .*/, "reason …")).toMatchInlineSnapshot(`
      "HubError: someone/gpt2-tiny: HUB cannot be reached
        reason …
        attempts 5
        A download goes on where it broke off. What is in the cache loads with offline: true (HF_HUB_OFFLINE=1)."
    `);
  });
});

describe("offline", () => {
  test("only the cache is used, and what is missing is named", async () => {
    await start();
    expect(await refusal(() => load({ offline: true }))).toMatchInlineSnapshot(`
      "HubError: someone/gpt2-tiny: is not in the cache at revision "main", and this is offline mode
        cache CACHE/models--someone--gpt2-tiny
        Load it once without offline: true and HF_HUB_OFFLINE."
    `);
    expect(requests()).toBe(0);
    await load();
    const before = requests();
    vi.stubEnv("HF_HUB_OFFLINE", "1");
    expect(fingerprint(await load())).toBe(print);
    expect(requests()).toBe(before);
    await rm(join(blobs(), sha256(files["model.safetensors"]!)));
    expect(await refusal(load)).toMatchInlineSnapshot(`
      "HubError: someone/gpt2-tiny: is not in the cache at revision "main", and this is offline mode
        missing model.safetensors
        cache   CACHE/models--someone--gpt2-tiny
        Load it once without offline: true and HF_HUB_OFFLINE."
    `);
    vi.stubEnv("HF_HUB_OFFLINE", "0");
    expect(fingerprint(await load())).toBe(print);
  });
});

describe("endpoint and token", () => {
  test("come from the environment; the token goes to the hub and to no other host", async () => {
    await start(undefined, { token: "secret" });
    vi.stubEnv("HF_ENDPOINT", `${hub.hub.url}/`);
    vi.stubEnv("HF_TOKEN", "secret");
    vi.stubEnv("HF_HUB_CACHE", cacheDir);
    expect(fingerprint(await loadModel(name))).toBe(print);
    expect(hub.hub.seen.map(({ headers }) => headers.authorization)).toEqual(hub.hub.seen.map(() => "Bearer secret"));
    expect(hub.cdn.seen.length).toBeGreaterThan(0);
    for (const { headers } of hub.cdn.seen) expect(headers.authorization).toBeUndefined();
    expect(await readdir(cacheDir)).toContain("models--someone--gpt2-tiny");
  });

  test("may be the token stored by logging in", async () => {
    await start(undefined, { token: "stored" });
    await writeFile(join(cacheDir, "token"), "stored\n");
    expect(fingerprint(await load({ token: undefined }))).toBe(print);
    await rm(join(cacheDir, "models--someone--gpt2-tiny"), { recursive: true });
    expect(await refusal(load)).toMatch(/no such model/);
  });
});

describe("what cannot be had", () => {
  test("is explained", async () => {
    await start();
    const cases: Record<string, () => Promise<unknown>> = {
      "no such model": () => loadModel("someone/gpt2-tin", options()),
      "no such owner": () => loadModel("nobody/gpt2", options({ token: "mine" })),
      "no such revision": () => load({ revision: "mian" }),
      "wrong token": () => load({ token: "wrong" }),
      "strange name": () => downloadModel("a/b/c", options()),
      "strange revision": () => load({ revision: "../x" }),
      "revision of a folder": () => loadModel(fixture, { revision: "main" }),
    };
    const found: string[] = [];
    for (const [what, run] of Object.entries(cases)) found.push(`${what}\n${await refusal(run)}`);
    const change = async (what: string, repo: Partial<Repo>, at = files, more: HubOptions = {}) => {
      await start(undefined, repo, at);
      found.push(`${what}\n${await refusal(() => load(more))}`);
    };
    const { "model.safetensors": weights, "config.json": config, ...others } = files;
    await change("gated", { gated: true });
    await change("gated, with a token", { gated: true }, files, { token: "mine" });
    await change("pickle", {}, { ...others, "config.json": config! });
    await change("other formats", {}, { "config.json": config!, "model.gguf": new Uint8Array(4) });
    await change("no model", {}, { "model.safetensors": weights! });
    const index = new TextEncoder().encode('{"weight_map":{"a":"gone.safetensors"}}');
    await change("shards that are gone", {}, { "config.json": config!, "model.safetensors.index.json": index });
    const path = new TextEncoder().encode('{"weight_map":{"a":"../../x"}}');
    await rm(join(cacheDir, "models--someone--gpt2-tiny"), { recursive: true });
    await change("shards elsewhere", {}, { "config.json": config!, "model.safetensors.index.json": path });
    expect(found.join("\n\n")).toMatchInlineSnapshot(`
      "no such model
      HubError: someone/gpt2-tin: no such folder, and no such model at HUB
        revision main
        Nearest: "someone/gpt2-tiny". If it is private, set HF_TOKEN.

      no such owner
      HubError: nobody/gpt2: no such folder, and no such model at HUB
        revision main

      no such revision
      HubError: someone/gpt2-tiny: has no revision "mian"
        Nearest: "main".

      wrong token
      HubError: someone/gpt2-tiny: HUB does not accept the token
        status  401
        message Invalid credentials
        Check HF_TOKEN, or log in again.

      strange name
      ArgumentError: downloadModel: "a/b/c" is not a name such as "owner/model"

      strange revision
      ArgumentError: downloadModel: "../x" is not the name of a branch, tag or commit

      revision of a folder
      ArgumentError: loadModel: revision "main" is given for what is not on the hub

      gated
      HubError: someone/gpt2-tiny: is gated: its owner must let you in
        Ask for access at HUB/someone/gpt2-tiny, then set HF_TOKEN.

      gated, with a token
      HubError: someone/gpt2-tiny: is gated: its owner must let you in
        Ask for access at HUB/someone/gpt2-tiny, with the account of your token.

      pickle
      CheckpointError: someone/gpt2-tiny: its weights are in pytorch_model.bin only, a format that can run code
        Convert them with Transformers: model.save_pretrained(folder, safe_serialization=True).

      other formats
      HubError: someone/gpt2-tiny: has no model.safetensors
        has model.gguf
        Look for another copy of it that has.

      no model
      HubError: someone/gpt2-tiny: has no config.json, so it is no model of Transformers

      shards that are gone
      HubError: someone/gpt2-tiny: its index names files that it does not have: gone.safetensors

      shards elsewhere
      CheckpointError: someone/gpt2-tiny/model.safetensors.index.json: shards are files beside the index, named without a path
        named as "../../x""
    `);
  });
});

describe("the command line", () => {
  test("takes names on the hub, a revision, a dtype and offline mode", async () => {
    await start();
    const env = { ...process.env, HF_ENDPOINT: hub.hub.url, HF_HUB_CACHE: cacheDir, HF_HOME: cacheDir, NO_COLOR: "1" };
    const fader = async (...args: string[]) => {
      const node = [cliMain, ...args];
      return JSON.parse((await promisify(execFile)(process.execPath, node, { cwd: root, env })).stdout);
    };
    expect(await fader("info", name, "--json")).toMatchObject({ name, fingerprint: print });
    const before = requests();
    const offline = await fader("forward", "--model", name, "--offline", "--dtype", "bf16", "--ids", "1,2", "--json");
    expect(offline.logits).toHaveLength((await loadPlain(fixture)).config.vocab_size);
    await fader("info", name, "--revision", first, "--json");
    expect(requests()).toBe(before);
  });
});
