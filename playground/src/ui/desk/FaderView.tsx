import { useEffect, useRef } from "preact/hooks";
import { turnedBySite } from "../../desk/desk";
import { atRest, keyOf } from "../../desk/strip";
import { desk, learning, model, selection, shownStrips, site, tokens } from "../../state/store";
import { FaderCell } from "./FaderCell";
import { gridKeys } from "./grid-keys";
import { Inspector } from "./Inspector";
import { SiteBar } from "./SiteBar";
import { select, selectColumn, selectRow } from "./selecting";

/** The desk itself: a fader for each layer and token of the chosen site. */
export function FaderView() {
  const grid = useRef<HTMLDivElement>(null);
  const opened = model.value;
  const strips = shownStrips.value;
  const own = site.value;
  const isSolo = Object.values(strips).some(({ solo }) => solo);
  const [focus] = selection.value;
  // What was chosen elsewhere (an example, a link, a map) may lie beyond the edge.
  useEffect(() => {
    const cell = focus === undefined ? null : grid.current?.querySelector(`[data-fader="${focus}"]`);
    const frame = grid.current?.parentElement;
    if (!cell || !frame) return;
    const [inner, outer] = [cell.getBoundingClientRect(), frame.getBoundingClientRect()];
    if (inner.right > outer.right || inner.left < outer.left) frame.scrollLeft += inner.right - outer.right + 24;
  }, [focus, tokens.value.length]);
  if (opened === undefined) return <p class="loading">Opening the model…</p>;
  const layers = Array.from({ length: opened.n_layers }, (_, layer) => layer);
  return (
    <>
      <SiteBar sites={opened.sites} value={site} turned={turnedBySite({ ...desk.value, strips })} />
      <div class="scroller">
        <div
          ref={grid}
          class="faders"
          role="grid"
          aria-label={`Faders at ${own}: one for each layer and token`}
          aria-readonly={learning.value !== undefined}
          style={{ "--columns": tokens.value.length, "--layers": opened.n_layers }}
          onKeyDown={(event) => gridKeys(event, grid.current!)}
        >
          <div role="row" class="row heads">
            <span role="columnheader" class="corner" aria-label="Layer" />
            {tokens.value.map((token, position) => (
              <span role="columnheader" class="token" key={position}>
                <button
                  type="button"
                  tabIndex={-1}
                  title={`Token ${position}, ${JSON.stringify(token.text)}: select all its layers`}
                  onClick={(event) => selectColumn(position, event.shiftKey)}
                >
                  {shown(token.text)}
                </button>
              </span>
            ))}
          </div>
          {layers.map((layer) => (
            <div role="row" class="row" key={layer}>
              <span role="rowheader" class="layer">
                <button
                  type="button"
                  tabIndex={-1}
                  title={`Select all faders of layer ${layer}`}
                  onClick={(event) => selectRow(layer, event.shiftKey)}
                >
                  <span class="visually-hidden">Layer </span>
                  {layer}
                </button>
              </span>
              {tokens.value.map((token, position) => {
                const key = keyOf({ site: own, layer, position });
                const isFirst = focus === undefined || !focus.startsWith(`${own}/`);
                return (
                  <FaderCell
                    key={key}
                    id={key}
                    name={`${own}, layer ${layer}, token ${position} ${JSON.stringify(token.text.trim())}`}
                    strip={strips[key] ?? atRest}
                    isSelected={selection.value.has(key)}
                    isFocus={isFirst ? layer === 0 && position === 0 : key === focus}
                    isResting={isSolo && !strips[key]?.solo}
                    onSelect={(extend) => select(key, extend)}
                  />
                );
              })}
            </div>
          ))}
        </div>
      </div>
      <Inspector />
    </>
  );
}

/** A token as it stands above its column. */
function shown(text: string): string {
  if (text === "\n") return "⏎";
  return text.trim() || "␣";
}
