import type { ComponentChildren } from "preact";
import { type Axis, pathOf, percentAlong } from "../../view/scales";

// A few lines of SVG of our own: @observablehq/plot would be 88 kB gzipped, a third of what the page may weigh.

export interface Line {
  readonly name: string;
  readonly class: string;
  readonly xs: readonly number[];
  readonly ys: readonly number[];
}

interface Props {
  /** The picture in words. */
  text: string;
  x: Axis;
  y: Axis;
  xLabel: string;
  yLabel: string;
  xWords?: (value: number) => string;
  yWords?: (value: number) => string;
  lines: readonly Line[];
  /** Elements above the lines, placed by `left` and `bottom` in percent. */
  children?: ComponentChildren;
}

/** Lines over labelled axes. The lines stretch with the box; words and dots lie above them and keep their shape. */
export function Chart({ text, x, y, xLabel, yLabel, xWords = String, yWords = String, lines, children }: Props) {
  return (
    <figure class="chart" role="img" aria-label={text}>
      <span class="y-label">{yLabel}</span>
      <div class="plot">
        <svg viewBox="0 0 100 100" preserveAspectRatio="none" aria-hidden="true">
          {y.ticks.map((tick) => (
            <path key={tick} class={tick === y.min ? "base" : "grid"} d={`M0 ${100 - percentAlong(y, tick)}H100`} />
          ))}
          {lines.map((line) => (
            <path key={line.name} class={`curve ${line.class}`} d={pathOf(line.xs, line.ys, x, y)} />
          ))}
        </svg>
        {children}
        {y.ticks.map((tick) => (
          <span key={tick} class="y-tick" style={{ bottom: `${percentAlong(y, tick)}%` }}>
            {yWords(tick)}
          </span>
        ))}
        {x.ticks.map((tick) => (
          <span key={tick} class="x-tick" style={{ left: `${percentAlong(x, tick)}%` }}>
            {xWords(tick)}
          </span>
        ))}
      </div>
      <span class="x-label">{xLabel}</span>
    </figure>
  );
}

/** Names of the lines with a value each, in the order of the lines. */
export function Legend({
  items,
}: {
  items: readonly { name: string; class: string; value: string; title?: string }[];
}) {
  return (
    <dl class="key">
      {items.map((item) => (
        <div key={item.name} class={item.class} title={item.title}>
          <dt>
            <svg viewBox="0 0 18 4" width="18" height="4" aria-hidden="true">
              <path class={`curve ${item.class}`} d="M1 2H17" />
            </svg>
            {item.name}
          </dt>
          <dd>{item.value}</dd>
        </div>
      ))}
    </dl>
  );
}
