import { useEffect } from "preact/hooks";
import { notice } from "../../state/store";

const doneMs = 10_000;

/** What went wrong, or was done; said to screen readers too. */
export function NoticeBar() {
  const now = notice.value;
  // What was done needs no answer; what went wrong stays until it is read.
  useEffect(() => {
    if (now?.tone !== "done") return;
    const timer = setTimeout(() => {
      if (notice.value === now) notice.value = undefined;
    }, doneMs);
    return () => clearTimeout(timer);
  }, [now]);
  return (
    <div class="notices" role={now?.tone === "problem" ? "alert" : "status"} aria-live="polite">
      {now && (
        <div class={`notice ${now.tone}`}>
          <div>
            <p>{now.text}</p>
            {Object.entries(now.details ?? {}).map(([name, value]) => (
              <p key={name} class="detail">
                {name}: <code>{value}</code>
              </p>
            ))}
            {now.hint && <p class="hint">{now.hint}</p>}
          </div>
          <button
            type="button"
            class="plain"
            aria-label="Close this message"
            onClick={() => {
              notice.value = undefined;
            }}
          >
            ×
          </button>
        </div>
      )}
    </div>
  );
}
