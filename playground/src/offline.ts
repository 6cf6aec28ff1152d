/// <reference types="vite/client" />

/**
 * Lets the page open without a network from now on. Where that cannot be - a file, an insecure host, a browser that
 * refuses - the page works all the same, and nothing is said.
 */
export async function registerOffline(): Promise<void> {
  // While the page is being written, what is kept would be old.
  if (!import.meta.env.PROD) return;
  try {
    await navigator.serviceWorker?.register("./offline.js");
  } catch {
    // The page needs it for nothing that it shows.
  }
}
