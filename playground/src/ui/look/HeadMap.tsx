import { useMemo } from "preact/hooks";
import { mostRead, shadesOf } from "../../view/attention";
import { quoted, short } from "../../view/words";

/** Pixels of a cell, and of a letter of a label. */
const cell = 14;
const letter = 6;
const longest = 9;

interface Props {
  name: string;
  pattern: readonly (readonly number[])[];
  tokens: readonly string[];
  /** The row that is chosen. */
  query: number;
  onQuery(query: number): void;
}

/** One head, large: queries down, keys across. A pointer on a row chooses its query; for keys there is the text. */
export function HeadMap({ name, pattern, tokens, query, onQuery }: Props) {
  const shades = useMemo(() => shadesOf(pattern), [pattern]);
  const labels = tokens.map((token) => short(token, longest));
  const room = Math.max(...labels.map((label) => [...label].length)) * letter + 8;
  const side = tokens.length * cell;
  const choose = (event: PointerEvent) => {
    const { top, height } = (event.currentTarget as Element).getBoundingClientRect();
    const y = ((event.clientY - top) * (room + side)) / height - room;
    const row = Math.floor(y / cell);
    if (row >= 0 && row < tokens.length) onQuery(row);
  };
  return (
    <figure>
      <figcaption>{name}</figcaption>
      <div class="scroller">
        <svg
          class="head-map"
          width={room + side}
          height={room + side}
          viewBox={`0 0 ${room + side} ${room + side}`}
          role="img"
          aria-label={`${name}: ${quoted(tokens[query]!)} reads ${mostRead(pattern[query]!, tokens)}`}
          onPointerMove={choose}
          onPointerDown={choose}
        >
          {labels.map((label, at) => {
            const middle = room + at * cell + cell / 2;
            const strength = pattern[query]![at]!;
            return (
              <g key={at} class={at === query ? "chosen" : ""}>
                <text x={room - 5} y={middle} dy="0.32em" text-anchor="end">
                  {label}
                </text>
                <text
                  class={strength >= 0.1 ? "read" : "key"}
                  transform={`translate(${middle} ${room - 5}) rotate(-90)`}
                  dy="0.32em"
                >
                  {label}
                </text>
              </g>
            );
          })}
          <rect class="frame" x={room} y={room} width={side} height={side} />
          <g transform={`translate(${room} ${room}) scale(${cell})`}>
            {shades.map(({ path, opacity }) => (
              <path key={opacity} d={path} fill="currentColor" fill-opacity={opacity} />
            ))}
          </g>
          <rect class="query" x={room} y={room + query * cell} width={side} height={cell} />
        </svg>
      </div>
    </figure>
  );
}
