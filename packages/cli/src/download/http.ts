import { get as getPlain, type IncomingMessage } from "node:http";
import { get as getSecure } from "node:https";
import { DownloadError } from "@flowify/core";

const MOST_REDIRECTS = 8;

/** An error that a retry may fix: a broken connection, a busy server. */
export class TransferError extends Error {
  /** Wait in milliseconds that the server requests. */
  readonly after: number;
  constructor(message: string, options: ErrorOptions & { after?: number } = {}) {
    super(message, options);
    this.after = options.after ?? 0;
  }
}

/** The answer to a request, its bytes as the server sends them: `fetch` unpacks what a server takes for packed. */
export type Answer = Readonly<{
  response: IncomingMessage;
  /** Passes the bytes on as they come, also those before the connection breaks. */
  receive(onPiece: (piece: Uint8Array) => void): Promise<void>;
}>;

/**
 * Requests an address and follows redirects, from https only to https.
 *
 * @param idleMs milliseconds without a byte until the connection is closed
 * @throws TransferError if the connection breaks, DownloadError for redirect loops and unsafe redirects
 */
export async function ask(
  address: string,
  headers: Readonly<Record<string, string>>,
  idleMs: number,
): Promise<Answer> {
  let url = new URL(address);
  for (let hop = 0; hop <= MOST_REDIRECTS; hop++) {
    const answer = await request(url, headers, idleMs);
    const { statusCode = 0, headers: found } = answer.response;
    if (![301, 302, 303, 307, 308].includes(statusCode) || found.location === undefined) return answer;
    answer.response.destroy();
    url = redirected(url, found.location);
  }
  throw new DownloadError(`${address}: redirected more than ${MOST_REDIRECTS} times, possibly in a loop`);
}

function redirected(from: URL, location: string): URL {
  const to = URL.canParse(location, from.href) ? new URL(location, from) : undefined;
  if (to === undefined)
    throw new DownloadError(
      `${from.href}: redirected to ${JSON.stringify(location)}, which is not an address`,
    );
  if (to.protocol !== "https:" && to.protocol !== from.protocol)
    throw new DownloadError(
      `${from.href}: redirected to ${to.href}, away from ${from.protocol.slice(0, -1)}`,
    );
  return to;
}

function request(url: URL, headers: Readonly<Record<string, string>>, idleMs: number): Promise<Answer> {
  return new Promise((resolve, reject) => {
    let stalled = false;
    const explain = (cause: Error): TransferError =>
      new TransferError(
        stalled ? `no byte arrived for ${idleMs / 1000} s` : `the connection broke (${cause.message})`,
        { cause },
      );
    const get = url.protocol === "https:" ? getSecure : getPlain;
    const sent = get(url, { headers: { "user-agent": "flowify", ...headers }, agent: false });
    sent.setTimeout(idleMs, () => {
      stalled = true;
      sent.destroy(new Error("timeout"));
    });
    sent.on("error", (error) => reject(explain(error)));
    sent.on("response", (response) =>
      resolve({
        response,
        receive: (onPiece) =>
          new Promise((done, fail) => {
            response.on("end", done).on("close", done);
            response.on("error", (error) => fail(explain(error)));
            response.on("data", (piece: Uint8Array) => {
              try {
                onPiece(piece);
              } catch (error) {
                fail(error instanceof Error ? error : new Error(String(error)));
                response.destroy();
              }
            });
          }),
      }),
    );
  });
}
