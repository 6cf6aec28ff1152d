import { computed, effect, signal, untracked } from "@preact/signals";
import { sounding } from "../desk/strip";
import type { AttentionResult, LensResult } from "../protocol";
import type { LensColor, LensSide } from "../view/lens-table";
import type { MapContent } from "../view/map-table";
import { siteWords } from "../view/words";
import { engine } from "./compute";
import { latest } from "./latest";
import { complain, desk, edit, learning, model, result, tokens } from "./store";

export const lens = signal<LensResult | undefined>(undefined);
export const lensSide = signal<LensSide>("steered");
export const lensColor = signal<LensColor>("answers");

export const attention = signal<(AttentionResult & { readonly layer: number }) | undefined>(undefined);
const chosenLayer = signal<number | undefined>(undefined);
/** The layer whose heads are shown. Until one is chosen it is the last, where the answer comes together. */
export const attentionLayer = computed(() => {
  const last = (model.value?.n_layers ?? 1) - 1;
  return Math.min(chosenLayer.value ?? last, last);
});
export const head = signal(0);
/** The token whose reading is shown; the last one until one is chosen. */
export const query = signal<number | undefined>(undefined);

export function chooseLayer(layer: number): void {
  chosenLayer.value = layer;
}

/** The faders of all sites; undefined while no model is open. */
export const mapContent = computed<MapContent | undefined>(() => {
  const opened = model.value;
  if (opened === undefined) return undefined;
  return {
    sites: opened.sites.map((name) => ({ site: name, words: siteWords[name] ?? "" })),
    layers: opened.n_layers,
    tokens: tokens.value.map(({ text }) => text),
    faders: learning.value ? sounding(learning.value) : edit.value.faders,
    carried: desk.value.carried,
  };
});

/** Asks for the lens. While learning, the worker is not asked; `keepFresh` asks again afterwards. */
export const readLens = latest(async () => {
  if (learning.value !== undefined) return;
  const { prompt, answers } = desk.value;
  const both = answers?.correct && answers.wrong ? answers : undefined;
  lens.value = await attempt(() => engine.lens({ prompt, edit: edit.value, answers: both }));
});

/** Asks for the attention of the layer that is shown, as `readLens` does. */
export const readAttention = latest(async () => {
  if (learning.value !== undefined) return;
  const layer = attentionLayer.value;
  const { prompt } = desk.value;
  const patterns = await attempt(() => engine.attention({ prompt, edit: edit.value, layer }));
  attention.value = patterns && { ...patterns, layer };
});

async function attempt<T>(look: () => Promise<T>): Promise<T | undefined> {
  if (model.value === undefined || desk.value.prompt === "") return undefined;
  try {
    return await look();
  } catch (error) {
    // Without an answer, the answer's own error message is already on the page.
    if (result.value !== undefined) complain(error);
    return undefined;
  }
}

/** Calls `look` now and after every change of what it depends on, until the function that it returns is called. */
export function keepFresh(look: () => Promise<void>): () => void {
  return effect(() => {
    // Reading them here makes this run again when they change.
    void [model.value, desk.value, edit.value, learning.value, attentionLayer.value];
    untracked(() => void look());
  });
}
