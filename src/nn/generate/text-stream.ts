import type { Tokenizer } from "../tokenizer/tokenizer";

/** How a text goes on when a character of several tokens is not complete. */
const incomplete = "\uFFFD";

/**
 * Turns tokens that follow a prompt into pieces of text as they come. The pieces add up to the text of all tokens, up
 * to the first of the stop texts. What may still change is held back: a character whose bytes are not all there, and
 * what may be the beginning of a stop text.
 */
export class TextStream {
  /** Tokens whose text is out: what stands before a token decides how it reads, so the last ones are kept. */
  private past: number[] = [];
  /** Tokens whose text may still change. */
  private open: number[] = [];
  /** Text that is sure but may be the beginning of a stop text. */
  private held = "";

  constructor(
    private readonly tokenizer: Tokenizer,
    private readonly stop: readonly string[] = [],
  ) {}

  /** The text that is sure now. `isStopped`: a stop text came; the piece ends before it, and nothing may follow. */
  push(id: number): { text: string; isStopped: boolean } {
    this.open.push(id);
    const piece = this.openText();
    const text = this.held + piece;
    const end = Math.min(...this.stop.map((stop) => text.indexOf(stop)).filter((at) => at >= 0));
    if (end < Number.POSITIVE_INFINITY) return { text: text.slice(0, end), isStopped: true };
    if (piece === "" || piece.endsWith(incomplete)) return { text: "", isStopped: false };
    this.past = this.open;
    this.open = [];
    const sure = text.length - this.beginningOfStop(text);
    this.held = text.slice(sure);
    return { text: text.slice(0, sure), isStopped: false };
  }

  /** What was held back, now that no token follows. */
  end(): string {
    return this.held + this.openText();
  }

  /** The text of the open tokens as it reads after those before them. */
  private openText(): string {
    const decode = (ids: number[]) => this.tokenizer.decode(ids, { continuation: true });
    const before = decode(this.past);
    return decode([...this.past, ...this.open]).slice(before.length);
  }

  /** How many characters at the end of a text are the longest beginning of a stop text. */
  private beginningOfStop(text: string): number {
    const longest = Math.max(0, ...this.stop.map((stop) => stop.length - 1));
    for (let length = Math.min(longest, text.length); length > 0; length--) {
      const tail = text.slice(-length);
      if (this.stop.some((stop) => stop.startsWith(tail))) return length;
    }
    return 0;
  }
}
