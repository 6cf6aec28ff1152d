import { continuation, result } from "../../state/store";
import { shown } from "../../view/words";

const percent = (p: number) => (p >= 0.0995 ? `${(100 * p).toFixed(0)}%` : `${(100 * p).toFixed(1)}%`);

/** The next token as it is and as it becomes, and what the model would write. */
export function AnswerPanel() {
  const outcome = result.value;
  const isContest = outcome?.delta !== undefined;
  const { clean, steered, isRunning } = continuation.value;
  const mark = (row: number) => (isContest ? ["correct", "wrong"][row] : undefined) ?? "other";
  return (
    <>
      <h2>
        Next token{" "}
        <span class="legend">
          <i class="clean" /> as it is <i class="steered" /> with your faders
        </span>
      </h2>
      <table class="outcomes">
        <thead class="visually-hidden">
          <tr>
            <th>Token</th>
            <th>Probability as it is</th>
            <th>With your faders</th>
          </tr>
        </thead>
        <tbody>
          {outcome?.outcomes.map((row, i) => (
            <tr key={row.id} class={mark(i)}>
              <th scope="row">
                <code>{shown(row.text)}</code>
              </th>
              <td class="clean" style={{ "--p": row.clean }}>
                {percent(row.clean)}
              </td>
              <td class="steered" style={{ "--p": row.steered }}>
                {percent(row.steered)}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {outcome && (
        <dl class="numbers">
          {outcome.delta && (
            <div title="Difference of the logits of the two answers: above 0 the first one leads">
              <dt>Δ of the answers</dt>
              <dd>
                {outcome.delta.clean.toFixed(2)} → {outcome.delta.steered.toFixed(2)}
              </dd>
            </div>
          )}
          <div title="Kullback-Leibler divergence over all other tokens: 0 means that nothing else has changed">
            <dt>Other tokens disturbed</dt>
            <dd>{outcome.klOthers.toFixed(3)} nats</dd>
          </div>
        </dl>
      )}
      <h2>It goes on</h2>
      <div class="continuation" aria-busy={isRunning}>
        <p>
          <span class="quiet">as it is</span>
          <q data-continuation="clean">{clean}</q>
        </p>
        <p>
          <span class="quiet">with your faders</span>
          <q data-continuation="steered">{steered}</q>
        </p>
      </div>
    </>
  );
}
