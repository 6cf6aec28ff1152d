import type { Site } from "fader";

/** The activations of each site, in plain words. */
export const siteWords: Readonly<Partial<Record<Site, string>>> = {
  resid_pre: "the stream that enters each layer",
  attn_out: "what attention adds to the stream",
  resid_mid: "the stream between attention and MLP",
  mlp_out: "what the MLP adds to the stream",
  resid_post: "the stream that leaves each layer",
};

/** A token as text for little room: no space before it, and never empty or invisible. */
export function shown(token: string): string {
  const text = token
    .trim()
    .replaceAll("\n", "⏎")
    .replaceAll("\t", "⇥")
    .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu, "�");
  if (text !== "") return text;
  return token === "" ? "∅" : token.includes("\n") ? "⏎" : "␣";
}

/** `shown`, cut where it is longer than `most` characters. */
export function short(token: string, most: number): string {
  const letters = [...shown(token)];
  return letters.length > most ? `${letters.slice(0, most - 1).join("")}…` : letters.join("");
}

export const quoted = (token: string) => `“${shown(token)}”`;

/** `43%`, and never 0 or 100 for what is not. */
export function percent(p: number): string {
  const rounded = Math.round(100 * p);
  if (rounded === 0 && p > 0) return "<1%";
  if (rounded === 100 && p < 1) return ">99%";
  return `${rounded}%`;
}

/** Percentage points: `+12`, `−3`, `0`. */
export function points(change: number): string {
  const rounded = Math.round(100 * change);
  return rounded === 0 ? "0" : `${rounded < 0 ? "−" : "+"}${Math.abs(rounded)}`;
}
