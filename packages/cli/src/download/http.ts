import { get as getPlain, type IncomingMessage } from "node:http";
import { get as getSecure } from "node:https";
import { DownloadError } from "@flowify/core";

const MOST_REDIRECTS = 8;

/** What another try may mend: a connection that broke, a server that is busy. */
export class TransferError extends Error {
  /** Milliseconds that the server asks to wait. */
  readonly after: number;
  constructor(message: string, options: ErrorOptions & { after?: number } = {}) {
    super(message, options);
    this.after = options.after ?? 0;
  }
}

export type Answer = Readonly<{
  status: number;
  header(name: string): string | undefined;
  /** Raw bytes, whatever their encoding. */
  body: AsyncIterable<Uint8Array>;
  /** Gives the connection up. */
  close(): void;
}>;

/**
 * Asks for an address and follows redirections, from https only to https.
 *
 * @param idleMs milliseconds without a byte after which the connection is given up
 * @throws TransferError where the connection breaks, DownloadError for redirections in a circle or elsewhere
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
  throw new DownloadError(`${address}: redirected more than ${MOST_REDIRECTS} times, in a circle perhaps`);
}

function redirected(from: URL, location: string): URL {
  let to: URL;
  try {
    to = new URL(location, from);
  } catch (cause) {
    throw new DownloadError(`${from.href}: redirected to ${JSON.stringify(location)}, which is no address`, {
      cause,
    });
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
        stalled ? `no byte came for ${idleMs / 1000} s` : `the connection broke (${cause.message})`,
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

/** Pieces that may wait to be taken. */
const MOST_WAITING = 64;

/** All that came, also before a connection broke: reading the stream itself would lose what waits in it. */
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
