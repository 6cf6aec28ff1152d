import { existsSync } from "node:fs";
import { createServer } from "node:net";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { serve } from "./serve";

const usage = `npm run playground -- [--port 4173] [--no-isolation]

  --port          where to serve; the next free one when it is taken
  --no-isolation  as a host that does not know the headers for threads: one thread computes`;

await main();

async function main(): Promise<void> {
  const { port, isolation } = readArguments();
  const folder = fileURLToPath(new URL("../../dist-playground", import.meta.url));
  if (!existsSync(folder)) fail("There is no built page. Run: npm run build:playground");
  const { url } = await serve({ folder, port: await freePort(port), isolation });
  console.log(`The playground is at ${url}`);
  console.log(isolation ? "Ctrl-C ends it." : "Without isolation: one thread computes. Ctrl-C ends it.");
}

function readArguments(): { port: number; isolation: boolean } {
  try {
    const { values } = parseArgs({
      allowNegative: true,
      options: {
        port: { type: "string", default: "4173" },
        isolation: { type: "boolean", default: true },
        help: { type: "boolean" },
      },
    });
    const port = Number(values.port);
    if (!Number.isInteger(port) || port < 1 || port > 65535)
      throw new Error(`the port is "${values.port}", not 1 to 65535`);
    if (!values.help) return { port, isolation: values.isolation };
  } catch (error) {
    fail(`playground: ${(error as Error).message}\n\n${usage}`);
  }
  console.log(usage);
  process.exit();
}

/** The port, or the first free one after it. */
async function freePort(wanted: number): Promise<number> {
  for (let port = wanted; port <= Math.min(wanted + 20, 65535); port++) {
    if (await isFree(port)) return port;
    console.log(`Port ${port} is taken.`);
  }
  return fail(`No port from ${wanted} on is free. Name another: npm run playground -- --port 8080`);
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen(port, "localhost", () => server.close(() => resolve(true)));
  });
}

function fail(message: string): never {
  console.error(message);
  process.exit(1);
}
