import { loadModel, type Model } from "fader";
import { droppedFolder } from "fader/nn";
import { memoryUse } from "fader/tensor";
import { downloadFiles, findCommit, type HubAccess, type HubFile, isHubName, patientFetch } from "../../../src/hub";
import type { DownloadProgress } from "../protocol";
import { refusal } from "./engine-error";
import { BrowserStore, type Caches } from "./hub-store";
import { withoutTokenizer } from "./session";

/** What the hub needs of the browser; tests imitate it. */
export interface HubSurroundings {
  fetch?: typeof fetch;
  caches?: Caches | undefined;
  /** Memory of the device in GiB, as far as a browser tells. */
  deviceMemory?: number | undefined;
  /** How much the page may keep, and keeps. Bytes. */
  estimate?: (() => Promise<{ quota?: number; usage?: number }>) | undefined;
}

/** Less than the 4 GiB that the engine can address: room for what it computes. */
const engineLimit = 4 * 2 ** 30 - 2 ** 28;
const downloadHint = "Download it to a folder, and drop that on the page.";

/**
 * Opens a model of the Hugging Face hub: from what was kept, else downloaded. What cannot work is refused before its
 * weights are downloaded. 16-bit weights stay as they are.
 */
export async function openHub(
  name: string,
  onProgress: (progress: DownloadProgress) => void,
  surroundings: HubSurroundings,
  signal: AbortSignal,
): Promise<Model> {
  if (!isHubName(name)) throw refusal(`"${name}" is no name of a model.`, 'Names look like "EleutherAI/pythia-70m".');
  const store = await BrowserStore.open(name, surroundings.caches);
  const kept = await store.whole();
  if (kept !== undefined) return loadModel(droppedFolder(kept), { name, dtype: "auto", onProgress });
  const access = {
    endpoint: "https://huggingface.co",
    fetch: hubFetch(name, surroundings, signal),
  } satisfies HubAccess;
  const { commit, isGated } = await findCommit(name, "main", access);
  if (isGated) {
    throw refusal(
      `"${name}" is for users of the hub who accepted its terms, and this page signs nobody in.`,
      downloadHint,
    );
  }
  const check = async (files: readonly HubFile[]) => {
    if (!files.some(({ file }) => file === "tokenizer.json")) throw withoutTokenizer(name);
    await checkRoom(name, commit, files, store, surroundings);
  };
  const listed = await downloadFiles({ name, commit }, access, store, { check, onProgress });
  const manifest = { commit, files: Object.fromEntries(listed.map(({ file, size }) => [file, size])) };
  const files = await store.files(manifest);
  if (files === undefined) throw refusal(`The browser did not keep the files of "${name}".`, "Free some storage.");
  await store.finish(manifest);
  return loadModel(droppedFolder(files), { name, dtype: "auto" });
}

/** Refuses weights that the engine, the device or the storage of the page has no room for. */
async function checkRoom(
  name: string,
  commit: string,
  files: readonly HubFile[],
  store: BrowserStore,
  { deviceMemory = Number.POSITIVE_INFINITY, estimate }: HubSurroundings,
): Promise<void> {
  const weightFiles = files.filter(({ file }) => file.endsWith(".safetensors"));
  const bytes = weightFiles.reduce((sum, { size }) => sum + size, 0);
  const details = { weights: gib(bytes) };
  if (bytes > engineLimit) {
    throw refusal(`"${name}" is too large for a page.`, "Use the command line, or a smaller model.", {
      ...details,
      limit: gib(engineLimit),
    });
  }
  const device = deviceMemory * 2 ** 30;
  if (bytes > 0.75 * device) {
    throw refusal(`"${name}" is too large for this device.`, "Use a smaller model.", {
      ...details,
      memory: gib(device),
    });
  }
  const { inUse } = memoryUse();
  if (bytes > engineLimit - inUse) {
    throw refusal(
      `"${name}" does not fit beside the model that is open.`,
      "Reload the page, and open this one first.",
      {
        ...details,
        "in use": gib(inUse),
      },
    );
  }
  const { quota = Number.POSITIVE_INFINITY, usage = 0 } = (await estimate?.()) ?? {};
  let missing = 0;
  for (const file of weightFiles) if (!(await store.has(commit, file))) missing += file.size;
  if (store.isLasting && missing > quota - usage) {
    throw refusal(`"${name}" does not fit into what the browser lets this page keep.`, "Free some storage.", {
      ...details,
      free: gib(quota - usage),
    });
  }
}

/** `fetch` that throws for anything but success, in words for the page. */
function hubFetch(name: string, { fetch }: HubSurroundings, signal: AbortSignal): typeof globalThis.fetch {
  const lost = (reason: string) =>
    refusal("The Hugging Face hub cannot be reached.", "Check the connection, or open a model that was kept.", {
      reason,
    });
  const send = patientFetch({ fetch, lost });
  return async (input, init) => {
    const response = await send(input, { ...init, signal });
    const { ok, status } = response;
    if (ok || status === 416) return response;
    await response.body?.cancel();
    if (status === 403) throw refusal(`The hub does not give "${name}" to everybody.`, downloadHint);
    if (status === 401 || status === 404) {
      throw refusal(`The hub has no public model "${name}".`, "Check how its name is written.");
    }
    throw refusal(`The hub answered ${status} for "${name}".`, "Try again later.");
  };
}

function gib(bytes: number): string {
  return `${(bytes / 2 ** 30).toFixed(2)} GiB`;
}
