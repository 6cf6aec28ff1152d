import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { cpus } from "node:os";
import { fileURLToPath } from "node:url";
import type { Case } from "./cases";
import type { Command } from "./child";
import type { PeerName } from "./options";

export interface Engine {
  name: string;
  runs: (spec: Case) => boolean;
  /** Several where the fastest is to be found first, as with PyTorch's threads. */
  commands: (folder: string) => readonly Command[];
  /** Items beside those of the case. */
  extra?: (spec: Case) => readonly string[];
  runtime: "node" | "python";
}

const path = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url));
const python = "/usr/bin/python3";

/** Fused multiply-adds for every engine that looks for them: Node 20 hides them behind a flag, later versions do not. */
const nodeFlags = Number(process.versions.node.split(".")[0]) < 21 ? ["--experimental-wasm-relaxed-simd"] : [];

const ours = (name: string, threads: number | undefined, rest: Partial<Engine>): Engine => ({
  name,
  runs: () => true,
  // It turns them on itself, as it does for its users.
  commands: (folder) => {
    const file = path("runner/fader.mjs");
    return [{ file: process.execPath, args: [file, folder, ...(threads === undefined ? [] : [String(threads)])] }];
  },
  runtime: "node",
  ...rest,
});

const inNode = (name: PeerName, runner: string, args: readonly string[], runs: Engine["runs"]): Engine => ({
  name,
  runs,
  commands: (folder) => [{ file: process.execPath, args: [...nodeFlags, path(runner), folder, ...args] }],
  runtime: "node",
});

/** Plain JavaScript would take minutes for one step of these. */
const tooLargeForJavaScript: readonly string[] = ["B", "I", "forward", "generate"];

const peers: Readonly<Record<PeerName, Engine>> = {
  "jax-js": inNode("jax-js", "peers/jax.mjs", [], (spec) => spec.kind !== "memory"),
  "tfjs-wasm": inNode("tfjs-wasm", "peers/tfjs.mjs", ["wasm"], (spec) => spec.kind !== "memory"),
  "tfjs-cpu": inNode(
    "tfjs-cpu",
    "peers/tfjs.mjs",
    ["cpu"],
    (spec) => spec.kind !== "memory" && !tooLargeForJavaScript.includes(spec.name),
  ),
  torch: {
    name: "torch",
    runs: (spec) => spec.kind !== "memory",
    commands: (folder) =>
      ["1", "2"].flatMap((omp) =>
        ["1", "2"].map((blas) => ({
          file: python,
          args: [path("peers/torch.py"), folder],
          env: { OMP_NUM_THREADS: omp, OPENBLAS_NUM_THREADS: blas },
        })),
      ),
    runtime: "python",
  },
};

/** The engines to run, ours first: it is the reference of the others. `say` hears what is installed and skipped. */
export function chooseEngines(
  wanted: readonly PeerName[],
  choosesThreads: boolean,
  say: (line: string) => void,
): { engines: Engine[]; skipped: string[] } {
  const skipped: string[] = [];
  const single = ours("fader-1", choosesThreads ? 1 : undefined, {
    runs: (spec) => spec.kind === "gemm",
    extra: () => ["peak"],
  });
  const all = ours("fader", choosesThreads ? cpus().length : undefined, {
    runs: (spec) => choosesThreads || spec.kind !== "gemm",
    extra: (spec) => (spec.kind === "elementwise" ? ["copy"] : []),
  });
  if (!choosesThreads) skipped.push("fader on all cores: this build has one thread");
  const engines = [single, all];
  const packages = wanted.some((name) => name !== "torch") ? installPeers(say) : undefined;
  for (const name of wanted) {
    const problem = name === "torch" ? torchProblem() : packages;
    if (problem === undefined) engines.push(peers[name]);
    else skipped.push(`${name}: ${problem}`);
  }
  return { engines, skipped };
}

/** Installs the packages of the peers where they are missing; says why that failed. */
function installPeers(say: (line: string) => void): string | undefined {
  const folder = path("peers");
  const { dependencies } = JSON.parse(readFileSync(`${folder}/package.json`, "utf8")) as {
    dependencies: Record<string, string>;
  };
  const isThere = Object.entries(dependencies).every(([name, version]) => {
    const file = `${folder}/node_modules/${name}/package.json`;
    return existsSync(file) && JSON.parse(readFileSync(file, "utf8")).version === version;
  });
  if (isThere) return undefined;
  // Their install scripts only print thanks.
  const args = ["install", "--prefix", folder, "--no-package-lock", "--no-audit", "--no-fund", "--ignore-scripts"];
  say(`npm ${args.join(" ")}`);
  const { status, stderr } = spawnSync("npm", args, { encoding: "utf8", shell: process.platform === "win32" });
  if (status === 0) return undefined;
  const reason = /npm (?:error|ERR!) (?:code )?(\w+)/.exec(stderr)?.[1] ?? "npm failed";
  return `its package could not be installed (${reason}); is the registry in reach?`;
}

function torchProblem(): string | undefined {
  if (!existsSync(python)) return `no ${python}`;
  const { status } = spawnSync(python, ["-c", "import torch"], { stdio: "ignore" });
  return status === 0 ? undefined : "not installed (Debian: apt install python3-torch libopenblas0-pthread)";
}

/** Most bytes resident in a process of the runtime that does nothing. */
export function bareMemory(runtime: Engine["runtime"]): number {
  const node =
    "let m;try{m=1024*/VmHWM:\\s+(\\d+)/.exec(require('fs').readFileSync('/proc/self/status','utf8'))[1]}" +
    "catch{m=process.memoryUsage.rss()}console.log(m)";
  // Not getrusage alone: on Linux it counts what the parent had at the fork.
  const py = [
    "import os, re, resource",
    "path = '/proc/self/status'",
    "own = re.search(r'VmHWM:\\s+(\\d+)', open(path).read()) if os.path.exists(path) else None",
    "print(1024 * int(own[1]) if own else resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)",
  ].join("\n");
  const [file, args] = runtime === "node" ? [process.execPath, ["-e", node]] : [python, ["-c", py]];
  return Number(spawnSync(file, args, { encoding: "utf8" }).stdout);
}
