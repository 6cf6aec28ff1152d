import type { Outcome } from "../../protocol";
import { desk, model, result } from "../../state/store";
import { percent, shown } from "../../view/words";

/** The two answers against each other, or the likeliest token where there are none. */
export function Duel() {
  const outcome = result.value;
  if (outcome === undefined) return <div class="duel empty">{silence()}</div>;
  const { outcomes, delta } = outcome;
  const best = (side: "clean" | "steered") => outcomes.reduce((a, b) => (b[side] > a[side] ? b : a));
  const [before, after] = [best("clean"), best("steered")];
  return (
    <div class="duel">
      <p class="says" aria-live="polite">
        The model says <strong class={sideOf(after, outcomes, delta !== undefined)}>{shown(after.text)}</strong>
        {after.id === before.id ? "" : <span class="was"> and not {shown(before.text)}</span>}
      </p>
      {delta && (
        <>
          <div class="contest">
            <Side name="correct" outcome={outcomes[0]!} />
            <Side name="wrong" outcome={outcomes[1]!} />
          </div>
          <div class="balance" aria-hidden="true" style={{ "--at": `${50 - 50 * Math.tanh(delta.steered / 4)}%` }}>
            <i class="before" style={{ "--at": `${50 - 50 * Math.tanh(delta.clean / 4)}%` }} />
            <i class="now" />
          </div>
        </>
      )}
    </div>
  );
}

function silence(): string {
  if (model.value === undefined) return "Opening the model…";
  return desk.value.prompt === "" ? "Type a prompt, and the model answers." : "No answer.";
}

function Side({ name, outcome }: { name: "correct" | "wrong"; outcome: Outcome }) {
  return (
    <div class={`side ${name}`} data-answer={name} data-clean={outcome.clean} data-steered={outcome.steered}>
      <span class="word">{outcome.text.trim()}</span>
      <span class="share">{percent(outcome.steered)}</span>
      <span class="quiet">was {percent(outcome.clean)}</span>
    </div>
  );
}

function sideOf(outcome: Outcome, outcomes: readonly Outcome[], hasAnswers: boolean): string {
  if (!hasAnswers) return "";
  return ["correct", "wrong"][outcomes.findIndex(({ id }) => id === outcome.id)] ?? "";
}
