import { ArgumentError } from "../../autograd";
import { type Place, placeName, type Site } from "../../nn";
import { sizeOf } from "../../tensor/internal";
import type { FlatParameters } from "./parameters";

/**
 * Where learning may take place: layers and positions by site, or what `activeLocations()` found. What belongs to no
 * position (`positions: "all"`, `dynamic`) is named by its layer alone.
 */
export type Places =
  | Readonly<Partial<Record<Site, readonly (readonly [layer: number, position?: number])[]>>>
  | readonly Place[];

/** Lists places. Throws `ArgumentError` for none. */
export function listPlaces(places: Places): Place[] {
  const list = Array.isArray(places)
    ? places.map(({ site, layer, position }) => ({ site, layer, position }))
    : (Object.entries(places) as [Site, [number, number?][]][]).flatMap(([site, all]) =>
        all.map(([layer, position]) => ({ site, layer, position })),
      );
  if (list.length > 0) return list;
  throw new ArgumentError("learn", "no places given", { hint: "Leave places out to learn everywhere." });
}

/** For each parameter by its flat key, 1 where it may move and 0 where it stays 0. */
export type Mask = Readonly<Record<string, Uint8Array>>;

/**
 * Allows whole places, of all parameters in `theta`, whose first axes are the layers and, with `hasPositions`, the
 * positions.
 *
 * @throws ArgumentError for places that are not among them.
 */
export function maskOf(where: string, places: readonly Place[], theta: FlatParameters, hasPositions: boolean): Mask {
  const [layers, length] = Object.values(theta)[0]!.shape as [number, number];
  const columns = hasPositions ? length : 1;
  const sites = new Set(Object.keys(theta).map((key) => key.split("/")[0]!));
  const isIndex = (value: number | undefined, size: number) =>
    value !== undefined && Number.isInteger(value) && value >= 0 && value < size;
  const allowed = new Map([...sites].map((site) => [site, new Uint8Array(layers * columns)]));
  for (const { site, layer, position } of places) {
    const fail = (problem: string, hint: string) => {
      const name = `${placeName(site, layer)}${position === undefined ? "" : ` at ${position}`}`;
      throw new ArgumentError(where, `there is no place ${name}: ${problem}`, { hint });
    };
    if (!sites.has(site)) fail(`"${site}" is not learned`, `Sites: ${[...sites].join(", ")}.`);
    if (!isIndex(layer, layers)) fail(`the model has ${layers} layers`, `Layers: 0 to ${layers - 1}.`);
    if (hasPositions && !isIndex(position, length)) {
      fail(`the prompts have ${length} positions`, `Positions: 0 to ${length - 1}.`);
    }
    if (!hasPositions && position !== undefined) fail("these parameters have no positions", "Name the layer alone.");
    allowed.get(site)![layer * columns + (position ?? 0)] = 1;
  }
  const masks = Object.entries(theta).map(([key, { shape }]) => {
    const at = allowed.get(key.split("/")[0]!)!;
    const [total, count] = [sizeOf(shape), at.length];
    return [key, Uint8Array.from({ length: total }, (_, i) => at[Math.floor((i * count) / total)]!)] as const;
  });
  return Object.fromEntries(masks);
}

/** Allows only what is not 0. */
export function nonzero(theta: FlatParameters): Mask {
  return Object.fromEntries(
    Object.entries(theta).map(([key, x]) => [
      key,
      Uint8Array.from(x.storage.data() as Float32Array, (v) => Number(v !== 0)),
    ]),
  );
}

/** Puts 0 wherever the mask does not allow anything. */
export function restrict(theta: FlatParameters, mask: Mask | undefined): void {
  if (mask === undefined) return;
  for (const [key, x] of Object.entries(theta)) {
    const [data, allowed] = [x.storage.data() as Float32Array, mask[key]!];
    for (let i = 0; i < data.length; i++) if (allowed[i] === 0) data[i] = 0;
  }
}
