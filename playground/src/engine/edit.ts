import { type Intervention, type Interventions, type Site, scale, tensor } from "fader";
import type { Edit, FaderValue } from "../protocol";
import { refusal } from "./engine-error";
import type { Session } from "./session";

/** An edit as the library takes it, for a prompt of some length. */
export interface Turned {
  interventions: Interventions;
  beta: number;
  /** Faders beyond the end of the prompt. */
  beyond: number;
}

/**
 * The intervention map of an edit. What is carried comes first, and faders multiply what it leaves. Throws `SiteError` or
 * a refusal for faders at places that are not there, and where what is carried does not fit on the prompt.
 */
export function turnedBy(edit: Edit, session: Session, length: number): Turned {
  const { maps, beyond } = alphasOf(edit.faders, session, length);
  const shape = [session.model.config.n_layers, length];
  const lists = new Map<string, Intervention[]>();
  if (edit.carried !== undefined) {
    const carried = session.find(edit.carried);
    session.checkFits(carried, length);
    for (const [key, value] of Object.entries(carried.map)) lists.set(key, [value].flat() as Intervention[]);
  }
  for (const [site, alpha] of maps) {
    lists.set(site, [...(lists.get(site) ?? []), scale(tensor(alpha, { shape }))]);
  }
  return { interventions: Object.fromEntries(lists), beta: edit.beta, beyond };
}

/** α by site, `[n_layers, length]` row by row, of those sites where any is not 0. */
export function alphasOf(
  faders: readonly FaderValue[],
  { info }: Session,
  length: number,
): { maps: Map<Site, Float32Array>; beyond: number } {
  const maps = new Map<Site, Float32Array>();
  const seen = new Set<string>();
  let beyond = 0;
  for (const { site, layer, position, alpha } of faders) {
    const name = `blocks.${layer}.${site} at ${position}`;
    const isThere = info.sites.includes(site) && isIndex(layer, info.n_layers) && isIndex(position, Number.MAX_VALUE);
    if (!isThere) {
      const range = info.n_layers === 1 ? "block 0" : `blocks 0 to ${info.n_layers - 1}`;
      throw refusal(`There is no fader ${name}.`, `"${info.name}" has ${range} with ${info.sites.join(", ")}.`);
    }
    if (!Number.isFinite(alpha)) throw refusal(`The fader ${name} is set to ${alpha}.`, "Set it to a finite number.");
    if (seen.has(name)) throw refusal(`The fader ${name} is given twice.`);
    seen.add(name);
    if (alpha === 0) continue;
    if (position >= length) {
      beyond++;
      continue;
    }
    if (!maps.has(site)) maps.set(site, new Float32Array(info.n_layers * length));
    maps.get(site)![layer * length + position] = alpha;
  }
  return { maps, beyond };
}

function isIndex(value: number, size: number): boolean {
  return Number.isInteger(value) && value >= 0 && value < size;
}
