import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { textTable } from "../src/text/table";

/** Prints the lines of each room and the bytes of each bundle: `npm run size`. */
const count = new Intl.NumberFormat("en").format;

/** Lines of the TypeScript and CSS files of a folder. */
function linesOf(files: readonly string[]): number {
  return files.reduce((sum, file) => sum + readFileSync(file, "utf8").split("\n").length - 1, 0);
}

/** All files below a folder that somebody wrote; what the build makes is left out. */
function filesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => /\.(tsx?|css)$/.test(name) && !name.endsWith("kernels/wasm/binary.ts"))
    .map((name) => join(folder, name));
}

/** The rooms of a folder: its folders, and for layers with rooms of their own those, then what lies beside them. */
function roomsOf(root: string): Map<string, string[]> {
  const rooms = new Map<string, string[]>();
  for (const file of filesIn(root)) {
    const path = file.slice(root.length + 1).split("/");
    const isLayered = root === "src" && (path[0] === "nn" || path[0] === "steering" || path[0] === "tensor");
    const room = [root, ...path.slice(0, isLayered ? 2 : 1).slice(0, path.length - 1)].join("/");
    rooms.set(room, [...(rooms.get(room) ?? []), file]);
  }
  return new Map([...rooms].sort(([a], [b]) => (a < b ? -1 : 1)));
}

function printRooms(): void {
  const rows = ["src", "playground/src"].flatMap((root) => {
    const rooms = [...roomsOf(root)].map(([room, files]) => [room, files.length, linesOf(files)] as const);
    const total = rooms.reduce((sum, [, files, lines]) => [sum[0]! + files, sum[1]! + lines], [0, 0]);
    return [...rooms, [`${root} in all`, ...total] as const];
  });
  const beside = ["tests", "bench", "scripts"].map((root) => {
    const files = filesIn(root).filter((file) => !file.includes("/results/"));
    return [root, files.length, linesOf(files)] as const;
  });
  const cells = [...rows, ...beside].map(([room, files, lines]) => [room!, count(files!), count(lines!)] as string[]);
  console.log(textTable([["room", "files", "lines"], ...cells]).join("\n"));
}

/** Everything an entry exports as one minified script for browsers. */
async function bundle(entry: string): Promise<Uint8Array> {
  const { outputFiles } = await build({
    stdin: { contents: `export * from "${entry}"`, resolveDir: ".", loader: "ts" },
    bundle: true,
    write: false,
    format: "esm",
    platform: "browser",
    conditions: ["fader-source"],
    minify: true,
    external: ["node:*"],
  });
  return outputFiles[0]!.contents;
}

function sizes(name: string, parts: readonly Uint8Array[]): string[] {
  const sum = (sizeOf: (part: Uint8Array) => number) => count(parts.reduce((total, part) => total + sizeOf(part), 0));
  return [name, sum((part) => part.length), sum((part) => gzipSync(part, { level: 9 }).length)];
}

async function printBundles(): Promise<void> {
  const entries = ["fader", "fader/tensor", "fader/autograd", "fader/nn", "fader/steering", "fader/ndarray"];
  const rows = await Promise.all(entries.map(async (entry) => sizes(entry, [await bundle(entry)])));
  const assets = "dist-playground/assets";
  if (existsSync(assets)) {
    const scripts = readdirSync(assets).filter((name) => /\.(js|css)$/.test(name));
    rows.push(
      ...scripts.map((name) => sizes(name.replace(/-[\w-]{8}(?=\.\w+$)/, ""), [readFileSync(join(assets, name))])),
    );
  }
  console.log(textTable([["bundle", "bytes", "gzip"], ...rows]).join("\n"));
  if (!existsSync(assets)) console.log("`npm run build:playground` first shows the page's as well.");
}

printRooms();
console.log();
await printBundles();
