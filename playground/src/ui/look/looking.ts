import { computed, effect, signal, untracked } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { AttentionResult, LensResult } from "../../protocol";
import { engine } from "../../state/compute";
import { latest } from "../../state/latest";
import { complain, desk, edit, learning, model, result } from "../../state/store";
import type { LensColor, LensSide } from "./lens-table";

export const lens = signal<LensResult | undefined>(undefined);
export const lensSide = signal<LensSide>("steered");
export const lensColor = signal<LensColor>("answers");

export const attention = signal<(AttentionResult & { readonly layer: number }) | undefined>(undefined);
/** The last one where none was chosen: there the answer comes together. */
export const layer = signal<number | undefined>(undefined);
export const shownLayer = computed(() => {
  const last = (model.value?.n_layers ?? 1) - 1;
  return Math.min(layer.value ?? last, last);
});
export const head = signal(0);
/** The token whose reading is shown; the last one where none was chosen. */
export const query = signal<number | undefined>(undefined);

/** The worker has no time for this while it learns; afterwards it is asked again. */
export const readLens = latest(async () => {
  if (learning.value !== undefined) return;
  const { prompt, answers } = desk.value;
  const both = answers?.correct && answers.wrong ? answers : undefined;
  lens.value = await attempt(() => engine.lens({ prompt, edit: edit.value, answers: both }));
});

export const readAttention = latest(async () => {
  if (learning.value !== undefined) return;
  const at = shownLayer.value;
  const { prompt } = desk.value;
  const pattern = await attempt(() => engine.attention({ prompt, edit: edit.value, layer: at }));
  attention.value = pattern && { ...pattern, layer: at };
});

async function attempt<T>(look: () => Promise<T>): Promise<T | undefined> {
  if (model.value === undefined || desk.value.prompt === "") return undefined;
  try {
    return await look();
  } catch (error) {
    // What is wrong with the prompt or the faders has been said by the answer already.
    if (result.value !== undefined) complain(error);
    return undefined;
  }
}

/** Looks anew whenever something changes, as long as the view is shown. */
export function useFresh(look: () => Promise<void>): void {
  useEffect(
    () =>
      effect(() => {
        // Read here, so that this runs again when they change.
        void [model.value, desk.value, edit.value, learning.value, shownLayer.value];
        untracked(() => void look());
      }),
    [look],
  );
}
