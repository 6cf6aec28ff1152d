import { ArgumentError } from "../../autograd";
import type { Model, Place, Site } from "../../nn";
import { type Kind, locationAxes, type Positions } from "./learned";
import type { Flat, Mask } from "./parameters";

/**
 * Where learning may take place: layers and positions by site, or what `activeLocations()` found. What belongs to no
 * position (`positions: "all"`, `dynamic`) is named by its layer alone.
 */
export type Places =
  | Readonly<Partial<Record<Site, readonly (readonly [layer: number, position?: number])[]>>>
  | readonly Place[];

function listOf(places: Places): Place[] {
  if (Array.isArray(places)) return places.map(({ site, layer, position }) => ({ site, layer, position }));
  return (Object.entries(places) as [Site, [number, number?][]][]).flatMap(([site, list]) =>
    list.map(([layer, position]) => ({ site, layer, position })),
  );
}

/** The sites of places, each once. */
export function sitesOf(places: Places): Site[] {
  return [...new Set(listOf(places).map(({ site }) => site))];
}

/** Allows whole places, of all parameters in `theta`. Throws `ArgumentError` for places that are not among them. */
export function maskOf(
  places: Places,
  theta: Flat,
  { kind, model, positions, length }: { kind: Kind; model: Model; positions: Positions; length: number },
): Mask {
  const list = listOf(places);
  if (list.length === 0) {
    throw new ArgumentError("learn", "no places given", { hint: "Leave places out to learn everywhere." });
  }
  const hasPositions = locationAxes(kind, positions) === 2;
  const sites = new Set(Object.keys(theta).map((key) => key.split("/")[0]!));
  const columns = hasPositions ? length : 1;
  const { n_layers } = model.config;
  const isIndex = (value: number | undefined, size: number) =>
    value !== undefined && Number.isInteger(value) && value >= 0 && value < size;
  const allowed = new Map([...sites].map((site) => [site, new Uint8Array(n_layers * columns)]));
  for (const { site, layer, position } of list) {
    const fail = (problem: string, hint: string) => {
      throw new ArgumentError("learn", `there is no place ${nameOf({ site, layer, position })}: ${problem}`, { hint });
    };
    if (!sites.has(site)) fail(`"${site}" is not learned`, `Sites: ${[...sites].join(", ")}.`);
    if (!isIndex(layer, n_layers)) fail(`the model has ${n_layers} layers`, `Layers: 0 to ${n_layers - 1}.`);
    if (hasPositions && !isIndex(position, length)) {
      fail(`the prompts have ${length} positions`, `Positions: 0 to ${length - 1}.`);
    }
    if (!hasPositions && position !== undefined) fail("these parameters have no positions", "Name the layer alone.");
    allowed.get(site)![layer * columns + (position ?? 0)] = 1;
  }
  const masks = Object.entries(theta).map(([key, x]) => {
    const at = allowed.get(key.split("/")[0]!)!;
    const total = x.shape.reduce((a, b) => a * b, 1);
    return [key, Uint8Array.from({ length: total }, (_, i) => at[Math.floor((i * at.length) / total)]!)] as const;
  });
  return Object.fromEntries(masks);
}

/** `blocks.3.mlp_out`, with the position where there is one: `blocks.3.mlp_out at 7`. */
export function nameOf({ site, layer, position }: Place): string {
  return `blocks.${layer}.${site}${position === undefined ? "" : ` at ${position}`}`;
}
