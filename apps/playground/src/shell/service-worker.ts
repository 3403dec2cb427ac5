/**
 * Keeps the page for a visit without a network: every file of this version when it is installed, and
 * answers from there first. The build writes the list, and a name for the content of all of them, in
 * front of this file.
 */
declare const FILES: readonly string[];
declare const VERSION: string;

type Extendable = Event & { waitUntil(done: Promise<unknown>): void };
type Fetched = Event & { request: Request; respondWith(answer: Promise<Response>): void };
type Scope = {
  skipWaiting(): Promise<void>;
  clients: { claim(): Promise<void> };
  addEventListener(type: "install" | "activate", listener: (event: Extendable) => void): void;
  addEventListener(type: "fetch", listener: (event: Fetched) => void): void;
};

const scope = globalThis as unknown as Scope;

/** Where the files of this version are kept. Many have names without a hash, so their content names the version. */
const CACHE = `flowify-playground-${VERSION}`;

scope.addEventListener("install", (event) => {
  const store = async (): Promise<void> => {
    // asks the host for what the browser's own cache holds of an earlier version
    const fresh = FILES.map((file) => new Request(file, { cache: "no-cache" }));
    await (await caches.open(CACHE)).addAll(fresh);
    await scope.skipWaiting();
  };
  event.waitUntil(store());
});

scope.addEventListener("activate", (event) => {
  const clean = async (): Promise<void> => {
    for (const name of await caches.keys())
      if (name.startsWith("flowify-playground-") && name !== CACHE) await caches.delete(name);
    await scope.clients.claim();
  };
  event.waitUntil(clean());
});

scope.addEventListener("fetch", (event) => {
  const { request } = event;
  if (request.method !== "GET" || !request.url.startsWith("http")) return;
  const answer = async (): Promise<Response> => {
    const kept = await caches.match(request, { ignoreSearch: true });
    return kept ?? fetch(request);
  };
  event.respondWith(answer());
});
