import { areSettingsOpen, cancel, isStopping, learn, lesson, refused, settings, titleOf } from "../../state/learning";
import { learning, model } from "../../state/store";
import { methodWords } from "../../view/learned";
import { Outcome } from "./Outcome";
import { Progress } from "./Progress";
import { SettingsForm } from "./SettingsForm";

/** Learns where to move the faders, and shows what came of it. */
export function LearnPanel() {
  const isLearning = learning.value !== undefined;
  return (
    <div class="learn">
      <form
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          if (isLearning) cancel();
          else void learn();
        }}
      >
        <details
          class="settings"
          open={areSettingsOpen.value}
          onToggle={(event) => {
            areSettingsOpen.value = event.currentTarget.open;
          }}
        >
          <summary>
            <span class="title">What to learn</span>
            <span class="sentence">{sentence()}</span>
          </summary>
          <SettingsForm isOff={isLearning} />
        </details>
        <Refusal />
        {/* One button for both: whoever pressed it with a key stays on it. */}
        <button
          type="submit"
          id="learn"
          class={isLearning ? "wide" : "wide main"}
          disabled={model.value === undefined || isStopping.value}
        >
          {isStopping.value ? "Stopping…" : isLearning ? "Cancel" : lesson.value ? "Learn again" : "Learn"}
        </button>
      </form>
      {isLearning ? <Progress /> : <Outcome />}
    </div>
  );
}

function sentence(): string {
  const { task, method, sites } = settings.value;
  return `${titleOf(task)}, by ${methodWords[method].toLowerCase()} at ${sites.join(", ") || "no site"}`;
}

/** The engine's refusal, beside the form that it is about. */
function Refusal() {
  const problem = refused.value;
  return (
    <div role="alert">
      {problem && (
        <div class="refusal">
          <p>{problem.problem ?? String(problem)}</p>
          {Object.entries(problem.details ?? {}).map(([name, value]) => (
            <p key={name} class="detail">
              {name}: <code>{value}</code>
            </p>
          ))}
          {problem.hint && <p class="hint">{problem.hint}</p>}
        </div>
      )}
    </div>
  );
}
