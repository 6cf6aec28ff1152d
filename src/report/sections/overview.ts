import type { Claim } from "../../steering";
import { compact, count, duration, fixed } from "../../text/numbers";
import type { ReportData, TableData } from "../data";
import { csv } from "../export";
import { type Sheet, section, slug, table } from "../html";
import { escapeHtml } from "../text";
import { tallyOf } from "./maps";

/** The title, the question and the facts that a reader needs first. */
export function header({ title, question, model, tasks, claims, reproduce }: ReportData): string {
  const tally = (verdict: Claim["verdict"]) => claims.filter((claim) => claim.verdict === verdict).length;
  const open = tally("NOT MEASURED");
  const [only] = tasks;
  const moved = tasks.flatMap(({ id, faders }) => {
    const { active, total } = tallyOf(faders);
    return total === 0 ? [] : [`${count(active)} of ${count(total)}${tasks.length > 1 ? ` (${id})` : ""}`];
  });
  const facts: [term: string, fact: string, detail: string][] = [
    ["Model", model.name, `${compact(model.parameters)} parameters, ${model.n_layers} layers`],
    tasks.length === 1 ? ["Task", only!.id, only!.split] : ["Tasks", tasks.map(({ id }) => id).join(", "), ""],
    reproduce.seeds.length === 1
      ? ["Seed", String(reproduce.seeds[0]), "of the split and of the learners"]
      : ["Seeds", reproduce.seeds.join(", "), "each draws a split of its own"],
  ];
  if (claims.length > 0) {
    const verdicts = `${tally("PASS")} pass, ${tally("FAIL")} fail`;
    facts.push(["Claims", verdicts, open > 0 ? `${open} not measured` : ""]);
  }
  if (moved.length > 0) facts.push(["Faders moved", moved.join(", "), "the others are exactly 0"]);
  const items = facts.map(
    ([term, fact, detail]) =>
      `<div><dt>${term}</dt><dd>${escapeHtml(fact)}<small>${escapeHtml(detail)}</small></dd></div>`,
  );
  return `<header><h1>${escapeHtml(title)}</h1><p class="lead">${escapeHtml(question)}</p>
<dl class="facts">${items.join("")}</dl></header>`;
}

/** Links to all sections, those of a task in one line. */
export function contents({ contents: entries }: Pick<Sheet, "contents">): string {
  const link = ({ id, title }: Sheet["contents"][number]) => `<a href="#${id}">${escapeHtml(title)}</a>`;
  const items = entries.map((entry, i) => {
    if (entry.task === "") return `${i > 0 ? "</li>" : ""}<li>${link(entry)}`;
    return `&nbsp;· ${link(entry)}`;
  });
  return `<nav aria-label="Contents"><ul>${items.join("")}</li></ul></nav>`;
}

/** Every claim with its verdict, its numbers and its explanation. */
export function claimsSection(sheet: Sheet, claims: readonly Claim[]): string {
  if (claims.length === 0) return "";
  const mark = (verdict: string) =>
    `<b class="verdict ${verdict === "PASS" ? "pass" : verdict === "FAIL" ? "fail" : "open"}">${escapeHtml(verdict)}</b>`;
  const items = claims.map(({ number, statement, criterion, verdict, findings }) => {
    const lines = findings.map(({ task, verdict: own, numbers, why }) => {
      const measured = Object.entries(numbers).map(
        ([name, { value, low, high }]) =>
          `${escapeHtml(name)} ${fixed(value, 2)} <span class="soft">[${fixed(low, 2)}, ${fixed(high, 2)}]</span>`,
      );
      return `<li>${mark(own)} <code>${escapeHtml(task)}</code> ${[...measured, escapeHtml(why)].join(". ")}</li>`;
    });
    return `<div class="claim"><h3>${number}. ${mark(verdict)} ${escapeHtml(statement)}</h3>
<p class="soft">${escapeHtml(criterion)}</p><ul>${lines.join("")}</ul></div>`;
  });
  return section(
    sheet,
    "claims",
    "The paper's claims",
    `<p>The claims are the paper's; when one passes is ours. Each is checked at the first
sites of the grid and the penalty nearest to the default. Brackets are 95% intervals.</p>
${items.join("\n")}`,
  );
}

/** A note, then a table; its CSV lies beside the figures. */
export function tableSection(sheet: Sheet, { id, title, columns, rows, note }: TableData): string {
  sheet.figures.push({ name: slug(`${sheet.task}-${id}`), svg: "", csv: csv([columns, ...rows]) });
  return section(sheet, id, title, `<p class="soft">${escapeHtml(note)}</p>${table({ label: title, columns, rows })}`);
}

/** What could not be learned, where there is any. */
export function failedSection(sheet: Sheet, { failed }: ReportData): string {
  if (failed.length === 0) return "";
  const items = failed.map(({ id, problem }) => `<li><code>${escapeHtml(id)}</code> ${escapeHtml(problem)}</li>`);
  return section(
    sheet,
    "failed",
    "Not learned",
    `<p>These trials ended with an error and are in no mean.</p><ul>${items.join("")}</ul>`,
  );
}

/** The exact command, the seeds and the versions. */
export function reproduceSection(sheet: Sheet, { reproduce, model }: ReportData): string {
  const { command, seeds, versions, seconds, figures } = reproduce;
  const beside =
    figures === undefined
      ? ""
      : ` The figures lie beside this file in
<code>${escapeHtml(figures)}</code>, as SVG, with their numbers as CSV.`;
  return section(
    sheet,
    "reproduce",
    "Make this report again",
    `<pre><code>${escapeHtml(command)}</code></pre>
<p>${seeds.length === 1 ? "Seed" : "Seeds"} ${seeds.join(", ")}. The same command gives the same numbers with the same versions on the
same kind of processor; other processors round differently.${seconds === undefined ? "" : ` It took ${duration(seconds)}.`}</p>
${table({ label: "Versions", columns: ["What", "Version"], rows: [["Model", model.name], ...versions] })}
<p class="soft">The method is Activation Scaling, arXiv 2410.04962.${beside}</p>`,
  );
}
