import type { Kind, PlaceStrength, Site } from "fader";
import type { Answers, Edit } from "../protocol";
import { type Strips, sounding } from "./strip";

/** An intervention that faders cannot show (vectors, dynamic scalars), which the worker keeps. */
export interface Carried {
  readonly handle: string;
  readonly method: Kind;
  /** In words: what it was learned on. */
  readonly description: string;
  /** Strength at each place, for pictures. */
  readonly places: readonly PlaceStrength[];
}

/** All that a user has set: what undo goes back over and what a link carries. */
export interface Desk {
  readonly prompt: string;
  readonly answers?: Answers | undefined;
  readonly strips: Strips;
  readonly beta: number;
  /** Only so many of the largest faders sound; all of them where it is undefined. */
  readonly keep?: number | undefined;
  readonly carried?: Carried | undefined;
}

export const emptyDesk: Desk = { prompt: "", strips: {}, beta: 1 };

/** The edit that a desk asks of the worker. */
export function editOf({ strips, beta, keep, carried }: Desk): Edit {
  return { faders: sounding(strips, keep), beta, ...(carried && { carried: carried.handle }) };
}

/** True where anything is turned. */
export function isTouched({ strips, carried }: Desk): boolean {
  return carried !== undefined || Object.keys(strips).length > 0;
}

/** Counts the turned faders of each site. */
export function turnedBySite({ strips, keep }: Desk): Map<Site, number> {
  const counts = new Map<Site, number>();
  for (const { site } of sounding(strips, keep)) counts.set(site, (counts.get(site) ?? 0) + 1);
  return counts;
}
