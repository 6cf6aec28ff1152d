import { useSignal } from "@preact/signals";
import { memo } from "preact/compat";
import { useLayoutEffect, useRef } from "preact/hooks";
import { textTint } from "../../view/heat";
import { layOut, mostCellLetters, mostHeadLetters, type Table, type TableCell, widthOf } from "../../view/table";
import { short } from "../../view/words";
import { useFrame } from "../use-frame";

interface Props {
  table: Table;
  /** Beneath the table while no cell is pointed at. */
  hint: string;
  /** Called when a cell is pressed. */
  onPick?: (row: number, column: number) => void;
}

type At = readonly [row: number, column: number];

/** A drawing of places × tokens. Arrows walk over its cells; the one that is looked at is told in a line beneath. */
export function Grid({ table, hint, onPick }: Props) {
  const { frame, room, isForTouch } = useFrame();
  const drawing = useRef<SVGSVGElement>(null);
  /** The cell that Tab reaches. */
  const focus = useSignal<At>([0, table.tokens.length - 1]);
  const looked = useSignal<At | undefined>(undefined);
  const last: At = [table.rows.length - 1, table.tokens.length - 1];
  const at: At = [Math.min(focus.value[0], last[0]), Math.min(focus.value[1], last[1])];
  const { width, height, left, top, columns, rows, rowHeight } = layOut(table, room, isForTouch);
  // The answer is read at the last token.
  useLayoutEffect(() => {
    frame.ref.current!.scrollLeft = frame.ref.current!.scrollWidth;
  }, [room === 0]);

  const look = (event: Event) => {
    looked.value = placeOf(event.target);
  };
  const leave = () => {
    looked.value = undefined;
  };
  const pick = () => {
    if (looked.value !== undefined) onPick?.(...looked.value);
  };
  const press = (event: KeyboardEvent) => {
    const next = step(event, at, last);
    if (next === undefined && event.key !== "Enter" && event.key !== " ") return;
    event.preventDefault();
    if (next === undefined) return pick();
    focus.value = next;
    drawing.current!.querySelector<SVGElement>(`[data-at="${next.join()}"]`)?.focus();
  };
  return (
    <>
      <div {...frame}>
        <svg
          ref={drawing}
          // biome-ignore lint/a11y/noNoninteractiveElementToInteractiveRole: arrows walk over its cells, as in a grid.
          role="grid"
          class={`drawing looked-at ${onPick ? "to-press" : ""}`}
          aria-label={table.label}
          width={width}
          height={height}
          onPointerOver={look}
          onPointerLeave={leave}
          onFocusIn={(event) => {
            look(event);
            focus.value = placeOf(event.target) ?? focus.value;
          }}
          onFocusOut={leave}
          onKeyDown={press}
          onClick={(event) => {
            look(event);
            pick();
          }}
        >
          <g role="row">
            <g role="columnheader" class="names">
              <text class="corner" x={0} y={top - 8}>
                {table.corner}
              </text>
            </g>
            <g class="cells">
              <rect class="extent" x={left} y={0} width={width - left} height={top} />
              {table.tokens.map((token, column) => (
                <g role="columnheader" key={column}>
                  <title>{`Token ${column}, ${JSON.stringify(token)}`}</title>
                  <Upright x={columns[column]!.x + columns[column]!.width / 2} y={top - 6} text={token} />
                </g>
              ))}
            </g>
          </g>
          {table.rows.map(({ key, name, group, cells }, row) => (
            <g key={key}>
              {group && (
                <g role="row" class="group">
                  <g role="rowheader" class="names">
                    <text x={0} y={rows[row]! - 8}>
                      {group.name}
                    </text>
                    <text class="words" x={widthOf(group.name) + 12} y={rows[row]! - 8}>
                      {group.words}
                    </text>
                  </g>
                </g>
              )}
              <g role="row" class={row === last[0] && cells[0]?.text !== undefined ? "last" : ""}>
                <g role="rowheader" class="names">
                  <text x={0} y={rows[row]! + rowHeight / 2} dy="0.35em">
                    {name}
                  </text>
                </g>
                <g class="cells">
                  <rect class="extent" x={left} y={rows[row]} width={width - left} height={rowHeight} />
                  {cells.map((cell, column) => (
                    <Cell
                      key={column}
                      at={`${row},${column}`}
                      isFocus={row === at[0] && column === at[1]}
                      {...columns[column]!}
                      y={rows[row]!}
                      height={rowHeight}
                      {...plain(cell)}
                    />
                  ))}
                </g>
              </g>
            </g>
          ))}
        </svg>
      </div>
      <Detail text={() => (looked.value && table.rows[looked.value[0]]?.cells[looked.value[1]]?.label) ?? hint} />
    </>
  );
}

/** A token that is read from below, ending at its place. */
export function Upright({ x, y, text }: { x: number; y: number; text: string }) {
  return (
    <text transform={`translate(${x} ${y}) rotate(-90)`} dy="0.35em">
      {short(text, mostHeadLetters)}
    </text>
  );
}

interface CellProps extends Omit<TableCell, "heat"> {
  at: string;
  isFocus: boolean;
  x: number;
  y: number;
  width: number;
  height: number;
  tone: string;
  share: number;
}

/** Its properties are all plain, so that only cells that change are drawn anew. */
const Cell = memo(function Cell(props: CellProps) {
  const { at, isFocus, x, y, width, height, tone, share, label, text, isMarked, isQuiet } = props;
  const box = { x: x + 1, y: y + 1, width: width - 2, height: height - 2, rx: 4 };
  return (
    <g
      role="gridcell"
      data-at={at}
      tabindex={isFocus ? 0 : -1}
      aria-label={label}
      class={["cell", isMarked && "marked", isQuiet && "still"].filter(Boolean).join(" ")}
    >
      <rect class="well" {...box} />
      {share > 0 && <rect class={tone} {...box} fill-opacity={share} />}
      {text !== undefined && (
        <text x={x + width / 2} y={y + height / 2} dy="0.35em" text-anchor="middle">
          {short(text, mostCellLetters)}
        </text>
      )}
      {isMarked && text === undefined && <circle class="dot" cx={x + width - 6} cy={y + height - 6} r={2.5} />}
    </g>
  );
});

/** A cell with text is paler, so that the text stays legible. */
function plain({ heat, ...cell }: TableCell) {
  const share = (heat?.share ?? 0) * (cell.text === undefined ? 1 : textTint);
  return { ...cell, tone: heat?.tone ?? "", share: Math.round(1000 * share) / 1000 };
}

/** A component of its own, so that a pointer that passes over the cells does not draw the table anew. */
function Detail({ text }: { text: () => string }) {
  return <p class="detail">{text()}</p>;
}

function placeOf(target: EventTarget | null): At | undefined {
  const at = (target as Element | null)?.closest<SVGElement>("[data-at]")?.dataset.at;
  return at === undefined ? undefined : (at.split(",").map(Number) as unknown as At);
}

/** The cell that a key leads to. */
function step({ key, ctrlKey }: KeyboardEvent, [row, column]: At, [bottom, right]: At): At | undefined {
  const to: Record<string, At> = {
    ArrowLeft: [row, column - 1],
    ArrowRight: [row, column + 1],
    ArrowUp: [row - 1, column],
    ArrowDown: [row + 1, column],
    Home: [ctrlKey ? 0 : row, 0],
    End: [ctrlKey ? bottom : row, right],
  };
  const next = to[key];
  return next && [Math.max(0, Math.min(bottom, next[0])), Math.max(0, Math.min(right, next[1]))];
}
