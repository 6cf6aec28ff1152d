import { isolationHeaders, safetyHeaders } from "../policy";
import type { PageFile } from "./files";

/**
 * Keeps the page's own files, so that it opens without a network, and answers with headers that let it share memory
 * between threads, also where the host sends none. Requests to elsewhere, and the page's other caches, are not its
 * business.
 */
declare const self: ServiceWorkerGlobalScope;
declare const __FILES__: readonly PageFile[];
declare const __VERSION__: string;

const { scope } = self.registration;
/** Other pages of the same host share the storage: only caches with this name in front are ours. */
const ours = `fader-page ${scope} `;
const current = `${ours}${__VERSION__}`;
const known = new Set(__FILES__.map(({ path }) => new URL(path, scope).href));

self.addEventListener("install", (event) => event.waitUntil(keepFiles()));
self.addEventListener("activate", (event) => event.waitUntil(dropOldFiles()));
self.addEventListener("message", (event) => {
  if (event.data === "take over") void self.skipWaiting();
});
self.addEventListener("fetch", (event) => {
  const url = fileOf(event.request);
  if (url !== undefined) event.respondWith(answer(event.request, url));
});

/** All files or none: where one is not that of this build, the page stays as it is. */
async function keepFiles(): Promise<void> {
  const cache = await caches.open(current);
  await Promise.all(
    __FILES__.map(async ({ path, integrity }) => {
      const url = new URL(path, scope).href;
      const response = await fetch(url, { integrity, cache: "no-cache" });
      if (!response.ok) throw new Error(`${url}: ${response.status}`);
      await cache.put(url, withHeaders(response));
    }),
  );
}

async function dropOldFiles(): Promise<void> {
  const names = await caches.keys();
  await Promise.all(
    names.filter((name) => name.startsWith(ours) && name !== current).map((name) => caches.delete(name)),
  );
}

/** Under which address a request's file is kept; undefined for what is none of the page's files. */
function fileOf(request: Request): string | undefined {
  if (request.method !== "GET") return undefined;
  const url = new URL(request.url);
  const href = `${url.origin}${url.pathname}`.replace(/\/index\.html$/, "/");
  return known.has(href) ? href : undefined;
}

async function answer(request: Request, url: string): Promise<Response> {
  if (request.mode === "navigate" && (await makeWay())) return new Response("", { headers: { Refresh: "0" } });
  const kept = await (await caches.open(current)).match(url);
  return kept ?? withHeaders(await fetch(request));
}

/**
 * A newer version waits until nobody looks at this one; but a page that is loaded again counts as looking. When it is
 * the only one, the newer version takes over first.
 */
async function makeWay(): Promise<boolean> {
  const { waiting } = self.registration;
  if (waiting === null || (await self.clients.matchAll()).length > 1) return false;
  waiting.postMessage("take over");
  return true;
}

function withHeaders(response: Response): Response {
  const headers = new Headers(response.headers);
  for (const [name, value] of Object.entries({ ...isolationHeaders, ...safetyHeaders })) headers.set(name, value);
  // The body is kept as it reads, whatever way it came.
  headers.delete("Content-Encoding");
  headers.delete("Content-Length");
  const { status, statusText } = response;
  return new Response(response.body, { status, statusText, headers });
}
