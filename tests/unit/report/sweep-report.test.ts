import { parseHTML } from "linkedom";
import { describe, expect, test } from "vitest";
import { renderReport } from "../../../src/report";
import { csv } from "../../../src/report/export";
import { sweepReport } from "../../helpers/report";

const evil = `"'><script>alert(1)</script>&amp;<svg onload=x>`;

describe("the report of a sweep", () => {
  test("has the sections in order, each with an id of its own", async () => {
    const { html } = await renderReport(sweepReport());
    const { document } = parseHTML(html);
    const [article] = Array.from(document.querySelectorAll("article"));
    const titles = Array.from(article!.querySelectorAll("h3"), (heading) => heading.textContent);
    expect(titles).toEqual([
      ...["One prompt", "Where the faders moved", "Where the steering vectors act", "What effectiveness costs"],
      ...["One dial", "How few places are enough", "All settings", "Harm off the task", "Baselines"],
      ...["Looking inside, before and after", "Attention, before and after"],
    ]);
    const last = Array.from(document.querySelectorAll("h2"), (heading) => heading.textContent);
    expect(last).toEqual(["The paper's claims", "ccc-qa", "ioi-0", "Not learned", "Make this report again"]);
    const links = Array.from(document.querySelectorAll("nav a"), (link) => [
      link.getAttribute("href"),
      link.textContent,
    ]);
    const headings = Array.from(document.querySelectorAll("h2, article h3"), (heading) => [
      `#${heading.getAttribute("id")}`,
      heading.textContent,
    ]);
    expect(links).toEqual(headings);
    const ids = Array.from(document.querySelectorAll("[id]"), (element) => element.getAttribute("id"));
    expect(new Set(ids).size).toBe(ids.length);
    expect(/NaN|undefined/.test(html)).toBe(false);
  });

  test("says PASS and FAIL with the numbers and the reason", async () => {
    const { document } = parseHTML((await renderReport(sweepReport())).html);
    const claims = Array.from(document.querySelectorAll(".claim"), (claim) => claim.textContent!.replace(/\s+/g, " "));
    expect(claims[1]).toContain("FAIL Scalars are about as effective");
    expect(claims[1]).toContain("scalars − vectors −0.01 [−0.03, 0.01]. Scalars flip 99%.");
    expect(document.querySelectorAll(".claim > h3 .pass")).toHaveLength(1);
    expect(document.querySelectorAll(".claim > h3 .fail")).toHaveLength(1);
  });

  test("escapes hostile text wherever it comes from, and loads nothing", async () => {
    const { html, figures } = await renderReport(sweepReport(evil));
    const { document } = parseHTML(html);
    for (const text of [html, ...figures.map(({ svg }) => svg)]) expect(/<script|<svg onload/i.test(text)).toBe(false);
    expect(document.querySelector("h1")!.textContent).toBe(evil);
    expect(
      document.querySelectorAll("[onload], script, link, img, iframe, [src], [href]:not([href^='#'])"),
    ).toHaveLength(0);
    const names = html.replaceAll("http://www.w3.org/2000/svg", "").replaceAll("http://www.w3.org/1999/xlink", "");
    expect(/https?:|url\(|@import|javascript:/i.test(names)).toBe(false);
  });

  test("gives every figure as SVG that stands alone, and its numbers as CSV", async () => {
    const data = sweepReport();
    const { html, figures } = await renderReport(data);
    const drawn = figures.filter(({ svg }) => svg !== "");
    expect(drawn).toHaveLength(parseHTML(html).document.querySelectorAll("figure").length);
    expect(new Set(figures.map(({ name }) => name)).size).toBe(figures.length);
    for (const { name, svg } of drawn) {
      expect(svg, name).toMatch(
        /^<\?xml version="1.0" encoding="UTF-8"\?>\n<svg xmlns="http:\/\/www.w3.org\/2000\/svg"/,
      );
      expect(svg, name).not.toContain("var(");
      expect(name).toMatch(/^[\w-]+$/);
    }
    const map = figures
      .find(({ name }) => name === "ccc-qa-faders-attn_out")!
      .csv.trim()
      .split("\n");
    expect(map[0]).toBe("layer,position,token,alpha");
    // The token that is a line break spans two lines, in each of three layers.
    expect(map).toHaveLength(1 + 3 * 8 + 3);
    const dial = figures.find(({ name }) => name === "ccc-qa-dial-Delta-as-beta-turns")!.csv.split("\n");
    expect(dial[1]).toBe("scalars,-1.5,-6,-6.5,-5.5");
    const csvOf = (name: string) => figures.find((figure) => figure.name === name)!.csv;
    expect(csvOf("ioi-0-table")).toContain('"90.0% [85.0%, 95.0%]"');
    expect(csvOf("ioi-0-harm")).toContain('"0.139 [0.034, 0.239]"');
    expect(csvOf("ioi-0-baselines")).toContain('caa,"0% [0%, 0%]"');
    const attention = csvOf("ccc-qa-attention-Head-1-2").split("\n");
    expect(attention[0]).toBe("query,query_token,key,key_token,before,after");
    expect(attention[6]).toBe('2," of",2," of",0.3333333333333333,0');
  });

  test("says where no head reads anything else, and leaves out what was not measured", async () => {
    const data = sweepReport();
    const tasks = data.tasks.map((task) => ({
      ...task,
      tables: task.tables.filter(({ id }) => id === "table"),
      attention: { ...task.attention!, heads: [] },
    }));
    const { html } = await renderReport({ ...data, tasks });
    expect(html).toContain("No head of the 12 reads anything else");
    expect(html).not.toContain("Harm off the task");
    expect(html).not.toContain("Baselines");
  });

  test("gives the same text for the same data", async () => {
    expect((await renderReport(sweepReport())).html).toBe((await renderReport(sweepReport())).html);
  });
});

test("csv quotes what would be read as something else", () => {
  expect(csv([["a,b", 'say "x"', "\n", " of", 1.5, Number.NaN, undefined]])).toBe(
    '"a,b","say ""x""","\n"," of",1.5,,\n',
  );
});
