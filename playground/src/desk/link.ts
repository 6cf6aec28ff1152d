import type { Site } from "fader";
import type { Desk } from "./desk";
import { keyOf, mostAlpha, placeOf, type Strip } from "./strip";

/** The content of a link: the desk, the site that is shown, and the bytes of a carried intervention. */
export interface LinkState {
  readonly desk: Omit<Desk, "carried">;
  readonly site: Site;
  readonly carried?: Uint8Array | undefined;
}

/** Longer links are cut by some programs that people send them with. */
export const longestLink = 30_000;

const version = 1;
/** site, layer, position, alpha, and flags as letters: m, s, r. */
type Row = [site: string, layer: number, position: number, alpha: number, flags?: string];

interface Packed {
  v: number;
  p: string;
  a?: [string, string];
  s: string;
  f: Row[];
  b: number;
  k?: number;
  c?: string;
}

/** The part of an address behind `#`. Compressed, so that a desk full of faders still makes a link. */
export async function writeLink({ desk, site, carried }: LinkState): Promise<string> {
  const { prompt, answers, strips, beta, keep } = desk;
  const packed: Packed = {
    v: version,
    p: prompt,
    ...(answers && { a: [answers.correct, answers.wrong] }),
    s: site,
    f: Object.entries(strips).map(([key, strip]) => rowOf(key, strip)),
    b: beta,
    ...(keep !== undefined && { k: keep }),
    ...(carried && { c: toText(carried) }),
  };
  return `d=${toText(await squeeze(JSON.stringify(packed)))}`;
}

/** Reads what `writeLink` made; undefined when the address carries no desk. Throws an `Error` in plain words when it is broken. */
export async function readLink(hash: string, sites: readonly Site[]): Promise<LinkState | undefined> {
  const match = /^#?d=([\w-]+)$/.exec(hash);
  if (match === null) {
    if (/^#?d=/.test(hash)) throw new Error("This link is broken: it holds characters that no link of ours has.");
    return undefined;
  }
  const packed = await unpack(match[1]!);
  if (packed.v !== version) throw new Error(`This link was made by another version of the page (${packed.v}).`);
  const { p, a, s, f, b, k, c } = packed;
  const isText = (value: unknown): value is string => typeof value === "string";
  const isNumber = (value: unknown): value is number => typeof value === "number" && Number.isFinite(value);
  const answers = Array.isArray(a) && a.every(isText) && a.length === 2 ? { correct: a[0], wrong: a[1] } : undefined;
  const isWhole = !isText(c) || /^[\w-]*$/.test(c);
  if (!isWhole || !isText(p) || !Array.isArray(f) || !isNumber(b) || !sites.includes(s as Site)) throw broken();
  const strips = Object.fromEntries(f.map((row) => stripOf(row, sites)));
  return {
    desk: { prompt: p, answers, strips, beta: b, keep: isNumber(k) ? k : undefined },
    site: s as Site,
    carried: isText(c) ? fromText(c) : undefined,
  };
}

const broken = () => new Error("This link is broken: a part of it is missing. Ask for it again.");

function rowOf(key: string, { alpha, muted, solo, reversed }: Strip): Row {
  const { site, layer, position } = placeOf(key);
  const flags = `${muted ? "m" : ""}${solo ? "s" : ""}${reversed ? "r" : ""}`;
  return flags === "" ? [site, layer, position, alpha] : [site, layer, position, alpha, flags];
}

function stripOf(row: Row, sites: readonly Site[]): [string, Strip] {
  const [site, layer, position, alpha, flags = ""] = Array.isArray(row) ? row : ([] as unknown as Row);
  const isIndex = (value: number) => Number.isInteger(value) && value >= 0;
  const isFine = sites.includes(site as Site) && isIndex(layer) && isIndex(position) && Math.abs(alpha) <= mostAlpha;
  if (!isFine || typeof flags !== "string") throw broken();
  const on = (letter: string, name: keyof Strip) => (flags.includes(letter) ? { [name]: true } : {});
  return [
    keyOf({ site: site as Site, layer, position }),
    { alpha, ...on("m", "muted"), ...on("s", "solo"), ...on("r", "reversed") },
  ];
}

async function squeeze(text: string): Promise<Uint8Array> {
  return through(new TextEncoder().encode(text), new CompressionStream("deflate-raw"));
}

async function unpack(text: string): Promise<Packed> {
  try {
    const bytes = await through(fromText(text), new DecompressionStream("deflate-raw"));
    const packed: unknown = JSON.parse(new TextDecoder().decode(bytes));
    if (typeof packed === "object" && packed !== null) return packed as Packed;
  } catch {
    // Every kind of damage is reported below as one.
  }
  throw broken();
}

async function through(bytes: Uint8Array, stream: CompressionStream | DecompressionStream): Promise<Uint8Array> {
  const piped = new Blob([bytes as BlobPart]).stream().pipeThrough(stream);
  return new Uint8Array(await new Response(piped).arrayBuffer());
}

/** Base64 of URLs. */
function toText(bytes: Uint8Array): string {
  let binary = "";
  for (const byte of bytes) binary += String.fromCharCode(byte);
  return btoa(binary).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

function fromText(text: string): Uint8Array {
  const binary = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(binary, (letter) => letter.charCodeAt(0));
}
