import type { Place, PlaceStrength, Site } from "fader";
import type { FaderValue } from "../protocol";

/** A fader as it stands on the desk. */
export interface Strip {
  /** The activation is multiplied by 1 + alpha: 0 leaves it as it is. */
  readonly alpha: number;
  /** Silent: as if alpha were −1. */
  readonly muted?: boolean;
  /** While any fader is solo, those that are not rest at 0. */
  readonly solo?: boolean;
  /** The sign of the strength is turned round. */
  readonly reversed?: boolean;
}

export type Strips = Readonly<Record<string, Strip>>;

/** The largest |α| that dragging reaches, and that a number may have. */
export const travel = 3;
export const mostAlpha = 20;

export const atRest: Strip = { alpha: 0 };

export function keyOf({ site, layer, position }: Required<Place>): string {
  return `${site}/${layer}/${position}`;
}

export function placeOf(key: string): Required<Place> {
  const [site, layer, position] = key.split("/") as [Site, string, string];
  return { site, layer: Number(layer), position: Number(position) };
}

/** True for a fader as every fader begins, which need not be stored. */
function isAtRest({ alpha, muted, solo, reversed }: Strip): boolean {
  return alpha === 0 && !muted && !solo && !reversed;
}

/** α with mute and polarity; solo is a matter of the whole desk. */
export function soundingAlpha({ alpha, muted, reversed }: Strip): number {
  if (muted) return -1;
  // Strength is 1 + α, and its sign is what is reversed.
  return reversed ? -2 - alpha : alpha;
}

/** The faders that act on the model, the largest first; with `keep` only so many of them. */
export function sounding(strips: Strips, keep?: number): FaderValue[] {
  const entries = Object.entries(strips);
  const isSolo = entries.some(([, { solo }]) => solo);
  const heard = isSolo ? entries.filter(([, { solo }]) => solo) : entries;
  const values = heard
    .map(([key, strip]) => ({ ...placeOf(key), alpha: soundingAlpha(strip) }))
    .filter(({ alpha }) => alpha !== 0)
    .sort((a, b) => Math.abs(b.alpha) - Math.abs(a.alpha) || keyOf(a).localeCompare(keyOf(b)));
  return keep === undefined ? values : values.slice(0, keep);
}

/** Strengths at positions as faders; what is the same at all positions has none. */
export function fadersAt(places: readonly PlaceStrength[]): FaderValue[] {
  return places.flatMap(({ site, layer, position, value }) =>
    position === undefined ? [] : [{ site, layer, position, alpha: value }],
  );
}

/** The strips that show these values. */
export function stripsOf(values: readonly FaderValue[]): Strips {
  return Object.fromEntries(
    values.filter(({ alpha }) => alpha !== 0).map((value) => [keyOf(value), { alpha: value.alpha }]),
  );
}

/** A copy with some strips changed; those that come to rest are left out. */
export function withStrips(
  strips: Strips,
  keys: Iterable<string>,
  change: (strip: Strip, key: string) => Strip,
): Strips {
  const next: Record<string, Strip> = { ...strips };
  for (const key of keys) {
    const strip = change(next[key] ?? atRest, key);
    if (isAtRest(strip)) delete next[key];
    else next[key] = strip;
  }
  return next;
}

/** Three decimals, and not beyond what the model can bear. */
export function tidyAlpha(alpha: number): number {
  const rounded = Math.round(alpha * 1000) / 1000;
  return Math.min(mostAlpha, Math.max(-mostAlpha, rounded)) || 0;
}

/** `+0.50`, `−1.00`, `0.00` */
export function signed(value: number, digits = 2): string {
  const text = Math.abs(value).toFixed(digits);
  if (Number(text) === 0) return text;
  return `${value < 0 ? "−" : "+"}${text}`;
}
