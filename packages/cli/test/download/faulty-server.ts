import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, beforeEach } from "vitest";

/** What one request gets. */
export type Fault = (response: ServerResponse, request: IncomingMessage) => void;

type FaultyServer = {
  url: string;
  /** One for each request in turn; the last one stays. */
  faults: Fault[];
  /** The Range header of every request. */
  ranges: (string | undefined)[];
};

/** A server on this machine that gives `content` as it is told to: cut, stalled, changed, refused, redirected. */
export function faultyServer(content: Uint8Array) {
  const state: FaultyServer = { url: "", faults: [], ranges: [] };
  const server = createServer((request, response) => {
    state.ranges.push(request.headers.range);
    const fault = state.faults.length > 1 ? state.faults.shift() : state.faults[0];
    fault?.(response, request);
  });
  beforeAll(async () => {
    await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
    state.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/file`;
  });
  beforeEach(() => {
    Object.assign(state, { faults: [], ranges: [] });
  });
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });

  /** The whole, or from where `Range` asks for it. */
  const honest: Fault = (response, request) => answer(content.length)(response, request);

  /** An honest answer that ends after so many of its bytes: the connection is cut, or left open. */
  const answer =
    (bytes: number, end: "cut" | "stall" | "end" = "end"): Fault =>
    (response, { headers }) => {
      const from = Number(/^bytes=(\d+)-$/.exec(headers.range ?? "")?.[1] ?? 0);
      const part = content.subarray(from);
      const range = { "content-range": `bytes ${from}-${content.length - 1}/${content.length}` };
      response.writeHead(from > 0 ? 206 : 200, {
        "content-length": part.length,
        ...(from > 0 && range),
      });
      if (end === "end") response.end(part.subarray(0, bytes));
      else
        response.write(part.subarray(0, bytes), () => {
          // what was written still arrives
          if (end === "cut") response.socket?.end();
        });
    };

  return { state, honest, answer };
}

/** An answer with this status and these headers. */
export const status =
  (
    code: number,
    headers: Readonly<Record<string, string>> = {},
    body: Uint8Array = new Uint8Array(),
  ): Fault =>
  (response) => {
    response.writeHead(code, headers);
    response.end(body);
  };
