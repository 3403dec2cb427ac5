/**
 * Stores the page for offline visits: every file of this version at installation. Answers come from this cache first.
 * The build writes the list of files, and a name for their content, in front of this file.
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

/** The cache of this version. Many files have names without a hash, so a hash of their content names the version. */
const CACHE = `flowify-${VERSION}`;

scope.addEventListener("install", (event) => {
  const store = async (): Promise<void> => {
    // bypasses the browser's HTTP cache, which may hold an earlier version
    const fresh = FILES.map((file) => new Request(file, { cache: "no-cache" }));
    await (await caches.open(CACHE)).addAll(fresh);
    await scope.skipWaiting();
  };
  event.waitUntil(store());
});

scope.addEventListener("activate", (event) => {
  const clean = async (): Promise<void> => {
    for (const name of await caches.keys())
      if (name.startsWith(CACHE.replace(/\w+$/, "")) && name !== CACHE) await caches.delete(name);
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
