import { ArgumentError } from "../autograd";
import { CheckpointError } from "./errors";
import { type CheckpointFolder, isNode, memoryAccess, type RandomAccess } from "./folder";
import { patientFetch, pauseAfter, reasonOf, retries } from "./retry";

/** The first request asks for this much: most headers, and all of a small file. */
const START = 2 ** 16;
/** A gap shorter than this is read and thrown away rather than asked past. */
const GAP = 2 ** 20;

/** The files below a URL, read by ranges. */
export function urlFolder(base: URL): CheckpointFolder {
  const directory = new URL(base);
  if (!directory.pathname.endsWith("/")) directory.pathname += "/";
  const at = (file: string) => {
    const url = new URL(file, directory);
    url.search = directory.search;
    return url;
  };
  return {
    name: decodeURIComponent(directory.pathname.split("/").at(-2) || directory.hostname),
    locate: (file) => at(file).href,
    open: (file) => openUrl(at(file)),
  };
}

/** A file at a URL, or undefined when nothing is there. Throws `ArgumentError` when it cannot be had. */
export async function openUrl(url: URL): Promise<RandomAccess | undefined> {
  const fetch = patientFetch({ lost: (reason) => new ConnectionLostError(url, reason) });
  let response = await fetch(url, { headers: { Range: `bytes=0-${START - 1}` } });
  if (response.status === 404 || response.status === 410) return undefined;
  // No range of an empty file can be satisfied.
  if (response.status === 416) return memoryAccess(new Uint8Array(0));
  if (response.status === 206 && (rangeOf(response)?.size === undefined || isCompressed(response))) {
    // A page of another origin may not see the size: the whole file tells it by its length.
    await response.body?.cancel();
    response = await fetch(url);
  }
  const range = rangeOf(response);
  if (!response.ok) throw refused(url, response);
  if (range && range.begin > 0) throw wrongRange(url, 0, range.begin);
  const size = range?.size ?? lengthOf(response);
  if (size === undefined || response.body === null) return memoryAccess(new Uint8Array(await response.arrayBuffer()));
  return new HttpFile(url, size, fetch, response);
}

/** A URL that does not answer, or whose connection is cut, however often it is asked. */
export class ConnectionLostError extends ArgumentError {
  constructor(
    url: URL,
    readonly reason: string,
  ) {
    super("read", `${url}: ${reason}`, { details: { attempts: retries.most + 1 } });
  }
}

/** A file that is another one than when its reading began. */
export class FileChangedError extends CheckpointError {
  constructor(
    url: URL,
    /** Bytes that it has now. */
    readonly size: number,
  ) {
    super(url.href, "the file changed while it was being read", { hint: "Load it again." });
  }
}

/** A running download of a file from some byte on. */
interface Stream {
  reader: ReadableStreamDefaultReader<Uint8Array>;
  /** Offsets in the file of the next byte and of the end of what was asked for. */
  position: number;
  readonly end: number;
  /** Received but not yet asked for. */
  rest: Uint8Array;
}

/**
 * Reads through one open-ended request, as far as what is asked for lies ahead of it and near; else another one. That
 * is right for servers that ignore ranges as well: they start at 0 and the bytes before are skipped. A connection that is
 * cut is taken up again where it broke.
 */
export class HttpFile implements RandomAccess {
  private stream: Stream | undefined;
  private takesRanges = true;
  private buffer = new Uint8Array(0);
  private readonly start: Uint8Array;
  private startLength = 0;
  private etag: string | null = null;

  /** `size`: its bytes. `fetch`: sends requests, and tries again itself. `first`: an answer with the start of the file. */
  constructor(
    private readonly url: URL,
    readonly size: number,
    private readonly fetch: typeof globalThis.fetch,
    first?: Response,
  ) {
    this.start = new Uint8Array(Math.min(START, size));
    if (first === undefined) return;
    this.etag = first.headers.get("ETag");
    this.takesRanges = first.status === 206;
    this.stream = streamOf(first, 0, rangeOf(first)?.end ?? size);
  }

  async read(begin: number, end: number): Promise<Uint8Array> {
    if (this.buffer.length < end - begin) this.buffer = new Uint8Array(end - begin);
    if (begin < this.start.length) await this.readStart(Math.min(end, this.start.length));
    const known = this.start.subarray(begin, end);
    this.buffer.set(known);
    await this.fill(this.buffer.subarray(known.length, end - begin), begin + known.length);
    return this.buffer.subarray(0, end - begin);
  }

  /** The bytes from `begin` on that come next, at least one and at most `most`. Throws `ConnectionLostError`, `FileChangedError`. */
  async readSome(begin: number, most = this.size - begin): Promise<Uint8Array> {
    for (let failures = 1; ; failures++) {
      const stream = await this.streamAt(begin);
      try {
        return await next(stream, begin, most);
      } catch (error) {
        await this.close();
        if (failures > retries.most) throw new ConnectionLostError(this.url, reasonOf(error));
        await pauseAfter(failures);
      }
    }
  }

  async close(): Promise<void> {
    const { stream } = this;
    this.stream = undefined;
    // A stream that has failed rejects this as well, and is closed all the same.
    await stream?.reader.cancel().catch(() => {});
  }

  /** The start of the file is kept: header and length are read one after the other. */
  private async readStart(end: number): Promise<void> {
    if (this.startLength >= end) return;
    await this.fill(this.start.subarray(this.startLength, end), this.startLength);
    this.startLength = end;
  }

  private async fill(target: Uint8Array, begin: number): Promise<void> {
    for (let got = 0; got < target.length; ) {
      const piece = await this.readSome(begin + got, target.length - got);
      target.set(piece, got);
      got += piece.length;
    }
  }

  private async streamAt(position: number): Promise<Stream> {
    const { stream, url } = this;
    const isAhead = stream && stream.position <= position && position < stream.end;
    // What ignores ranges would start at 0 again.
    if (isAhead && (position - stream.position < GAP || !this.takesRanges)) return stream;
    await this.close();
    let response = await this.fetch(url, { headers: this.headersFrom(position) });
    if (response.status === 206 && isCompressed(response)) {
      await response.body?.cancel();
      response = await this.fetch(url);
    }
    const etag = response.headers.get("ETag");
    const size = sizeOf(response) ?? this.size;
    if (size !== this.size || (etag !== null && this.etag !== null && etag !== this.etag)) {
      await response.body?.cancel();
      throw new FileChangedError(url, size);
    }
    if (!response.ok || response.body === null) throw refused(url, response);
    this.etag ??= etag;
    this.takesRanges = response.status === 206;
    const range = rangeOf(response);
    // A range that a page of another origin may not see is taken to be the one asked for.
    const begin = this.takesRanges ? (range?.begin ?? position) : 0;
    if (begin > position) throw wrongRange(url, position, begin);
    this.stream = streamOf(response, begin, range?.end ?? this.size);
    return this.stream;
  }

  private headersFrom(position: number): Record<string, string> {
    if (position === 0) return {};
    // A page may send it only to servers that say so.
    const isStrong = isNode && this.etag !== null && !this.etag.startsWith("W/");
    return { Range: `bytes=${position}-`, ...(isStrong && { "If-Range": this.etag! }) };
  }
}

function streamOf(response: Response, position: number, end: number): Stream {
  return { reader: response.body!.getReader(), position, end, rest: new Uint8Array(0) };
}

/** The next bytes of a stream from `position` on, at most `most` of them; what comes before is thrown away. */
async function next(stream: Stream, position: number, most: number): Promise<Uint8Array> {
  for (;;) {
    const skipped = Math.min(position - stream.position, stream.rest.length);
    stream.rest = stream.rest.subarray(skipped);
    stream.position += skipped;
    if (stream.rest.length > 0) break;
    const { done, value } = await stream.reader.read();
    if (done) throw new Error("the connection ended too early");
    stream.rest = value;
  }
  const piece = stream.rest.subarray(0, most);
  stream.rest = stream.rest.subarray(piece.length);
  stream.position += piece.length;
  return piece;
}

function refused(url: URL, { status, statusText }: Response): ArgumentError {
  return new ArgumentError("read", `${url}: ${status} ${statusText}`);
}

function wrongRange(url: URL, wanted: number, got: number): ArgumentError {
  return new ArgumentError("read", `${url}: asked for bytes from ${wanted} on, got those from ${got} on`);
}

/** `Content-Range: bytes begin-last/size`; undefined where it is absent or hidden. */
function rangeOf(response: Response): { begin: number; end: number; size: number | undefined } | undefined {
  if (response.status !== 206) return undefined;
  const match = /^bytes (\d+)-(\d+)\/(\d+|\*)$/.exec(response.headers.get("Content-Range") ?? "");
  if (match === null) return undefined;
  return { begin: Number(match[1]), end: Number(match[2]) + 1, size: match[3] === "*" ? undefined : Number(match[3]) };
}

/**
 * Whether a range counts compressed bytes, which are not the file's. Browsers answer so out of their own cache, when they
 * have the file in the form in which a server compressed it.
 */
function isCompressed(response: Response): boolean {
  return response.headers.has("Content-Encoding");
}

/** The size of the whole file, where an answer to any request for it tells. */
function sizeOf(response: Response): number | undefined {
  const { status, headers } = response;
  const beyond = status === 416 ? /^bytes \*\/(\d+)$/.exec(headers.get("Content-Range") ?? "") : null;
  return beyond ? Number(beyond[1]) : (rangeOf(response)?.size ?? lengthOf(response));
}

/** The size of a whole body, where its length is that of the file: compressed ones are shorter. */
function lengthOf(response: Response): number | undefined {
  const length = response.headers.get("Content-Length");
  const isWhole = response.status === 200 && length !== null && !isCompressed(response);
  return isWhole ? Number(length) : undefined;
}
