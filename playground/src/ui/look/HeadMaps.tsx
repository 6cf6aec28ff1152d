import { useMemo } from "preact/hooks";
import { shadesOf } from "../../view/attention";
import { letterSize, letterWidth } from "../../view/table";
import { short } from "../../view/words";
import { useFrame } from "../use-frame";

/** Pixels of a cell, of a letter of a label, and of what lies above and between maps. */
const cell = 14;
const letter = 10 * letterWidth;
const longest = 9;
const captionHeight = 1.7 * letterSize;
const gap = 26;

type Pattern = readonly (readonly number[])[];

interface Props {
  label: string;
  /** The head as it is, and with the faders: `[queries][keys]`. */
  sides: readonly { readonly name: string; readonly pattern: Pattern }[];
  tokens: readonly string[];
  /** The row that is chosen. */
  query: number;
  onQuery(query: number): void;
}

/** Maps of one head, queries down and keys across, side by side where there is room. A pointer on a row chooses it. */
export function HeadMaps({ label, sides, tokens, query, onQuery }: Props) {
  const { frame, room } = useFrame();
  const labels = tokens.map((token) => short(token, longest));
  const margin = Math.max(...labels.map((text) => [...text].length)) * letter + 8;
  const size = tokens.length * cell;
  const [width, height] = [margin + size, captionHeight + margin + size];
  const areBeside = 2 * width + gap <= room;
  const corner = (index: number) => (areBeside ? [index * (width + gap), 0] : [0, index * (height + gap)]);
  const choose = (event: PointerEvent) => {
    const y = event.clientY - (event.currentTarget as Element).getBoundingClientRect().top;
    const row = Math.floor(((y % (height + gap)) - captionHeight - margin) / cell);
    if (row >= 0 && row < tokens.length) onQuery(row);
  };
  return (
    <div {...frame}>
      <svg
        class="drawing head-maps"
        role="img"
        aria-label={label}
        width={Math.ceil(areBeside ? 2 * width + gap : width)}
        height={Math.ceil(areBeside ? height : 2 * height + gap)}
        onPointerMove={choose}
        onPointerDown={choose}
      >
        {sides.map(({ name, pattern }, index) => (
          <g key={name} transform={`translate(${corner(index).join(" ")})`}>
            <text class="caption" x={0} y={12}>
              {name}
            </text>
            <g transform={`translate(${margin} ${captionHeight + margin})`}>
              {labels.map((text, at) => (
                <g key={at} class={at === query ? "chosen" : ""}>
                  <text x={-5} y={(at + 0.5) * cell} dy="0.32em" text-anchor="end">
                    {text}
                  </text>
                  <text
                    class={pattern[query]![at]! >= 0.1 ? "read" : "key"}
                    transform={`translate(${(at + 0.5) * cell} -5) rotate(-90)`}
                    dy="0.32em"
                  >
                    {text}
                  </text>
                </g>
              ))}
              <rect class="well" x={0} y={0} width={size} height={size} />
              <Shades pattern={pattern} scale={cell} />
              <rect class="query" x={0} y={query * cell} width={size} height={cell} />
            </g>
          </g>
        ))}
      </svg>
    </div>
  );
}

/** Attention of each query to each key as shades, in cells of `scale` pixels. */
export function Shades({ pattern, scale }: { pattern: Pattern; scale: number }) {
  const shades = useMemo(() => shadesOf(pattern), [pattern]);
  return (
    <g class="shades" transform={`scale(${scale})`}>
      {shades.map(({ path, opacity }) => (
        <path key={opacity} class="accent" d={path} fill-opacity={opacity} />
      ))}
    </g>
  );
}
