import { cpus, type as osType, release, totalmem } from "node:os";

/** Where the numbers were measured. */
export function machine(): Record<string, string | number> {
  return {
    cpu: cpus()[0]?.model.trim() ?? "unknown",
    cores: cpus().length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    os: `${osType()} ${release()}`,
    arch: process.arch,
    node: process.versions.node,
  };
}
