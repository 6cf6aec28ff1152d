import type { ComparisonRow } from "../../protocol";
import { show } from "../../state/learning";
import { columnsOf, methodWords } from "../../view/learned";

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
              {columnsOf(rows[0]!).map(([cell, ...below]) => (
                <th scope="col" key={cell!.name} title={cell!.says}>
                  {cell!.label}
                  {below.map(({ name, label }) => (
                    <small key={name}>{label}</small>
                  ))}
                </th>
              ))}
              <th scope="col">
                <span class="visually-hidden">Put on the desk</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {rows.map((row) => (
              <tr key={row.handle} class={row.handle === shown ? "shown" : ""}>
                <th scope="row">
                  {methodWords[row.method]} <small>{row.sites.join(", ")}</small>
                </th>
                {columnsOf(row).map(([cell, ...below]) => (
                  <td key={cell!.name}>
                    {cell!.text}
                    {below.map(({ name, text }) => (
                      <small key={name}>{text}</small>
                    ))}
                  </td>
                ))}
                <td>
                  <button
                    type="button"
                    class="small"
                    aria-label={`Show ${methodWords[row.method]} at ${row.sites.join(", ")}`}
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
