import { existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { Report } from "./compare";
import { verifyModel } from "./models";
import { type OpCase, verifyOp } from "./ops";

const usage = `Checks this library against reference values.

  npm run verify -- PATH...

PATH: an ops.json, or a model folder (config.json, model.safetensors, expected.json).
Prints the largest error of each kind. Exit status 1 where a tolerance is exceeded.
Example: npm run verify -- ../shared/fixtures/ops.json ../shared/fixtures/models/gpt2-f32`;

const paths = process.argv.slice(2);
if (paths.length === 0 || paths.includes("--help")) {
  console.log(usage);
  process.exit(paths.length === 0 ? 1 : 0);
}

let failures = 0;
for (const path of paths) {
  const report = new Report();
  try {
    if (!existsSync(path)) throw new Error("no such file or folder");
    if (statSync(path).isDirectory()) {
      console.log(path);
      await verifyModel(path, JSON.parse(readFileSync(join(path, "expected.json"), "utf8")), report);
    } else {
      const { cases } = JSON.parse(readFileSync(path, "utf8")) as { cases?: OpCase[] };
      if (!Array.isArray(cases)) throw new Error('not an ops file: it has no list "cases"');
      console.log(`${path}: ${cases.length} cases, in float64 and float32`);
      for (const dtype of ["f64", "f32"] as const) for (const test of cases) verifyOp(test, dtype, report);
    }
  } catch (error) {
    report.fail("run", path, (error as Error).message);
  }
  console.log(report.toString());
  failures += report.failures;
}
console.log(failures === 0 ? "all within tolerance" : `${failures} outside tolerance`);
process.exitCode = failures === 0 ? 0 : 1;
