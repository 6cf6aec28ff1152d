import type { Heat } from "./heat";

export interface TableCell {
  readonly heat?: Heat | undefined;
  readonly text?: string;
  /** Everything there is to say about it, in words. */
  readonly label: string;
  /** Set off from the others. */
  readonly isMarked?: boolean;
  readonly isQuiet?: boolean;
}

export interface TableRow {
  readonly key: string;
  readonly name: string;
  /** Heads this row and those after it. */
  readonly group?: { readonly name: string; readonly words: string } | undefined;
  readonly cells: readonly TableCell[];
}

/** Places by tokens: what the map and the lens show, on the page and in a picture. */
export interface Table {
  readonly label: string;
  /** What stands above the names of the rows. */
  readonly corner: string;
  readonly tokens: readonly string[];
  readonly rows: readonly TableRow[];
}
