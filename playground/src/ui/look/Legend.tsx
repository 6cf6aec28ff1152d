import type { Scale } from "./heat";

/** What the colours mean. */
export function Legend({ from, to, above, below }: Scale) {
  return (
    <span class="scale">
      {from}
      <i class={below ? `both ${above} under-${below}` : above} aria-hidden="true" />
      {to}
    </span>
  );
}
