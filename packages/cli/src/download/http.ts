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

export type Answer = Readonly<{
  status: number;
  header(name: string): string | undefined;
  /** Raw bytes without decoding. */
  body: AsyncIterable<Uint8Array>;
  /** Closes the connection. */
  close(): void;
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
    const location = answer.header("location");
    if (![301, 302, 303, 307, 308].includes(answer.status) || location === undefined) return answer;
    answer.close();
    url = redirected(url, location);
  }
  throw new DownloadError(`${address}: redirected more than ${MOST_REDIRECTS} times, possibly in a loop`);
}

function redirected(from: URL, location: string): URL {
  let to: URL;
  try {
    to = new URL(location, from);
  } catch (cause) {
    throw new DownloadError(
      `${from.href}: redirected to ${JSON.stringify(location)}, which is not an address`,
      {
        cause,
      },
    );
  }
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
    sent.on("response", (response) => resolve(answerOf(response, explain)));
  });
}

const answerOf = (response: IncomingMessage, explain: (cause: Error) => TransferError): Answer => ({
  status: response.statusCode ?? 0,
  header: (name) => response.headers[name]?.toString(),
  body: piecesOf(response, explain),
  close: () => response.destroy(),
});

/** Most buffered pieces. */
const MOST_WAITING = 64;

/**
 * All received bytes, also those before a connection broke: reading the stream directly would lose its buffered bytes.
 */
function piecesOf(
  response: IncomingMessage,
  explain: (cause: Error) => TransferError,
): AsyncIterable<Uint8Array> {
  const waiting: Uint8Array[] = [];
  let over = false;
  let broken: Error | undefined;
  let wake = (): void => {};
  const end = (error?: Error): void => {
    over = true;
    broken ??= error;
    wake();
  };
  response.on("data", (piece: Uint8Array) => {
    waiting.push(piece);
    if (waiting.length >= MOST_WAITING) response.pause();
    wake();
  });
  response
    .on("end", () => end())
    .on("error", end)
    .on("close", () => end());
  async function* take(): AsyncGenerator<Uint8Array> {
    for (;;) {
      const piece = waiting.shift();
      if (piece) yield piece;
      else if (over) break;
      else {
        response.resume();
        await new Promise<void>((done) => {
          wake = done;
        });
      }
    }
    if (broken) throw explain(broken);
  }
  return take();
}
