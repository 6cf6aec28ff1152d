import { signed } from "../../desk/strip";
import { comparison, exampleIndex, isOnDesk, lesson, show, showExample } from "../../state/learning";
import { desk } from "../../state/store";
import { idleHint } from "../../view/learned";
import { Comparison } from "./Comparison";
import { Dial } from "./Dial";
import { Losses } from "./Progress";

/** The result of learning: its dial, held-out prompts to try, and the comparison with other results. */
export function Outcome() {
  const now = lesson.value;
  if (now === undefined) return null;
  const { learned, request, losses } = now;
  const row = comparison.value.find(({ handle }) => handle === learned.handle);
  const hint = idleHint(row);
  const isEarly = learned.steps < request.steps;
  return (
    <>
      <section class="learned" aria-label="What was learned">
        <p class="quiet about">
          {learned.split}. {learned.steps} steps{isEarly ? `, not ${request.steps}: the loss fell no further` : ""}.
        </p>
        {hint && (
          <div class="idle" role="status">
            <p>It flips no held-out answer.</p>
            <p class="hint">{hint}</p>
          </div>
        )}
        {learned.warnings.length > 0 && (
          <details class="warnings" open={learned.warnings.length < 3}>
            <summary>{learned.warnings.length === 1 ? "A warning" : `${learned.warnings.length} warnings`}</summary>
            <ul>
              {learned.warnings.map((warning) => (
                <li key={warning}>{warning}</li>
              ))}
            </ul>
          </details>
        )}
        <h2>
          <span>Turn the {{ scalars: "scalars", vectors: "vectors", dynamic: "dynamic scalars" }[learned.method]}</span>
          {isOnDesk.value ? (
            <span class="quiet">
              β <output for="learned-beta">{signed(desk.value.beta)}</output>
            </span>
          ) : (
            <button type="button" class="small" onClick={() => show(learned.handle)}>
              Put it back on the desk
            </button>
          )}
        </h2>
        <Dial dial={learned.dial} isOff={!isOnDesk.value} />
        <Examples />
      </section>
      <Comparison rows={comparison.value} shown={learned.handle} />
      {losses.length > 0 && (
        <details class="how">
          <summary>How it was learned</summary>
          <Losses all={losses} steps={learned.steps} />
        </details>
      )}
    </>
  );
}

/** Back and forth through held-out prompts. */
function Examples() {
  const { examples } = lesson.value!.learned;
  const at = exampleIndex.value;
  const words = at < 0 ? `${examples.length} held-out prompts` : `Held-out prompt ${at + 1} of ${examples.length}`;
  return (
    <fieldset class="tries">
      <legend class="visually-hidden">Held-out prompts</legend>
      <button
        type="button"
        disabled={examples.length === 0}
        aria-label="The prompt before"
        onClick={() => showExample(-1)}
      >
        ←
      </button>
      <span role="status">{words}</span>
      <button
        type="button"
        disabled={examples.length === 0}
        aria-label="The next prompt"
        onClick={() => showExample(1)}
      >
        →
      </button>
    </fieldset>
  );
}
