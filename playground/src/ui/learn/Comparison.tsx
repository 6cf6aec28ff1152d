import type { ComparisonRow } from "../../protocol";
import { show } from "../../state/learning";
import { tableRow } from "../../view/learned";

/** All that was learned on this task, measured on the same held-out prompts. */
export function Comparison({ rows, shown }: { rows: readonly ComparisonRow[]; shown: string }) {
  if (rows.length === 0) return null;
  return (
    <div class="compared">
      <h2 id="compared-title">On held-out prompts</h2>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by keys. */}
      <section class="wide-table" aria-labelledby="compared-title" tabIndex={0}>
        <table>
          <thead>
            <tr>
              <th scope="col">Learned</th>
              <th scope="col" title="Share of the answers that flip at β = +1, and at β = −1">
                Flips <small>+1 / −1</small>
              </th>
              <th scope="col" title="How much other tokens are disturbed: KL over all but the answers, nats">
                Others <small>KL</small>
              </th>
              <th scope="col" title="How often the likeliest other token stays the same">
                Kept <small>other</small>
              </th>
              <th scope="col" title="Numbers that are not 0, and the places they act at">
                Numbers <small>places</small>
              </th>
              <th scope="col">
                <span class="visually-hidden">Put on the desk</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {rows.map(tableRow).map((row) => (
              <tr key={row.handle} class={row.handle === shown ? "shown" : ""}>
                <th scope="row">
                  {row.method} <small>{row.sites}</small>
                </th>
                <td>
                  {row.flipsPlus} <small>{row.flipsMinus}</small>
                </td>
                <td>{row.klOthers}</td>
                <td>{row.bestOtherKept}</td>
                <td>
                  {row.parameters} <small>{row.places}</small>
                </td>
                <td>
                  <button
                    type="button"
                    class="small"
                    aria-label={`Show ${row.method} at ${row.sites}`}
                    aria-current={row.handle === shown}
                    onClick={() => show(row.handle)}
                  >
                    Show
                  </button>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </section>
    </div>
  );
}
