import { gzipSync } from "node:zlib";
import { loadModel } from "fader";
import { fingerprint, type Model, toHuggingFaceConfig, writeCheckpoint, writeSafetensors } from "fader/nn";
import { afterEach, beforeAll, describe, expect, test } from "vitest";
import { retries } from "../../../../src/io/retry";
import { answer, type Seen, type Sending, send, serve, type TestServer } from "../../../helpers/server";
import { tinyModel } from "../../../helpers/tiny";

// Larger than what the first request asks for, so that ranges matter: 1.6 MB.
const model = tinyModel({ vocab_size: 25_000 });
const written = writeCheckpoint(model);
const files: Record<string, Uint8Array> = {
  "config.json": new TextEncoder().encode(JSON.stringify(toHuggingFaceConfig(model.config))),
  "model.safetensors": written.weights,
};
const size = written.weights.length;

let server: TestServer | undefined;
beforeAll(() => {
  retries.firstPause = 1;
});
afterEach(() => server?.close());

/** A server of the checkpoint; `how` says how the n-th request for the weights is answered. */
async function host(how: (request: Seen, n: number) => Sending | number = () => ({}), of = files): Promise<string> {
  let n = 0;
  server = await serve((request, response) => {
    const file = request.path.replace(/\?.*$/, "").split("/").at(-1)!;
    if (of[file] === undefined) return answer(response, 404);
    const sending = file === "model.safetensors" ? how(request, n++) : {};
    if (typeof sending === "number") return answer(response, sending, { "Retry-After": "0" });
    send(request, response, of[file], sending);
  });
  return `${server.url}/models/tiny`;
}

const weightRequests = () => server!.seen.filter(({ path }) => path.includes("model.safetensors"));
const same = (got: Model) => expect(fingerprint(got)).toBe(fingerprint(model));

describe("a URL", () => {
  test("is read by ranges, in few requests", async () => {
    const seen: number[] = [];
    const got = await loadModel(await host(), { onProgress: ({ loaded }) => seen.push(loaded) });
    same(got);
    expect(got.name).toBe("tiny");
    expect(seen.at(-1)).toBe(size);
    expect(weightRequests().map(({ headers }) => headers.range)).toEqual(["bytes=0-65535", "bytes=65536-"]);
  });

  test("may end in a slash or be a URL object, and keeps its query", async () => {
    const url = await host();
    same(await loadModel(new URL(`${url}/?key=1`)));
    expect(server!.seen.every(({ path }) => path.endsWith("?key=1"))).toBe(true);
  });

  test("whose server ignores ranges is read in one stream", async () => {
    const url = await host(() => ({ ignoreRange: true }));
    same(await loadModel(url));
    expect(weightRequests()).toHaveLength(1);
  });

  test("whose server hides the size, or gives none, is read as well", async () => {
    // What a page of another origin sees when the server does not expose the header.
    const url = await host();
    const { get } = Headers.prototype;
    Headers.prototype.get = function (name) {
      return name.toLowerCase() === "content-range" ? null : get.call(this, name);
    };
    try {
      same(await loadModel(url));
    } finally {
      Headers.prototype.get = get;
    }
    await server!.close();
    server = await serve(({ path }, response) => {
      const bytes = files[path.split("/").at(-1)!];
      if (bytes === undefined) return answer(response, 404);
      response.writeHead(200).end(bytes);
    });
    same(await loadModel(server.url));
  });

  test("whose ranges count compressed bytes, as out of a browser's cache, is read whole", async () => {
    const packed = Object.fromEntries(Object.entries(files).map(([name, bytes]) => [name, gzipSync(bytes)]));
    const name = (path: string) => path.split("/").at(-1)!;
    const compressed = { headers: { "Content-Encoding": "gzip" } };
    server = await serve((request, response) => {
      const bytes = packed[name(request.path)];
      if (bytes === undefined) answer(response, 404);
      else send(request, response, bytes, compressed);
    });
    same(await loadModel(server.url));
    await server.close();
    // Only from the second range on.
    let n = 0;
    server = await serve((request, response) => {
      const bytes = files[name(request.path)];
      if (bytes === undefined) answer(response, 404);
      else if (name(request.path) !== "model.safetensors" || n++ === 0) send(request, response, bytes);
      else if (request.headers.range) send(request, response, packed["model.safetensors"]!, compressed);
      else send(request, response, bytes);
    });
    same(await loadModel(server.url));
  });

  test("is taken up again where the connection was cut", async () => {
    for (const ignoreRange of [false, true]) {
      const url = await host((_, n) => ({ ignoreRange, ...(n < 4 && { cutAfter: 200_000 * (n + 1) }) }));
      same(await loadModel(url));
      expect(weightRequests().length).toBeGreaterThan(3);
      const offsets = weightRequests().map(({ headers }) => Number(/\d+/.exec(headers.range!)));
      expect(offsets).toEqual(offsets.toSorted((a, b) => a - b));
      await server!.close();
    }
  });

  test("is asked again after 429 and 503", async () => {
    same(await loadModel(await host((_, n) => [429, 503][n] ?? {})));
  });

  test("that is always cut, or refuses, ends with a sentence", async () => {
    const failure = async (how: Parameters<typeof host>[0]) => {
      const error = await loadModel(await host(how)).then(
        () => new Error("was accepted"),
        (reason: Error) => reason,
      );
      await server!.close();
      return `${error.name}: ${error.message}`.replaceAll(server!.url, "URL");
    };
    const always = await failure((_, n) => ({ cutAfter: n === 0 ? 70_000 : 0 }));
    expect(always).toMatch(/^ArgumentError: read: URL\/models\/tiny\/model.safetensors: .+\n {2}attempts 5$/);
    expect(await failure(() => 500)).toMatchInlineSnapshot(`
      "ArgumentError: read: URL/models/tiny/model.safetensors: 500 Internal Server Error
        attempts 5"
    `);
    expect(await failure(() => 403)).toMatchInlineSnapshot(
      `"ArgumentError: read: URL/models/tiny/model.safetensors: 403 Forbidden"`,
    );
    expect(await failure((_, n) => ({ headers: { ETag: `"${n}"` } }))).toMatchInlineSnapshot(`
      "CheckpointError: URL/models/tiny/model.safetensors: the file changed while it was being read
        Load it again."
    `);
    expect(await failure((_, n) => (n === 0 ? {} : 404))).toMatchInlineSnapshot(
      `"ArgumentError: read: URL/models/tiny/model.safetensors: 404 Not Found"`,
    );
  });

  test("where nothing is says so", async () => {
    const url = await host(undefined, {});
    await expect(loadModel(url)).rejects.toThrow(/^read: .*\/models\/tiny\/config.json: no such file$/);
    await expect(loadModel("http://127.0.0.1:9/none")).rejects.toThrow(/^read: .*config.json: .*\n {2}attempts 5$/);
  });

  test("of an empty file is a malformed one", async () => {
    const url = await host(undefined, { ...files, "model.safetensors": new Uint8Array(0) });
    await expect(loadModel(url)).rejects.toThrow(/at least 8 bytes, this one has 0/);
  });

  test("with shards reads each of them", async () => {
    const shards: Record<string, Uint8Array> = { "config.json": files["config.json"]! };
    const weight_map: Record<string, string> = {};
    Object.entries(model.weights).forEach(([name, x], i) => {
      const file = `part-${i}.safetensors`;
      shards[file] = writeSafetensors([[name, { dtype: "F32", shape: x.shape, data: x.toTypedArray() }]]);
      weight_map[name] = file;
    });
    shards["model.safetensors.index.json"] = new TextEncoder().encode(JSON.stringify({ weight_map }));
    same(await loadModel(await host(undefined, shards)));
  });
});
