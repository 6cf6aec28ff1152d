import { type Desk, emptyDesk } from "../desk/desk";
import { historyOf } from "../desk/history";
import { longestLink, readLink, writeLink } from "../desk/link";
import { keyOf } from "../desk/strip";
import type { Imported } from "../protocol";
import { engine, openModel, startComputing } from "./compute";
import { type Example, examples } from "./examples";
import { changeDesk, complain, desk, history, learning, model, say, selection, site, status } from "./store";

/** Opens the built-in model, with the desk of the link that the page was opened with, if it was. */
export async function start(): Promise<void> {
  startComputing();
  status.value = await engine.status().catch(() => undefined);
  if (!(await openModel({ kind: "built-in" }, "capitals", () => {}))) return;
  if (!(await openLink())) beginWith(examples[0]!);
  // A link that is pasted into an open page.
  addEventListener("hashchange", () => void openPasted());
}

type Beginning = Pick<Example, "prompt"> & Partial<Example>;

/** Begins with a prompt: there is nothing to go back to. */
export function beginWith(beginning: Beginning): void {
  history.value = historyOf(deskOf(beginning));
  choose(beginning);
}

/** Puts an example in place of what is on the desk. */
export function showExample(example: Example): void {
  changeDesk(() => deskOf(example));
  choose(example);
}

function deskOf({ prompt, correct, wrong }: Beginning): Desk {
  const answers = correct !== undefined && wrong !== undefined ? { correct, wrong } : undefined;
  return { ...emptyDesk, prompt, answers };
}

/** The fader to begin with. */
function choose({ pointAt }: Beginning): void {
  if (pointAt === undefined) return;
  site.value = pointAt.site;
  selection.value = new Set([keyOf(pointAt)]);
}

async function openPasted(): Promise<void> {
  // Other marks are places on the page.
  if (!location.hash.startsWith("#d=")) return;
  if (learning.value !== undefined) {
    say("This link can be opened once learning has ended.");
    return;
  }
  // Links are made for the built-in model.
  const begin = () => beginWith(examples[0]!);
  if (model.value?.source === "built-in" || (await openModel({ kind: "built-in" }, "capitals", begin)))
    await openLink();
}

async function openLink(): Promise<boolean> {
  try {
    const state = await readLink(location.hash, model.value!.sites);
    if (state === undefined) return false;
    let carried: Imported | undefined;
    if (state.carried !== undefined) carried = await engine.importIntervention("link", state.carried);
    history.value = historyOf({ ...state.desk, ...(carried && { carried: { ...carried } }) });
    site.value = state.site;
    const first = Object.keys(state.desk.strips)[0];
    selection.value = new Set(first === undefined ? [] : [first]);
    return true;
  } catch (error) {
    complain(error);
    return false;
  }
}

/** The address of this page with the whole desk in it, or undefined (and a word why) where a link cannot carry it. */
export async function linkToDesk(): Promise<string | undefined> {
  if (model.value?.source !== "built-in") {
    say("A link carries the desk of the built-in model only.", { hint: "Export the intervention as a file instead." });
    return undefined;
  }
  const { carried, ...rest } = desk.value;
  const bytes = carried && (await engine.carriedBytes(carried.handle));
  const hash = await writeLink({ desk: rest, site: site.value, carried: bytes });
  if (hash.length > longestLink) {
    say(`This desk is too large for a link (${Math.round(hash.length / 1000)} kB).`, {
      hint: "Export the intervention as a file instead.",
    });
    return undefined;
  }
  return `${location.href.split("#")[0]}#${hash}`;
}
