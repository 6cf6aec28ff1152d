import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdir, open, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { pauseAfter, reasonOf, retries } from "../io/retry";
import { sizeOf } from "./hub-cache";
import { HubError } from "./hub-request";

/** A file to download. */
export interface RemoteFile {
  /** Named in errors. */
  readonly name: string;
  readonly url: URL;
  /** Where it goes; `PATH.incomplete` holds what has come in until then. */
  readonly path: string;
  /** Bytes. */
  readonly size: number;
  /** SHA-256 of the contents (64 digits), or the hash that Git gives them (40 digits). */
  readonly hash: string;
}

/**
 * Downloads a file, from where an earlier attempt broke off. It gets its name only when its hash is right. Cut
 * connections are taken up again, as long as something comes in. Throws `HubError`; what has come in stays.
 */
export async function downloadBlob(
  blob: RemoteFile,
  fetch: typeof globalThis.fetch,
  onRead: (loaded: number) => void,
): Promise<void> {
  const incomplete = `${blob.path}.incomplete`;
  await mkdir(dirname(blob.path), { recursive: true });
  const source = { etag: undefined as string | undefined };
  let failures = 0;
  let damaged = 0;
  for (;;) {
    const before = (await sizeOf(incomplete)) ?? -1;
    if (before !== blob.size) {
      try {
        await fetchRest(blob, incomplete, before, source, fetch, onRead);
      } catch (error) {
        if (error instanceof HubError) throw error;
        const after = (await sizeOf(incomplete)) ?? -1;
        failures = after > before ? 1 : failures + 1;
        if (failures > retries.most) throw brokenOff(blob, after, error);
        await pauseAfter(failures);
        continue;
      }
    }
    if ((await hashOf(incomplete, blob)) === blob.hash) break;
    // What an earlier attempt left may be of other contents: once more from the start.
    await rm(incomplete, { force: true });
    if (++damaged > 1) {
      throw new HubError(blob.name, "what came in does not have the hash that the hub gives", {
        details: { expected: blob.hash, from: blob.url.href },
      });
    }
  }
  onRead(blob.size);
  await rename(incomplete, blob.path).catch(async (error) => {
    // Another process may have finished the same download.
    if ((await sizeOf(blob.path)) !== blob.size) throw error;
  });
}

/** Appends what is missing of a file of `before` bytes (-1: there is none). */
async function fetchRest(
  blob: RemoteFile,
  path: string,
  before: number,
  source: { etag: string | undefined },
  fetch: typeof globalThis.fetch,
  onRead: (loaded: number) => void,
): Promise<void> {
  const from = before > blob.size ? 0 : Math.max(before, 0);
  const headers = {
    // What is compressed on its way has other offsets.
    "Accept-Encoding": "identity",
    ...(from > 0 && { Range: `bytes=${from}-` }),
    ...(from > 0 && source.etag && { "If-Range": source.etag }),
  };
  const response = await fetch(blob.url, { headers });
  const etag = response.headers.get("ETag");
  source.etag = etag === null || etag.startsWith("W/") ? undefined : etag;
  const [begin, total] = extentOf(response);
  if (begin > from || (total !== undefined && total !== blob.size)) {
    await response.body?.cancel();
    throw new HubError(blob.name, "has another size than the hub's listing says", {
      details: { listed: `${blob.size} bytes`, served: `${total} bytes` },
    });
  }
  const file = await open(path, before < 0 ? "w" : "r+");
  try {
    // Otherwise a cut would leave new bytes followed by old ones.
    await file.truncate(begin);
    let at = begin;
    onRead(at);
    for await (const part of bodyOf(response)) {
      if (at + part.length > blob.size) throw new HubError(blob.name, `is longer than the ${blob.size} bytes listed`);
      await file.write(part, 0, part.length, at);
      at += part.length;
      onRead(at);
    }
    if (at < blob.size) throw new Error(`the connection ended after ${at} of ${blob.size} bytes`);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Where the body begins in the file, and the size of the file where the answer tells it. */
function extentOf(response: Response): [begin: number, total: number | undefined] {
  const range = /^bytes (?:(\d+)-\d+|\*)\/(\d+)$/.exec(response.headers.get("Content-Range") ?? "");
  if (response.status !== 200)
    return [Number(range?.[1] ?? Number.POSITIVE_INFINITY), range ? Number(range[2]) : undefined];
  const length = response.headers.get("Content-Length");
  return [0, length === null || response.headers.has("Content-Encoding") ? undefined : Number(length)];
}

/** Node's streams can be iterated, which the types of browsers do not say. */
function bodyOf({ body }: Response): AsyncIterable<Uint8Array> | Uint8Array[] {
  return (body as unknown as AsyncIterable<Uint8Array> | null) ?? [];
}

async function hashOf(path: string, { hash, size }: RemoteFile): Promise<string> {
  const digest = createHash(hash.length === 64 ? "sha256" : "sha1");
  if (hash.length !== 64) digest.update(`blob ${size}\0`);
  for await (const part of createReadStream(path, { highWaterMark: 2 ** 20 })) digest.update(part as Uint8Array);
  return digest.digest("hex");
}

function brokenOff(blob: RemoteFile, loaded: number, error: unknown): HubError {
  return new HubError(blob.name, "the download broke off", {
    details: {
      reason: reasonOf(error),
      loaded: `${Math.max(loaded, 0)} of ${blob.size} bytes`,
      attempts: retries.most + 1,
    },
    hint: "What has come in is kept: the same call again resumes the download.",
  });
}
