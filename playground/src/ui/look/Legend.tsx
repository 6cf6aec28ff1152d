import { heatOf, type Scale, textTint } from "../../view/heat";
import { widthOf } from "../../view/table";

const steps = 24;
const stepWidth = 4;
const height = 18;
const gap = 8;

/** The colours of a view, from one end to the other, between the words for its ends. */
export function Legend({ from, to, above, below, isPale }: Scale) {
  const before = Math.ceil(widthOf(from));
  const start = before + gap;
  const end = start + steps * stepWidth + gap;
  const width = Math.ceil(end + widthOf(to));
  return (
    <svg
      class="drawing legend"
      role="img"
      aria-label={`Colours from ${from} to ${to}`}
      width={width}
      height={height}
      viewBox={`0 0 ${width} ${height}`}
    >
      <text x={before} y={13} text-anchor="end">
        {from}
      </text>
      <rect class="well" x={start} y={4} width={steps * stepWidth} height={10} />
      {Array.from({ length: steps }, (_, i) => {
        const heat = heatOf(below ? (2 * i) / (steps - 1) - 1 : i / (steps - 1), 1, above, below);
        const share = (heat?.share ?? 0) * (isPale ? textTint : 1);
        const x = start + i * stepWidth;
        return <rect key={i} class={heat?.tone} x={x} y={4} width={stepWidth} height={10} fill-opacity={share} />;
      })}
      <text x={end} y={13}>
        {to}
      </text>
    </svg>
  );
}
