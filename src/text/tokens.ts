import { clip } from "./table";

/** Returns a token as text to show: its spaces trimmed, line breaks and characters that steer a terminal visible. */
export function showToken(token: string): string {
  const text = token.trim() === "" ? token : token.trim();
  return text.replace(/\n/g, "↵").replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, "·");
}

/** Returns a token as `showToken` does, in at most `width` columns of a terminal. */
export function clipToken(token: string, width: number): string {
  return clip(showToken(token), width);
}
