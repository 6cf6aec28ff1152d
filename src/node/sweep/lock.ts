import { randomBytes } from "node:crypto";
import { link, readFile, rename, rm, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { ArgumentError } from "../../autograd";

/** A file that one process holds. */
export interface Lock {
  release(): Promise<void>;
}

interface Holder {
  pid: number;
  host: string;
  key: string;
}

/**
 * Makes a lock file, or takes it over from a process that is gone. Throws `ArgumentError` while another process, this one
 * included, holds it.
 */
export async function lockFile(path: string): Promise<Lock> {
  const own: Holder = { pid: process.pid, host: hostname(), key: randomBytes(8).toString("hex") };
  for (let attempt = 0; attempt < 5; attempt++) {
    if (await create(path, own)) {
      held.add(own.key);
      return { release: () => release(path, own) };
    }
    const holder = await read(path);
    if (holder !== undefined && isAlive(holder)) {
      throw new ArgumentError("sweep", `process ${holder.pid} on ${holder.host} is writing here`, {
        details: { lock: path },
        hint: "Wait for it, or choose another folder with --out. If no such sweep runs, remove the lock.",
      });
    }
    await putAside(path, holder?.key);
  }
  throw new ArgumentError("sweep", `${path} cannot be taken: other processes are starting here`);
}

/** Keys of the locks that this process holds: after a restart a process may have the number of the one that died. */
const held = new Set<string>();

/** False when there is one. Linked into place whole, so that nobody reads half of it. */
async function create(path: string, own: Holder): Promise<boolean> {
  const whole = `${path}.${own.key}`;
  try {
    await writeFile(whole, JSON.stringify(own));
    await link(whole, path);
    return true;
  } catch (error) {
    if ((error as { code?: string }).code === "EEXIST") return false;
    throw new ArgumentError("sweep", `${path}: ${(error as Error).message}`);
  } finally {
    await rm(whole, { force: true });
  }
}

async function read(path: string): Promise<Holder | undefined> {
  try {
    const holder = JSON.parse(await readFile(path, "utf8"));
    return Number.isInteger(holder?.pid) ? holder : undefined;
  } catch {
    return undefined;
  }
}

function isAlive({ pid, host, key }: Holder): boolean {
  // Of another machine on a shared disk nothing is known: better to stop than to write twice.
  if (host !== hostname()) return true;
  if (pid === process.pid) return held.has(key);
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as { code?: string }).code === "EPERM";
  }
}

/** Removes a dead lock by renaming it, so that of two processes that try only one removes it. */
async function putAside(path: string, key: string | undefined): Promise<void> {
  const aside = `${path}.${randomBytes(6).toString("hex")}`;
  try {
    await rename(path, aside);
  } catch {
    return;
  }
  const moved = await read(aside);
  // Another process was faster and the lock is already its own: put it back.
  if (moved?.key !== key) await link(aside, path).catch(() => undefined);
  await rm(aside, { force: true });
}

async function release(path: string, own: Holder): Promise<void> {
  held.delete(own.key);
  if ((await read(path))?.key === own.key) await rm(path, { force: true });
}
