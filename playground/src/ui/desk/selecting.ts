import { keyOf, placeOf } from "../../desk/strip";
import { endMovement, model, selection, site, tokens } from "../../state/store";

/** Selects one fader; with `extend` all between it and the first selected. */
export function select(key: string, extend = false): void {
  endMovement();
  const [anchor] = selection.value;
  if (!extend || anchor === undefined || placeOf(anchor).site !== placeOf(key).site) {
    if (selection.value.size === 1 && anchor === key) return;
    selection.value = new Set([key]);
    return;
  }
  const [a, b] = [placeOf(anchor), placeOf(key)];
  const [top, bottom] = [Math.min(a.layer, b.layer), Math.max(a.layer, b.layer)];
  const [left, right] = [Math.min(a.position, b.position), Math.max(a.position, b.position)];
  const keys = [anchor];
  for (let layer = top; layer <= bottom; layer++) {
    for (let position = left; position <= right; position++) keys.push(keyOf({ site: a.site, layer, position }));
  }
  selection.value = new Set(keys);
}

export function selectRow(layer: number, extend: boolean): void {
  add(
    tokens.value.map((_, position) => keyOf({ site: site.value, layer, position })),
    extend,
  );
}

export function selectColumn(position: number, extend: boolean): void {
  const layers = Array.from({ length: model.value?.n_layers ?? 0 }, (_, layer) => layer);
  add(
    layers.map((layer) => keyOf({ site: site.value, layer, position })),
    extend,
  );
}

export function selectAll(): void {
  const layers = Array.from({ length: model.value?.n_layers ?? 0 }, (_, layer) => layer);
  add(
    layers.flatMap((layer) => tokens.value.map((_, position) => keyOf({ site: site.value, layer, position }))),
    false,
  );
}

function add(keys: string[], extend: boolean): void {
  endMovement();
  selection.value = new Set(extend ? [...selection.value, ...keys] : keys);
}
