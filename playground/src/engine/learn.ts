import type { LearnedIntervention, LearnReport, Metrics } from "fader";
import { learnTrial, measuresIn } from "fader/steering";
import type { ComparisonRow, Learned, LearnProgress, LearnRequest } from "../protocol";
import { refusal } from "./engine-error";
import { dialled, measured } from "./measure";
import { fadersOf } from "./places";
import type { Session } from "./session";
import { examplesOf, trialTaskOf } from "./tasks";

/**
 * Learns, measures on held-out prompts and turns the dial, letting other calls in between. Resolves with undefined when
 * `signal` ended it. Throws what the tasks and learners of the library throw.
 */
export async function learnOn(
  session: Session,
  request: LearnRequest,
  onProgress: (progress: LearnProgress) => void,
  signal: AbortSignal,
): Promise<Learned | undefined> {
  try {
    return await learnAndMeasure(session, request, onProgress, signal);
  } catch (error) {
    if (signal.aborted) return undefined;
    throw error;
  }
}

async function learnAndMeasure(
  session: Session,
  request: LearnRequest,
  onProgress: (progress: LearnProgress) => void,
  signal: AbortSignal,
): Promise<Learned> {
  const { model } = session;
  const { method, faithfulness: faithfulnessWeight, seed } = request;
  checkRequest(request, session);
  const chosen = trialTaskOf(request.task);
  const reports = sparingly(onProgress);
  const trial = { ...request, task: chosen, faithfulnessWeight };
  const { learned: result, ...tasks } = await learnTrial(model, trial, { onProgress: reports.take, signal });
  reports.flush();
  const held = tasks.task.test;
  const { split, warnings } = tasks.across ?? tasks.task;
  const metrics = await measured(model, held, result, signal);
  const dial = await dialled(model, held, result, signal);
  const learned = result.withMetrics(finite(metrics));
  const handle = session.keep({
    kind: method,
    map: learned.at(1),
    bytes: learned.toBytes(),
    fileName: `${chosen.name}-${method}.fader.safetensors`,
  });
  const rows = session.comparisonOf(JSON.stringify([request.task, seed]));
  rows.push(rowOf(handle, learned, metrics));
  const examples = examplesOf(session, tasks);
  return {
    ...{ handle, method, examples, dial, split },
    example: examples[0]!,
    faders: fadersOf(learned),
    places: learned.activeLocations(),
    steps: learned.provenance.steps,
    comparison: [...rows],
    warnings: [...warnings, ...(learned.activeParameters === 0 ? [nothingLeft] : [])],
  };
}

const nothingLeft = "Everything was pressed to 0, so that nothing is turned: learn with less minimality.";

function checkRequest({ sites, minimality }: LearnRequest, { info }: Session): void {
  const other = sites.find((site) => !info.sites.includes(site));
  if (other !== undefined) {
    throw refusal(`"${info.name}" has no faders at ${other}.`, `It has them at ${info.sites.join(", ")}.`);
  }
  if (!(Number.isFinite(minimality) && minimality >= 0)) {
    throw refusal(`The minimality is ${minimality}.`, "Use a number of 0 or more.");
  }
}

/** Milliseconds between reports: about 12 a second. */
const interval = 83;

/** Passes reports on at most about 12 times a second; `flush` passes the last one. What is in them is computed only then. */
function sparingly(onProgress: (progress: LearnProgress) => void) {
  let passed = Number.NEGATIVE_INFINITY;
  let latest: LearnReport | undefined;
  const flush = () => {
    if (latest === undefined) return;
    const { step, steps, effectiveness, faithfulness, minimality, activeParameters } = latest;
    const places = latest.current().activeLocations();
    latest = undefined;
    passed = performance.now();
    onProgress({ step, steps, effectiveness, faithfulness, minimality, activeParameters, places });
  };
  const take = (report: LearnReport) => {
    latest = report;
    if (performance.now() - passed >= interval) flush();
  };
  return { take, flush };
}

function rowOf(handle: string, { kind, sites }: LearnedIntervention, metrics: Metrics): ComparisonRow {
  const cells = measuresIn("playground").map(
    ({ name, label, narrowLabel = label, title, says = title, ...measure }) => {
      const value = metrics[name as keyof Metrics];
      // Counts with separators, shares without decimals.
      const text = measure.over === "run" ? measure.format.report(value) : measure.format.text(value);
      return { name, label: narrowLabel, says, isBelow: measure.isBelow ?? false, value, text };
    },
  );
  return { handle, method: kind, sites, cells };
}

/** A share of no prompts is not a number, which no file can hold. */
function finite(metrics: Metrics): Record<string, number> {
  return Object.fromEntries(Object.entries(metrics).filter(([, value]) => Number.isFinite(value)));
}
