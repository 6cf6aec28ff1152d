import { useEffect } from "preact/hooks";
import { type Notice, notice } from "../../state/store";

const doneMs = 10_000;

/** A notice in words. */
export function Words({ text, details = {}, hint }: Notice) {
  return (
    <div>
      <p>{text}</p>
      {Object.entries(details).map(([name, value]) => (
        <p key={name} class="detail">
          {name}: <code>{value}</code>
        </p>
      ))}
      {hint && <p class="hint">{hint}</p>}
    </div>
  );
}

/** The last notice: a problem, or something done. Screen readers say it too. */
export function NoticeBar() {
  const now = notice.value;
  // A notice of something done goes by itself; a problem stays until it is closed.
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
          <Words {...now} />
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
