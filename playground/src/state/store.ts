import { computed, signal } from "@preact/signals";
import type { Site } from "fader";
import { type Desk, editOf, emptyDesk } from "../desk/desk";
import { type History, historyOf, record, redo, settle, undo } from "../desk/history";
import { keyOf, type Strip, type Strips, stripsOf, withStrips } from "../desk/strip";
import type { DownloadProgress, EngineStatus, FaderValue, ModelInfo, SteerResult, TokenText } from "../protocol";

/** A message: a problem with a way on, or something done. */
export interface Notice {
  readonly tone: "problem" | "done";
  readonly text: string;
  readonly details?: Readonly<Record<string, string>> | undefined;
  readonly hint?: string | undefined;
}

export interface Continuation {
  readonly clean: string;
  readonly steered: string;
  readonly isRunning: boolean;
}

/** Views of the left half. */
export type InsideView = "faders" | "map" | "lens" | "attention";
/** Views of the right half. */
export type OutsideView = "answer" | "learn";

export const status = signal<EngineStatus | undefined>(undefined);
export const model = signal<ModelInfo | undefined>(undefined);
/** While a model is opened: which, and how far its download is. */
export const opening = signal<{ name: string; progress?: DownloadProgress } | undefined>(undefined);
export const history = signal<History<Desk>>(historyOf(emptyDesk));
export const desk = computed(() => history.value.present);
export const edit = computed(() => editOf(desk.value));
export const site = signal<Site>("attn_out");
/** Keys of the faders that buttons and the number act on. */
export const selection = signal<ReadonlySet<string>>(new Set());
/** The tokens of the prompt, once they are known. */
export const tokens = signal<readonly TokenText[]>([]);
export const result = signal<SteerResult | undefined>(undefined);
export const continuation = signal<Continuation>({ clean: "", steered: "", isRunning: false });
export const notice = signal<Notice | undefined>(undefined);
export const inside = signal<InsideView>("faders");
export const outside = signal<OutsideView>("answer");
/** Answers of the worker in the last second, shown in the status line. */
export const updateRate = signal(0);
/** While learning, what is learned so far is shown in place of the faders. */
export const learning = signal<Strips | undefined>(undefined);

/** The strips that are shown: those being learned, or those of the desk. */
export const shownStrips = computed(() => learning.value ?? desk.value.strips);

/** Changes the desk. Steps with the same `movement` are undone together. */
export function changeDesk(change: Partial<Desk> | ((desk: Desk) => Desk), movement?: string): void {
  const before = desk.value;
  const after = typeof change === "function" ? change(before) : { ...before, ...change };
  history.value = record(history.value, after, movement);
}

/** Changes some faders, the selected ones unless keys are given. */
export function changeStrips(
  change: (strip: Strip, key: string) => Strip,
  movement?: string,
  keys: Iterable<string> = selection.value,
) {
  changeDesk((now) => ({ ...now, strips: withStrips(now.strips, keys, change) }), movement);
}

export function endMovement(): void {
  history.value = settle(history.value);
}

export function undoStep(): void {
  history.value = undo(history.value);
}

export function redoStep(): void {
  history.value = redo(history.value);
}

/** All faders to rest; the prompt stays. */
export function resetDesk(): void {
  changeDesk({ strips: {}, beta: 1, keep: undefined, carried: undefined });
}

/** Puts faders on the desk in place of those that are there. */
export function showFaders(values: readonly FaderValue[], more: Partial<Desk> = {}): void {
  changeDesk({ strips: stripsOf(values), beta: 1, keep: undefined, carried: undefined, ...more });
  const first = values[0];
  if (first !== undefined) {
    site.value = first.site;
    selection.value = new Set([keyOf(first)]);
  }
}

export function say(text: string, more: Omit<Notice, "text" | "tone"> = {}): void {
  notice.value = { tone: "done", text, ...more };
}

/** Shows what went wrong: an `EngineError` with its hint, or any other error. */
export function complain(error: unknown): void {
  const { problem, message, details, hint } = error as Partial<Record<string, string>> & {
    details?: Record<string, string>;
  };
  notice.value = { tone: "problem", text: problem ?? message ?? String(error), details, hint };
}
