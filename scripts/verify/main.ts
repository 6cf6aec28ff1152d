import { existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { Report } from "./compare";
import { dtypes, sensibleDTypes, type VerifyDType, verifyModel } from "./models";
import { type OpCase, verifyOp } from "./ops";

const usage = `Checks this library against reference values.

  npm run verify -- [--dtype LIST] PATH...

PATH: an ops.json, or a model folder (config.json, model.safetensors or its shards, expected.json).
LIST: what weights are loaded as, of ${dtypes.join(",")}; default: all that say something about the folder.
  f32 and auto must meet the bounds of the fixtures' README. f16 and bf16 round the weights: what is computed must be
  what float32 gives with the rounded weights, and the logits must stay as near as rounding allows.
Prints the largest error of each kind. Exit status 1 where a bound is exceeded.
Example: npm run verify -- ../shared/fixtures/ops.json ../shared/fixtures/models/gpt2-f32`;

function fromCommandLine() {
  try {
    const options = { dtype: { type: "string" }, help: { type: "boolean" } } as const;
    const { values, positionals } = parseArgs({ options, allowPositionals: true });
    const chosen = values.dtype?.split(",") as VerifyDType[] | undefined;
    const unknown = chosen?.find((dtype) => !dtypes.includes(dtype));
    if (unknown !== undefined) throw new Error(`--dtype: "${unknown}" is none of ${dtypes.join(", ")}`);
    return { paths: positionals, chosen, help: values.help === true };
  } catch (error) {
    console.error((error as Error).message);
    process.exit(1);
  }
}

const { paths, chosen, help } = fromCommandLine();
if (paths.length === 0 || help) {
  console.log(usage);
  process.exit(help ? 0 : 1);
}

let failures = 0;
async function reported(title: string, checks: (report: Report) => void | Promise<void>): Promise<void> {
  const report = new Report();
  console.log(title);
  try {
    await checks(report);
  } catch (error) {
    report.fail("run", title, (error as Error).message);
  }
  console.log(report.toString());
  failures += report.failures;
}

/** Parsed JSON; what cannot be read is a failure under the path's own title. */
async function checkPath(path: string): Promise<void> {
  if (!existsSync(path)) return reported(path, () => Promise.reject(new Error("no such file or folder")));
  const isFolder = statSync(path).isDirectory();
  const file = isFolder ? join(path, "expected.json") : path;
  let content: { cases?: OpCase[] };
  try {
    content = JSON.parse(readFileSync(file, "utf8"));
  } catch (error) {
    return reported(path, () => Promise.reject(error));
  }
  if (isFolder) {
    for (const dtype of chosen ?? sensibleDTypes(content)) {
      await reported(`${path}, weights ${dtype}`, (report) => verifyModel(path, content, report, dtype));
    }
    return;
  }
  await reported(path, (report) => {
    if (!Array.isArray(content.cases)) throw new Error('not an ops file: it has no list "cases"');
    console.log(`${content.cases.length} cases, in float64 and float32`);
    for (const dtype of ["f64", "f32"] as const) for (const test of content.cases) verifyOp(test, dtype, report);
  });
}

for (const path of paths) await checkPath(path);
console.log(failures === 0 ? "all within tolerance" : `${failures} outside tolerance`);
process.exitCode = failures === 0 ? 0 : 1;
