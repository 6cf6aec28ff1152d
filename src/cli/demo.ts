import type { Command } from "commander";
import { checkWritable } from "../io/disk";
import { writeBytes } from "../io/files";
import { type Model, nextTokens } from "../nn";
import { describeComparison, renderReport } from "../report";
import { compare, type LearnedIntervention, logitDiff, logitsAt, type Prompt } from "../steering";
import { showToken } from "../text/tokens";
import { quote } from "./finished-sweep";
import { learnWithBar } from "./learn";
import { type LearnerOptions, withLearning } from "./learner-options";
import { open } from "./model-options";
import { versionsOf } from "./report";
import { printJson, withJson } from "./shared";
import { taskFor } from "./task-options";

interface Options extends LearnerOptions {
  report: string;
  json?: boolean;
}

/** `fader demo`: the whole experiment; what `npm start` runs. */
export function addDemo(program: Command): void {
  withJson(withLearning(program.command("demo").description("the whole experiment in under a minute")))
    .option("--report <file>", "where to write the report", "fader-report.html")
    .addHelpText("after", "\nExample:\n  $ fader demo --seed 1")
    .action(run);
}

/** Enough for a clear picture; `fader compare` goes on until nothing improves. */
const demoSteps = 150;

async function run(given: Options): Promise<void> {
  const start = performance.now();
  const options = { ...given, steps: given.steps ?? demoSteps };
  await checkWritable(options.report);
  const say = (text: string) => options.json || console.log(text);
  const model = await open(options);
  const task = await taskFor(model, options);
  const example = task.test[0]!;
  say(
    `Model "${model.name}": ${model.parameterCount.toLocaleString("en")} parameters, ${model.config.n_layers} layers.`,
  );
  say(`Task: ${task.description}\n${task.split}.\n`);
  say(indent(example.text));
  const { correct, wrong } = answers(model, example);
  say(`\nIt knows "${correct}"; the context says "${wrong}". It answers: ${showAnswer(model, example)}\n`);

  say("Learning what to multiply (faders), and what to add (vectors), on the training prompts:");
  const faders = await learnWithBar("scalars", model, task, options, "faders");
  const vectors = await learnWithBar("vectors", model, task, options, "vectors");

  say(
    `\nThe same prompt, from the held-out part, with one dial β:\n${dialTable(model, example, { faders, vectors })}\n`,
  );
  const comparison = compare(model, task.test, { faders, vectors });
  say(comparison.toString());
  const ratio = comparison.parameterRatio("vectors", "faders");
  say(`The vectors use ${ratio.toFixed(0)} times as many numbers as the faders.\n`);
  say(`The faders that moved (of ${faders.parameterCount}):\n${placesTable(model, example, faders)}\n`);

  const run = { seed: options.seed, task, learned: { faders, vectors } };
  const made = {
    command: ["npx fader", ...process.argv.slice(2).map(quote)].join(" "),
    versions: versionsOf(model),
    seconds: (performance.now() - start) / 1000,
  };
  const { html } = await renderReport(describeComparison(model, run, comparison, made));
  await writeBytes(options.report, html);
  const total = (performance.now() - start) / 1000;
  say(`Report: ${options.report}  (${total.toFixed(0)} s in all)`);
  if (options.json) {
    printJson({
      task: task.name,
      split: task.split,
      seed: options.seed,
      report: options.report,
      ratio,
      ...comparison.toJSON(),
    });
  }
}

/** The two candidate answers as words. */
function answers(model: Model, prompt: Prompt): { correct: string; wrong: string } {
  const word = (id: number) => showToken(model.needTokenizer("demo").token(id));
  return { correct: word(prompt.correct), wrong: word(prompt.wrong) };
}

function showAnswer(model: Model, prompt: Prompt): string {
  const [first, second] = nextTokens(model, prompt.ids, { count: 2 });
  const show = (top: typeof first) => `${showToken(top!.token)} (${(100 * top!.probability).toFixed(0)}%)`;
  return `${show(first)}, then ${show(second)}`;
}

/** The answer and Δ at β = −1, 0, +1 for each intervention. */
function dialTable(model: Model, prompt: Prompt, learned: Record<string, LearnedIntervention>): string {
  const betas = [-1, 0, 1];
  const width = 34;
  const heading = `  ${"β".padStart(2)}  ${Object.keys(learned)
    .map((name) => name.padEnd(width))
    .join("")}`;
  const lines = betas.map((beta) => {
    const cells = Object.values(learned).map((intervention) => {
      const interventions = intervention.at(beta);
      const [top] = nextTokens(model, prompt.ids, { interventions, count: 1 });
      const [logits] = logitsAt(model, [prompt.ids], interventions, [1]);
      const delta = logitDiff(logits!, [prompt]).item();
      return `${showToken(top!.token)} ${(100 * top!.probability).toFixed(0)}%, Δ ${delta.toFixed(1)}`.padEnd(width);
    });
    return `  ${(beta > 0 ? `+${beta}` : String(beta).replace("-", "−")).padStart(2)}  ${cells.join("")}`.trimEnd();
  });
  return [heading.trimEnd(), ...lines].join("\n");
}

/** The places whose scalars are not 0, the largest first, with the tokens of the prompt shown. */
function placesTable(model: Model, prompt: Prompt, faders: LearnedIntervention): string {
  const tokens = model.needTokenizer("demo");
  const places = faders.activeLocations();
  const shown = places.slice(0, 12).map(({ site, layer, position, value }) => {
    const token =
      position === undefined ? "every token" : `${position} ${showToken(tokens.token(prompt.ids[position]!))}`;
    const factor = `× ${(1 + value).toFixed(2)} at β = +1, × ${(1 - value).toFixed(2)} at β = −1`;
    return `  ${`blocks.${layer}.${site}`.padEnd(18)} ${token.padEnd(16)} ${value >= 0 ? " " : ""}${value.toFixed(2)}   ${factor}`;
  });
  const rest = places.length - shown.length;
  return [...shown, ...(rest > 0 ? [`  … and ${rest} smaller ones, all in the report`] : [])].join("\n");
}

function indent(text: string): string {
  return text.replace(/^/gm, "  | ");
}
