import { model, status, updateRate } from "../../state/store";

/** Threads and size of the model, and that nothing leaves the page. */
export function StatusLine() {
  const engine = status.value;
  const opened = model.value;
  const threads =
    engine === undefined
      ? "starting"
      : engine.threads > 1
        ? `${engine.threads} threads`
        : `1 thread${engine.isolated ? "" : " (this page is not cross-origin isolated)"}`;
  return (
    <footer class="status">
      <span data-status="threads">{threads}</span>
      {engine?.relaxedSimd && <span>fused multiply-add</span>}
      {opened && <span>{opened.parameters.toLocaleString("en")} parameters</span>}
      {updateRate.value > 1 && <span data-status="rate">{updateRate.value} updates a second</span>}
      <span class="quiet">Everything is computed in this page. Nothing leaves it.</span>
    </footer>
  );
}
