import { registerOffline } from "../../../../playground/src/offline";

/** The smallest page with an engine: writes down what its worker says. */
const worker = new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });
worker.onmessage = ({ data }) => {
  document.body.dataset.seen = JSON.stringify(data);
};
worker.onerror = (event) => {
  document.body.dataset.seen = JSON.stringify({ problem: event.message ?? "the worker did not start" });
};
void registerOffline();
