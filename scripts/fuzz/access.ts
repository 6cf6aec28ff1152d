import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type CheckpointSource, memoryAccess } from "fader/nn";
import type { Case } from "./cases";
import type { Files } from "./folder";

let scratch: string | undefined;

/** What `loadModel` takes for the files of a case. */
export function sourceOf(files: Files, access: Case["access"]): CheckpointSource {
  if (access === "disk") return onDisk(files);
  if (access === "dropped") {
    const all = [...files].map(([name, bytes]) => dropped(`fuzzed/${name}`, bytes));
    // Deeper files of the same names do not count.
    return [dropped("fuzzed/old/config.json", new Uint8Array(3)), ...all];
  }
  return {
    name: "fuzzed",
    locate: (file) => `fuzzed/${file}`,
    open: async (file) => {
      const bytes = files.get(file);
      return bytes && memoryAccess(bytes);
    },
  };
}

function dropped(path: string, bytes: Uint8Array): File {
  const file = new File([bytes as Uint8Array<ArrayBuffer>], path.split("/").at(-1)!);
  Object.defineProperty(file, "webkitRelativePath", { value: path });
  return file;
}

function onDisk(files: Files): string {
  scratch ??= mkdtempSync(join(tmpdir(), "fader-fuzz-"));
  const folder = join(scratch, "fuzzed");
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder);
  for (const [name, bytes] of files) {
    // Some users make a folder of that name.
    if (bytes.length === 0 && name !== "model.safetensors") mkdirSync(join(folder, name));
    else writeFileSync(join(folder, name), bytes);
  }
  return folder;
}

/** Removes what was written. */
export function cleanUp(): void {
  if (scratch !== undefined) rmSync(scratch, { recursive: true, force: true });
}
