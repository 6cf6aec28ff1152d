import type { Outcome } from "./worker";

/** Runs the conformance suite in a worker, where the playground computes, and writes down how it went. */
const worker = new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });
const done = (outcome: Outcome) => {
  document.body.dataset.outcome = JSON.stringify(outcome);
};
worker.onmessage = ({ data }) => done(data as Outcome);
worker.onerror = ({ message }) =>
  done({ isolated: crossOriginIsolated, passed: {}, failed: [`the worker: ${message}`] });
worker.postMessage(Number(new URLSearchParams(location.search).get("seed")));
