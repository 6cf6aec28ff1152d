import { examples } from "../../state/examples";
import { showExample } from "../../state/start";
import { changeDesk, desk, endMovement, learning, model } from "../../state/store";

/** The prompt, and the two answers that are watched. */
export function PromptArea() {
  const { prompt, answers } = desk.value;
  const isOff = model.value === undefined || learning.value !== undefined;
  const answer = (side: "correct" | "wrong", label: string) => (
    <label class={`answer ${side}`}>
      <span class="visually-hidden">{label}</span>
      <input
        id={`answer-${side}`}
        type="text"
        placeholder={side === "correct" ? "one answer" : "the other"}
        value={answers?.[side] ?? ""}
        disabled={isOff}
        spellcheck={false}
        autocomplete="off"
        onChange={(event) => {
          const next = { correct: "", wrong: "", ...answers, [side]: event.currentTarget.value.trim() };
          changeDesk({ answers: next.correct || next.wrong ? next : undefined });
        }}
      />
    </label>
  );
  return (
    <section class="prompt" aria-label="Prompt">
      <label class="text">
        <span class="title">Prompt</span>
        <textarea
          id="prompt"
          rows={3}
          value={prompt}
          disabled={isOff}
          spellcheck={false}
          onInput={(event) => changeDesk({ prompt: event.currentTarget.value }, "prompt")}
          onBlur={endMovement}
        />
      </label>
      <div class="side">
        <span class="title" id="answers-title">
          Two answers to watch
        </span>
        <div class="answers" role="group" aria-labelledby="answers-title">
          {answer("correct", "First answer, a single token")}
          <span aria-hidden="true">or</span>
          {answer("wrong", "Second answer, a single token")}
        </div>
        {model.value?.source === "built-in" && (
          <div class="examples" role="group" aria-label="Examples">
            {examples.map((example) => (
              <button
                key={example.name}
                type="button"
                class="chip"
                disabled={isOff}
                aria-pressed={prompt === example.prompt}
                onClick={() => showExample(example)}
              >
                {example.name}
              </button>
            ))}
          </div>
        )}
      </div>
    </section>
  );
}
