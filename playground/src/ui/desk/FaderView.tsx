import { useEffect, useRef } from "preact/hooks";
import { turnedBySite } from "../../desk/desk";
import { atRest, keyOf } from "../../desk/strip";
import { desk, learning, model, selection, shownStrips, site, tokens } from "../../state/store";
import { mostHeadLetters, widthOf } from "../../view/table";
import { short } from "../../view/words";
import { Upright } from "../look/Grid";
import { useFrame } from "../use-frame";
import { FaderCell } from "./FaderCell";
import { gridKeys } from "./grid-keys";
import { Inspector } from "./Inspector";
import { SiteBar } from "./SiteBar";
import { select, selectColumn, selectRow } from "./selecting";

/** Pixels beside and between the faders. */
const left = 34;
const gap = 4;

/** The desk itself: a fader for each layer and token of the chosen site. */
export function FaderView() {
  const opened = model.value;
  if (opened === undefined) return <p class="loading">Opening the model…</p>;
  return (
    <>
      <SiteBar sites={opened.sites} value={site} turned={turnedBySite({ ...desk.value, strips: shownStrips.value })} />
      <Faders layers={opened.n_layers} />
      <Inspector />
    </>
  );
}

function Faders({ layers }: { layers: number }) {
  const { frame, room, isForTouch } = useFrame();
  const grid = useRef<SVGSVGElement>(null);
  const strips = shownStrips.value;
  const own = site.value;
  const isSolo = Object.values(strips).some(({ solo }) => solo);
  const [focus] = selection.value;
  const isElsewhere = focus === undefined || !focus.startsWith(`${own}/`);
  const texts = tokens.value.map(({ text }) => text);
  const top = Math.max(60, ...texts.map((text) => widthOf(short(text, mostHeadLetters)) + 14));
  const column = Math.max(isForTouch ? 42 : 38, (room - left) / Math.max(1, texts.length));
  const height = Math.max(60, Math.min(116, 340 / layers + gap));
  const width = Math.floor(left + column * texts.length);
  // A fader that was chosen by an example, a link or the map may lie beyond the edge.
  useEffect(() => {
    const cell = focus === undefined ? null : grid.current?.querySelector(`[data-fader="${focus}"]`);
    const outer = frame.ref.current;
    if (!cell || !outer || room === 0) return;
    const [inner, edge] = [cell.getBoundingClientRect(), outer.getBoundingClientRect()];
    if (inner.right > edge.right || inner.left < edge.left) outer.scrollLeft += inner.right - edge.right + 24;
  }, [focus, texts.length, room === 0]);
  return (
    <div {...frame}>
      <svg
        ref={grid}
        class="drawing faders"
        // biome-ignore lint/a11y/noNoninteractiveElementToInteractiveRole: arrows walk over its faders, as in a grid.
        role="grid"
        aria-label={`Faders at ${own}: one for each layer and token`}
        aria-readonly={learning.value !== undefined}
        width={width}
        height={Math.ceil(top + layers * height)}
        onKeyDown={(event) => gridKeys(event, grid.current!)}
      >
        <g role="row">
          <g role="columnheader" class="names" aria-label="Layer" />
          <g class="cells">
            <rect class="extent" x={left} y={0} width={width - left} height={top} />
            {texts.map((text, position) => (
              <g role="columnheader" class="token" key={position}>
                <g
                  role="button"
                  tabindex={-1}
                  onClick={(event) => selectColumn(position, event.shiftKey)}
                  onKeyDown={pressed((event) => selectColumn(position, event.shiftKey))}
                >
                  <title>{`Token ${position}, ${JSON.stringify(text)}: select all its layers`}</title>
                  <rect class="extent" x={left + position * column} y={0} width={column} height={top} />
                  <Upright x={left + (position + 0.5) * column} y={top - 6} text={text} />
                </g>
              </g>
            ))}
          </g>
        </g>
        {Array.from({ length: layers }, (_, layer) => (
          <g role="row" key={layer}>
            <g role="rowheader" class="names">
              <g
                role="button"
                tabindex={-1}
                aria-label={`Layer ${layer}`}
                onClick={(event) => selectRow(layer, event.shiftKey)}
                onKeyDown={pressed((event) => selectRow(layer, event.shiftKey))}
              >
                <title>{`Select all faders of layer ${layer}`}</title>
                <rect class="extent" x={0} y={top + layer * height} width={left - 4} height={height - gap} />
                <text x={left / 2 - 2} y={top + layer * height + (height - gap) / 2} dy="0.35em" text-anchor="middle">
                  {layer}
                </text>
              </g>
            </g>
            <g class="cells">
              <rect class="extent" x={left} y={top + layer * height} width={width - left} height={height} />
              {texts.map((text, position) => {
                const key = keyOf({ site: own, layer, position });
                return (
                  <FaderCell
                    key={key}
                    id={key}
                    name={`${own}, layer ${layer}, token ${position} ${JSON.stringify(text.trim())}`}
                    strip={strips[key] ?? atRest}
                    isSelected={selection.value.has(key)}
                    isFocus={isElsewhere ? layer === 0 && position === 0 : key === focus}
                    isResting={isSolo && !strips[key]?.solo}
                    onSelect={(extend) => select(key, extend)}
                    x={left + position * column + 1.5}
                    y={top + layer * height + gap / 2}
                    width={column - 3}
                    height={height - gap}
                  />
                );
              })}
            </g>
          </g>
        ))}
      </svg>
    </div>
  );
}

/** Calls for the keys that press a button. */
const pressed = (press: (event: KeyboardEvent) => void) => (event: KeyboardEvent) => {
  if (event.key === "Enter" || event.key === " ") press(event);
};
