import { fadersAt } from "../../desk/strip";
import { mapContent } from "../../state/looking";
import { inside, model, selection, site } from "../../state/store";
import { mapScales, mapTable } from "../../view/map-table";
import { Grid } from "./Grid";
import { Legend } from "./Legend";

/** All faders of all sites at a glance. A press leads to the fader. */
export function MapView() {
  const content = mapContent.value;
  if (content === undefined) return <p class="loading">Opening the model…</p>;
  if (content.tokens.length === 0)
    return <p class="loading">Type a prompt: then there is a fader for every token of it.</p>;
  const { faders, carried } = content;
  const table = mapTable(content);
  const turned = [...faders, ...fadersAt(carried?.places ?? [])];
  const beyond = turned.filter(({ position }) => position >= content.tokens.length);
  const isEmpty = faders.length === 0 && carried === undefined;
  return (
    <div class="look">
      <div class="look-bar">
        {isEmpty && (
          <p class="words">Nothing is turned yet. Choose a place to go to its fader, or let Learn find some.</p>
        )}
        {faders.length > 0 && (
          <p class="words">
            <strong>{faders.length}</strong> {faders.length === 1 ? "fader is" : "faders are"} turned
          </p>
        )}
        {mapScales(content).map((scale) => (
          <Legend key={scale.from} {...scale} />
        ))}
      </div>
      <Grid
        table={table}
        hint="Choose a place to go to its fader."
        onPick={(row, column) => goTo(table.rows[row]!.key, column)}
      />
      {beyond.length > 0 && (
        <p class="hint">{beyond.length} more lie beyond the end of this prompt, and turn nothing.</p>
      )}
    </div>
  );
}

/** Shows a fader on the desk, chosen. Sites that have none are left alone. */
function goTo(row: string, position: number): void {
  const own = model.value?.sites.find((name) => row.startsWith(`${name}/`));
  if (own === undefined) return;
  const key = `${row}/${position}`;
  site.value = own;
  selection.value = new Set([key]);
  inside.value = "faders";
  // Once the desk is drawn.
  requestAnimationFrame(() => document.querySelector<HTMLElement>(`[data-fader="${key}"]`)?.focus());
}
