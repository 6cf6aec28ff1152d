import {
  CheckpointError,
  hookName,
  type Interventions,
  type Model,
  parsePlace,
  placeName,
  type Site,
  SiteError,
  type StoredTensor,
  sites,
} from "../../nn";
import { nearest } from "../../tensor/internal";
import { quote } from "./bytes";
import { type Part, parts } from "./names";
import { type Arrays, readEdit } from "./read-edit";

/** What an array of a file belongs to. */
export interface Name {
  readonly site: Site;
  readonly layer: number;
  /** 1 for the first edit of a place, and so on. */
  readonly number: number;
  readonly part: Part;
}

/**
 * Reads the name of an array; see `parts`.
 *
 * @throws SiteError for a place that the model does not have, CheckpointError for anything else, with the nearest name.
 */
export function parseName(name: string, { config }: Model, source: string): Name {
  const part = parts.find((known) => known !== "" && name.endsWith(known)) ?? "";
  const body = name.slice(0, name.length - part.length);
  const stray = strayPart.exec(body)?.[1];
  if (stray !== undefined) {
    throw new CheckpointError(source, `${quote(name)}: there is no ${quote(stray)}`, {
      hint: `Nearest: "${nearest(stray, parts.slice(1))}". A vector to add has the bare name of its place.`,
    });
  }
  const [, place = "", number = "1"] = /^(.*?)(?:#([1-9]\d{0,4}))?$/s.exec(body) ?? [];
  if (place.length > maxName) throw new CheckpointError(source, `${quote(name)} is the name of no place`);
  const { site, layer } = parsePlace(place, config, source);
  if (layer === undefined) {
    throw new SiteError(source, `${quote(name)} names no block`, { hint: `Nearest: "${hookName(site, 0)}${part}".` });
  }
  return { site, layer, number: Number(number), part };
}

/** No place has a longer name; finding the nearest one takes time that grows with the length. */
const maxName = 100;

/** What follows a place where only a part may. */
const strayPart = new RegExp(`\\.(?:hook_)?(?:${sites.join("|")})(?:#\\d+)?(\\..{1,40})$`, "s");

/**
 * The intervention map that named arrays stand for, of the model's dtype.
 *
 * @throws SiteError or CheckpointError naming `source` and the array that does not fit the model or the scheme.
 */
export function editsFromNames(
  tensors: ReadonlyMap<string, StoredTensor>,
  model: Model,
  source: string,
): Interventions {
  const places = new Map<string, { site: Site; edits: Map<number, Arrays> }>();
  for (const [name, stored] of tensors) {
    const { site, layer, number, part } = parseName(name, model, source);
    const key = placeName(site, layer);
    const place = places.get(key) ?? { site, edits: new Map<number, Arrays>() };
    places.set(key, place);
    const arrays = place.edits.get(number) ?? (new Map() as Arrays);
    place.edits.set(number, arrays);
    const other = arrays.get(part);
    if (other !== undefined) {
      throw new CheckpointError(source, `${quote(other.name)} and ${quote(name)} are the same array`);
    }
    arrays.set(part, { ...stored, name });
  }
  if (places.size === 0) throw new CheckpointError(source, "it holds no arrays");
  const entries = [...places].map(([key, { site, edits }]) => {
    const list = Array.from({ length: edits.size }, (_, i) => {
      const arrays = edits.get(i + 1);
      if (arrays !== undefined) return readEdit(key, site, arrays, model, source);
      throw new CheckpointError(source, `"${key}": its ${edits.size} edits are not numbered from 1 on`);
    });
    return [key, list.length === 1 ? list[0]! : list] as const;
  });
  return Object.fromEntries(entries);
}
