import { atRest, keyOf, placeOf, type Strip, tidyAlpha } from "../../desk/strip";
import { changeStrips, learning, model, selection, tokens } from "../../state/store";
import { beginNumber } from "./AlphaField";
import { select, selectAll } from "./selecting";

const toggle = (name: "muted" | "solo" | "reversed") => (strip: Strip) => ({ ...strip, [name]: !strip[name] });
const turn = (by: number) => (strip: Strip) => ({ ...strip, alpha: tidyAlpha(strip.alpha + by) });

/** Keys that turn what is selected. */
const turning: Readonly<Record<string, (strip: Strip) => Strip>> = {
  ArrowUp: turn(0.1),
  ArrowDown: turn(-0.1),
  PageUp: turn(0.5),
  PageDown: turn(-0.5),
  Backspace: () => atRest,
  Delete: () => atRest,
  m: toggle("muted"),
  s: toggle("solo"),
  r: toggle("reversed"),
};

/** Keys of the grid: arrows turn and walk, Alt with an arrow changes the layer, a digit starts a number. */
export function gridKeys(event: KeyboardEvent, grid: SVGElement): void {
  const key = (event.target as SVGElement).dataset.fader;
  if (key === undefined) return;
  if ((event.ctrlKey || event.metaKey) && event.key === "a") {
    event.preventDefault();
    selectAll();
    return;
  }
  if (event.ctrlKey || event.metaKey) return;
  const { site, layer, position } = placeOf(key);
  const last = { layer: (model.value?.n_layers ?? 1) - 1, position: tokens.value.length - 1 };
  const steps: Record<string, [layer: number, position: number]> = {
    ArrowLeft: [layer, position - 1],
    ArrowRight: [layer, position + 1],
    Home: [layer, 0],
    End: [layer, last.position],
    ...(event.altKey && { ArrowUp: [layer - 1, position], ArrowDown: [layer + 1, position] }),
  };
  const to = steps[event.key];
  if (to !== undefined) {
    event.preventDefault();
    const at = { layer: clamp(to[0], last.layer), position: clamp(to[1], last.position) };
    const next = keyOf({ site, ...at });
    select(next, event.shiftKey);
    grid.querySelector<SVGElement>(`[data-fader="${next}"]`)?.focus();
    return;
  }
  if (learning.value !== undefined) return;
  const change = turning[event.key.length === 1 ? event.key.toLowerCase() : event.key];
  if (change !== undefined) {
    event.preventDefault();
    if (!selection.value.has(key)) select(key);
    changeStrips(change, event.key.startsWith("Arrow") ? `keys ${key}` : undefined);
    return;
  }
  if (/^[\d.+-]$/.test(event.key)) {
    event.preventDefault();
    if (!selection.value.has(key)) select(key);
    beginNumber(event.key);
  }
}

function clamp(value: number, most: number): number {
  return Math.max(0, Math.min(most, value));
}
