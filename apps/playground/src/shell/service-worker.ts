/**
 * Keeps the page for a visit without a network: every file of this version when it is installed, and
 * answers from there first. The build writes the list in front of this file.
 */
declare const FILES: readonly string[];

type Extendable = Event & { waitUntil(done: Promise<unknown>): void };
type Fetched = Event & { request: Request; respondWith(answer: Promise<Response>): void };
type Scope = {
  skipWaiting(): Promise<void>;
  clients: { claim(): Promise<void> };
  addEventListener(type: "install" | "activate", listener: (event: Extendable) => void): void;
  addEventListener(type: "fetch", listener: (event: Fetched) => void): void;
};

const scope = globalThis as unknown as Scope;

/** Names of built files hold their hashes, so the list names the version. */
function version(): string {
  let hash = 0;
  for (const character of FILES.join()) hash = (Math.imul(hash, 31) + character.charCodeAt(0)) | 0;
  return `flowify-playground-${(hash >>> 0).toString(16)}`;
}

scope.addEventListener("install", (event) => {
  const store = async (): Promise<void> => {
    await (await caches.open(version())).addAll([...FILES]);
    await scope.skipWaiting();
  };
  event.waitUntil(store());
});

scope.addEventListener("activate", (event) => {
  const clean = async (): Promise<void> => {
    for (const name of await caches.keys())
      if (name.startsWith("flowify-playground-") && name !== version()) await caches.delete(name);
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
