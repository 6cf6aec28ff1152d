import { useSignal } from "@preact/signals";
import { memo } from "preact/compat";
import { useLayoutEffect, useRef } from "preact/hooks";
import type { Heat } from "../../view/heat";
import type { Table, TableRow } from "../../view/table";
import { shown } from "../../view/words";

interface Props {
  table: Table;
  /** Beneath the table while no cell is looked at. */
  hint: string;
  /** Wide enough for words. */
  isWide?: boolean;
  /** What a press of a cell does. */
  onPick?: (row: number, column: number) => void;
}

type At = readonly [row: number, column: number];

/** A table of places × tokens. Arrows walk over its cells; the one that is looked at is told in a line beneath. */
export function Grid({ table, hint, isWide, onPick }: Props) {
  const body = useRef<HTMLTableElement>(null);
  /** The cell that Tab reaches. */
  const focus = useSignal<At>([0, table.tokens.length - 1]);
  const looked = useSignal<At | undefined>(undefined);
  const last: At = [table.rows.length - 1, table.tokens.length - 1];
  const at: At = [Math.min(focus.value[0], last[0]), Math.min(focus.value[1], last[1])];
  // The answer is read at the last token.
  useLayoutEffect(() => {
    const scroller = body.current!.parentElement!;
    scroller.scrollLeft = scroller.scrollWidth;
  }, []);

  const look = (event: Event) => {
    looked.value = placeOf(event.target);
  };
  const walk = (event: KeyboardEvent) => {
    const next = step(event, at, last);
    if (next === undefined) return;
    event.preventDefault();
    focus.value = next;
    body.current!.querySelector<HTMLElement>(`[data-at="${next.join()}"]`)?.focus();
  };
  return (
    <>
      <div class="scroller">
        <table
          ref={body}
          // biome-ignore lint/a11y/noNoninteractiveElementToInteractiveRole: arrows walk over its cells, as in a grid.
          role="grid"
          class={`looked-at ${isWide ? "wide" : ""}`}
          aria-label={table.label}
          onPointerOver={look}
          onPointerLeave={() => {
            looked.value = undefined;
          }}
          onFocusIn={(event) => {
            look(event);
            focus.value = placeOf(event.target) ?? focus.value;
          }}
          onFocusOut={() => {
            looked.value = undefined;
          }}
          onKeyDown={walk}
          onClick={(event) => {
            look(event);
            if (looked.value !== undefined) onPick?.(...looked.value);
          }}
        >
          <thead>
            <tr>
              <th scope="col" class="corner">
                {table.corner}
              </th>
              {table.tokens.map((token, column) => (
                <th scope="col" key={column} title={`Token ${column}, ${JSON.stringify(token)}`}>
                  <span>{shown(token)}</span>
                </th>
              ))}
            </tr>
          </thead>
          {groupsOf(table.rows).map(({ rows, from }) => (
            <tbody key={rows[0]!.key}>
              {rows[0]!.group && (
                <tr class="group">
                  <th scope="rowgroup" colSpan={table.tokens.length + 1}>
                    <span>
                      <code>{rows[0]!.group.name}</code> <small>{rows[0]!.group.words}</small>
                    </span>
                  </th>
                </tr>
              )}
              {rows.map((row, i) => (
                <tr key={row.key}>
                  <th scope="row">{row.name}</th>
                  {row.cells.map(({ heat, ...cell }, column) => (
                    <Cell
                      key={column}
                      at={`${from + i},${column}`}
                      isFocus={from + i === at[0] && column === at[1]}
                      {...spread(heat)}
                      {...cell}
                    />
                  ))}
                </tr>
              ))}
            </tbody>
          ))}
        </table>
      </div>
      <Detail text={() => (looked.value && table.rows[looked.value[0]]?.cells[looked.value[1]]?.label) ?? hint} />
    </>
  );
}

interface CellProps {
  at: string;
  isFocus: boolean;
  tone: string;
  share: number;
  label: string;
  text?: string;
  isMarked?: boolean;
  isQuiet?: boolean;
}

/** All its properties are plain, so that only cells that change are drawn anew. */
const Cell = memo(function Cell({ at, isFocus, tone, share, label, text, isMarked, isQuiet }: CellProps) {
  const classes = ["heat", tone, isMarked && "marked", isQuiet && "still"].filter(Boolean).join(" ");
  return (
    <td>
      <button
        type="button"
        data-at={at}
        tabIndex={isFocus ? 0 : -1}
        class={classes}
        aria-label={label}
        style={{ "--share": share }}
      >
        {text}
      </button>
    </td>
  );
});

const spread = (heat: Heat | undefined) => ({
  tone: heat?.tone ?? "",
  share: Math.round(1000 * (heat?.share ?? 0)) / 1000,
});

/** A component of its own, so that a pointer that passes over the cells does not draw the table anew. */
function Detail({ text }: { text: () => string }) {
  return <p class="detail">{text()}</p>;
}

function groupsOf(rows: readonly TableRow[]): { rows: TableRow[]; from: number }[] {
  const groups: { rows: TableRow[]; from: number }[] = [];
  rows.forEach((row, from) => {
    if (row.group !== undefined || groups.length === 0) groups.push({ rows: [], from });
    groups.at(-1)!.rows.push(row);
  });
  return groups;
}

function placeOf(target: EventTarget | null): At | undefined {
  const at = (target as Element | null)?.closest<HTMLElement>("[data-at]")?.dataset.at;
  return at === undefined ? undefined : (at.split(",").map(Number) as unknown as At);
}

/** Where a key leads. */
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
