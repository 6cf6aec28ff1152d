import type { Scale } from "../../view/heat";

/** What the colours mean. */
export function Legend({ from, to, above, below, isPale }: Scale) {
  return (
    <span class="scale">
      {from}
      <i
        class={[above, below && `both under-${below}`, isPale && "worded"].filter(Boolean).join(" ")}
        aria-hidden="true"
      />
      {to}
    </span>
  );
}
