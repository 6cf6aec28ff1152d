import { notice } from "../../state/store";

/** What went wrong, or was done; said to screen readers too. */
export function NoticeBar() {
  const now = notice.value;
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
