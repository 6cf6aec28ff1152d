import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Page, Route } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { expectAsNode, faderAt, notice, openDesk } from "./desk-page";
import { buildTime, chromium, closeBrowser, type Opened } from "./open";

const folder = new URL("../../../models/capitals/", import.meta.url);
const names = ["config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json"];
const files = new Map(names.map((name) => [name, readFileSync(new URL(name, folder))]));
const commit = "c".repeat(40);
const hub = "https://huggingface.co/**";

/** Answers as the hub does, with two models, `owner/model` and `owner/other`. */
function answer(route: Route, beforeWeights: () => Promise<void>): Promise<void> {
  const { pathname } = new URL(route.request().url());
  const path = pathname.replace("/owner/other/", "/owner/model/");
  const headers = { "Access-Control-Allow-Origin": "*", "Access-Control-Expose-Headers": "*" };
  const json = { _id: "1", id: "owner/model", sha: commit, lastModified: "2024-01-01" };
  const list = names.map((name) => ({ type: "file", path: name, size: files.get(name)!.length, oid: "0" }));
  if (path === "/api/models/owner/model/revision/main") return route.fulfill({ headers, json });
  if (path === `/api/models/owner/model/tree/${commit}`) return route.fulfill({ headers, json: list });
  const prefix = `/owner/model/resolve/${commit}/`;
  const name = path.slice(prefix.length);
  if (!path.startsWith(prefix) || !files.has(name)) {
    return route.fulfill({ status: 401, headers: { ...headers, "X-Error-Code": "RepoNotFound" }, body: "" });
  }
  const isReady = name === "model.safetensors" ? beforeWeights() : Promise.resolve();
  // Nobody waits for it any more where another model was opened meanwhile.
  return isReady.then(() => route.fulfill({ headers, body: files.get(name)! }).catch(() => {}));
}

describe.skipIf(chromium === undefined)("a name on the hub", () => {
  let opened: Opened;
  let release = () => {};
  beforeAll(async () => {
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    opened = await openDesk({
      // Routes see nothing that a service worker asks for.
      profile: { serviceWorkers: "block" },
      prepare: (page) => page.route(hub, (route) => answer(route, () => held)),
    });
  }, buildTime);
  afterAll(async () => {
    release();
    await opened?.[Symbol.asyncDispose]();
    await closeBrowser();
  });

  const ask = async (page: Page, name: string) => {
    if (!(await page.locator("dialog.models").isVisible())) await page.locator("button.model").click();
    await page.getByLabel("Name on the hub, owner and model").fill(name);
    await page.getByRole("button", { name: "Download" }).click();
  };
  /** Puts the question of the built-in model, and a fader, to compare the answer with Node's. */
  const expectWorks = async (page: Page) => {
    await page.locator("#prompt").fill("The capital of Peru is Paris.\nQ: What is the capital of Peru?\nA:");
    for (const [side, word] of Object.entries({ correct: "Lima", wrong: "Paris" })) {
      await page.locator(`#answer-${side}`).fill(word);
      await page.locator(`#answer-${side}`).press("Enter");
    }
    await faderAt(page, "attn_out/1/19").focus();
    await page.keyboard.type("-0.9");
    await page.locator("[data-answer=wrong]").waitFor();
    expect(await expectAsNode(page)).toHaveLength(1);
  };

  test("that does not exist is said in the dialog, and the desk stays", async () => {
    const { page } = opened;
    await ask(page, "nobody/nothing");
    await page.locator("dialog").getByText('The hub has no public model "nobody/nothing".').waitFor();
    await page.locator("dialog").getByText("Check how its name is written.").waitFor();
    await ask(page, "no name/at all");
    await page.locator("dialog").getByText('"no name/at all" is no name of a model.').waitFor();
    await page.locator("dialog").getByRole("button", { name: "Close" }).click();
    expect(await page.locator("button.model").textContent()).toContain("capitals");
    await expectAsNode(page);
  });

  test("gives way to a folder that is opened meanwhile", async () => {
    const { page } = opened;
    const asked = page.waitForRequest(/model\.safetensors$/);
    await ask(page, "owner/other");
    await asked;
    await page.getByLabel("Folder of a model").setInputFiles(fileURLToPath(folder));
    await notice(page).getByText("capitals is open.").waitFor();
    expect(await page.locator("dialog .problem").count()).toBe(0);
    await expectWorks(page);
  });

  test("is downloaded with progress, and answers", async () => {
    const { page } = opened;
    await ask(page, "owner/model");
    const size = Math.ceil(files.get("tokenizer_config.json")!.length / 1000);
    await page.getByText(`Opening owner/model · tokenizer_config.json, ${size} kB of ${size} kB`).waitFor();
    expect(await page.getByRole("button", { name: "Download" }).isDisabled()).toBe(true);
    release();
    await notice(page).getByText("owner/model is open.").waitFor();
    expect(await page.locator("dialog.models").isVisible()).toBe(false);
    await expectWorks(page);
  });

  test("opens without a network afterwards", async () => {
    const { page } = opened;
    await page.unroute(hub);
    let asked = 0;
    await page.route(hub, (route) => {
      asked++;
      return route.abort();
    });
    await page.reload();
    await page.locator("[data-answer]").first().waitFor();
    await ask(page, "owner/model");
    await notice(page).getByText("owner/model is open.").waitFor();
    await expectWorks(page);
    expect(asked).toBe(0);
    await ask(page, "owner/third");
    await page.locator("dialog").getByText("The Hugging Face hub cannot be reached.").waitFor();
  });
});
