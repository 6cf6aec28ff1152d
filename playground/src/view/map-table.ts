import type { PlaceStrength, Site } from "fader";
import { fadersAt, keyOf, signed } from "../desk/strip";
import type { FaderValue } from "../protocol";
import { heatOf, type Scale } from "./heat";
import type { Table, TableCell } from "./table";
import { quoted } from "./words";

export interface MapContent {
  readonly sites: readonly { readonly site: Site; readonly words: string }[];
  readonly layers: number;
  readonly tokens: readonly string[];
  /** α of the faders that are turned. */
  readonly faders: readonly FaderValue[];
  /** A carried intervention: its kind, and its strength by place. */
  readonly carried?: { readonly method: string; readonly places: readonly PlaceStrength[] } | undefined;
}

/** The scales of `mapTable`: of faders, and of the carried intervention. */
export function mapScales({ faders, carried }: MapContent): Scale[] {
  const [most, mostStrength] = [mostOf(faders), mostCarried(carried?.places ?? [])];
  const turned: Scale = {
    from: `turned down ${signed(-most)}`,
    to: `${signed(most)} turned up`,
    above: "up",
    below: "down",
  };
  const loaded: Scale = { from: `${carried?.method} 0`, to: mostStrength.toFixed(2), above: "accent" };
  return [...(faders.length > 0 ? [turned] : []), ...(carried ? [loaded] : [])];
}

/** The value of the deepest colour: that of a silenced place, or more where more is turned. */
function mostOf(faders: readonly FaderValue[]): number {
  return Math.max(1, ...faders.map(({ alpha }) => Math.abs(alpha)));
}

/** The strength of the deepest colour of what is carried. */
function mostCarried(places: readonly PlaceStrength[]): number {
  return Math.max(Number.MIN_VALUE, ...places.map(({ value }) => Math.abs(value)));
}

/** Every site of every layer over all tokens. Sites that only the carried intervention turns come last. */
export function mapTable({ sites, layers, tokens, faders, carried }: MapContent): Table {
  const [alphas, strengths] = [faders, fadersAt(carried?.places ?? [])].map(
    (values) => new Map(values.map((value) => [keyOf(value), value.alpha])),
  ) as [Map<string, number>, Map<string, number>];
  const [most, mostStrength] = [mostOf(faders), mostCarried(carried?.places ?? [])];
  const known = new Set(sites.map(({ site }) => site));
  const others = [...new Set((carried?.places ?? []).map(({ site }) => site))].filter((site) => !known.has(site));
  const groups = [...sites, ...others.map((site) => ({ site, words: "turned by what is loaded" }))];
  const cellAt = (site: Site, layer: number, position: number): TableCell => {
    const key = keyOf({ site, layer, position });
    const [alpha, strength] = [alphas.get(key) ?? 0, strengths.get(key) ?? 0];
    const words = [alpha !== 0 && `α ${signed(alpha)}`, strength !== 0 && `${carried?.method} ${strength.toFixed(2)}`];
    const said = words.filter(Boolean).join(", ") || "as it is";
    return {
      heat: heatOf(alpha, most, "up", "down") ?? heatOf(strength, mostStrength, "accent"),
      label: `${site}, layer ${layer}, token ${position} ${quoted(tokens[position]!)}: ${said}`,
      // Where both are, the fader has the colour and the other one a mark.
      isMarked: alpha !== 0 && strength !== 0,
    };
  };
  return {
    label: "Faders of all sites",
    corner: "layer",
    tokens,
    rows: groups.flatMap(({ site, words }) =>
      Array.from({ length: layers }, (_, layer) => ({
        key: `${site}/${layer}`,
        name: `${layer}`,
        group: layer === 0 ? { name: site, words } : undefined,
        cells: tokens.map((_, position) => cellAt(site, layer, position)),
      })),
    ),
  };
}
