import type { ModelSource } from "../protocol";
import { engine, openModel } from "./compute";
import { examples } from "./examples";
import { beginWith, linkToDesk } from "./start";
import { complain, desk, edit, model, say, showFaders } from "./store";

/** Files that were dropped or chosen: a model's folder, or an intervention. */
export async function importFiles(files: readonly File[]): Promise<void> {
  if (files.length === 0) {
    complain({ problem: "There are no files in this folder", hint: "Choose a folder in Hugging Face layout." });
    return;
  }
  if (files.some(({ name }) => name === "config.json")) {
    await openModelFiles(files);
    return;
  }
  if (files.length > 1) {
    complain({
      problem: `These ${files.length} files are no model: there is no config.json among them`,
      hint: "Drop a whole folder in Hugging Face layout, or one intervention file.",
    });
    return;
  }
  const [file] = files;
  try {
    const bytes = new Uint8Array(await file!.arrayBuffer());
    const { faders, places, tokens, ...rest } = await engine.importIntervention(file!.name, bytes);
    const isCarried = faders.length === 0;
    showFaders(faders, isCarried ? { carried: { ...rest, places } } : {});
    say(`${file!.name}: ${rest.description}`, lengthHint(tokens));
  } catch (error) {
    complain(error);
  }
}

/** Faders belong to positions: on a prompt of another length they turn other tokens. */
function lengthHint(learnedOn: readonly string[]): { hint?: string } {
  if (learnedOn.length === 0) return {};
  const text = learnedOn.map((token) => (token === "‹varies›" ? "…" : token)).join("");
  return { hint: `It was made for a prompt of ${learnedOn.length} tokens: ${text.replaceAll("\n", " ⏎ ")}` };
}

async function openModelFiles(files: readonly File[]): Promise<void> {
  const name = files[0]!.webkitRelativePath.split("/")[0] || "dropped files";
  await change({ kind: "files", files }, name);
}

/** Opens another model. What is on the desk belongs to the old one and goes, once the new one is there. */
export async function change(source: ModelSource, name: string): Promise<boolean> {
  // Undo must not bring back what belongs to another model.
  const begin = () => beginWith(source.kind === "built-in" ? examples[0]! : { prompt: anyPrompt });
  if (!(await openModel(source, name, begin))) return false;
  say(`${model.value?.name} is open.`);
  return true;
}

/** Also for models that know nothing but stories. */
const anyPrompt = "Once upon a time, there was a little";

export async function exportFile(): Promise<void> {
  try {
    const { name, bytes } = await engine.exportIntervention(desk.value.prompt, edit.value);
    download(name, new Blob([bytes as BlobPart], { type: "application/octet-stream" }));
  } catch (error) {
    complain(error);
  }
}

export async function copyLink(): Promise<void> {
  try {
    const link = await linkToDesk();
    if (link === undefined) return;
    history.replaceState(undefined, "", link);
    try {
      await navigator.clipboard.writeText(link);
      say("The link is copied: whoever opens it sees this desk.");
    } catch {
      say("The link stands in the address bar: copy it there.");
    }
  } catch (error) {
    complain(error);
  }
}

/** Gives a file to the browser, to be saved. */
export function download(name: string, blob: Blob): void {
  const url = URL.createObjectURL(blob);
  const link = document.createElement("a");
  Object.assign(link, { href: url, download: name });
  link.click();
  // The browser has its own hold on the data once the download has begun.
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
