import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DownloadError, UsageError } from "@flowify/core";
import { describe, expect, it } from "vitest";
import { fetchFile } from "../../src/download/fetch-file.js";
import { ramp } from "../data/npy-files.js";
import { temporaryFolder } from "../temporary-folder.js";
import { type Fault, faultyServer, status } from "./faulty-server.js";

const root = temporaryFolder();
const content = ramp(300_000);
const sha256 = createHash("sha256").update(content).digest("hex");
const { state, honest, answer } = faultyServer(content);
const HALF = 150_000;
let made = 0;

/** A place of its own for each test. */
const place = (): { folder: string; path: string } => {
  const folder = join(root, String(made++));
  return { folder, path: join(folder, "file") };
};

async function fetchTo(
  path: string,
  url = state.url,
  idleMs = 20_000,
): Promise<{ fetched: boolean; pauses: number[]; said: string[] }> {
  const [pauses, said]: [number[], string[]] = [[], []];
  const fetched = await fetchFile({ url, checksum: { kind: "sha256", value: sha256 } }, path, {
    idleMs,
    wait: async (ms) => void pauses.push(ms),
    onRetry: (why) => void said.push(why),
  });
  return { fetched, pauses, said };
}

async function refusal(path: string, url?: string): Promise<string> {
  const error = await fetchTo(path, url).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(DownloadError);
  expect((error as Error).message).toContain(url ?? state.url);
  expect(existsSync(path)).toBe(false);
  return (error as Error).message;
}

const withHeaders =
  (headers: Readonly<Record<string, string>>, body: Uint8Array, code = 200): Fault =>
  (response) => {
    response.writeHead(code, headers);
    response.end(body);
  };
const flipped = content.map((byte, i) => (i === 777 ? byte ^ 1 : byte));

describe("fetchFile gives the right bytes", () => {
  it.each<[string, Fault[], (string | undefined)[]]>([
    ["of an honest server", [honest], [undefined]],
    ["after a cut, going on where it ended", [answer(HALF, "cut"), honest], [undefined, `bytes=${HALF}-`]],
    [
      "where the length is too large",
      [withHeaders({ "content-length": "300001" }, content), honest],
      [undefined, "bytes=300000-"],
    ],
    [
      "where the length is too small",
      [withHeaders({ "content-length": "299999" }, content), honest],
      [undefined, undefined],
    ],
    ["without a length", [withHeaders({ "transfer-encoding": "chunked" }, content)], [undefined]],
    [
      "of a server that ignores Range",
      [answer(HALF, "cut"), withHeaders({}, content)],
      [undefined, `bytes=${HALF}-`],
    ],
    [
      "where another part comes than was asked for",
      [answer(HALF, "cut"), withHeaders({ "content-range": "bytes 0-299999/300000" }, content, 206), honest],
      [undefined, `bytes=${HALF}-`, undefined],
    ],
    [
      "where the part is refused",
      [answer(HALF, "cut"), status(416), honest],
      [undefined, `bytes=${HALF}-`, undefined],
    ],
    [
      "where a part comes that nobody asked for",
      [status(206, { "content-range": "bytes 5-9/300000" }, content.subarray(5, 10)), honest],
      [undefined, undefined],
    ],
    ["after bytes that were damaged", [withHeaders({}, flipped), honest], [undefined, undefined]],
    [
      "after redirections",
      [status(302, { location: "/elsewhere" }), status(307, { location: "/file?again" }), honest],
      [undefined, undefined, undefined],
    ],
    [
      "that are packed in the eyes of the server",
      [withHeaders({ "content-encoding": "gzip" }, content)],
      [undefined],
    ],
    [
      "after answers that are none",
      [(response) => response.socket?.end("HTTP/1.1 maybe\r\n\r\n"), honest],
      [undefined, undefined],
    ],
  ])("%s", async (_, faults, ranges) => {
    const { folder, path } = place();
    state.faults.push(...faults);
    await fetchTo(path);
    expect(readFileSync(path).equals(content)).toBe(true);
    expect(readdirSync(folder)).toEqual(["file"]);
    expect(state.ranges).toEqual(ranges);
  });

  it("begins anew where the server has another version by now", async () => {
    const { path } = place();
    const before: Fault = (response) => {
      response.writeHead(200, { "content-length": content.length });
      response.write(flipped.subarray(0, HALF), () => response.socket?.end());
    };
    state.faults.push(before, honest, honest);
    const { said } = await fetchTo(path);
    expect(readFileSync(path).equals(content)).toBe(true);
    expect(said[1]).toContain("damaged in transfer, or replaced by another file");
    expect(state.ranges).toEqual([undefined, `bytes=${HALF}-`, undefined]);
  });

  it("goes on in a later call", async () => {
    const { folder, path } = place();
    state.faults.push(answer(HALF, "cut"), answer(0, "cut"));
    expect(await refusal(path)).toContain(`run the command again: it continues from ${HALF} bytes`);
    expect(readdirSync(folder)).toEqual(["file.part"]);
    Object.assign(state, { ranges: [], faults: [honest] });
    await fetchTo(path);
    expect(readFileSync(path).equals(content)).toBe(true);
    expect(readdirSync(folder)).toEqual(["file"]);
    expect(state.ranges).toEqual([`bytes=${HALF}-`]);
  });

  it("asks nobody for what is there, and leaves another file alone", async () => {
    const { path } = place();
    state.faults.push(honest);
    expect((await fetchTo(path)).fetched).toBe(true);
    expect((await fetchTo(path)).fetched).toBe(false);
    expect(state.ranges).toHaveLength(1);
    writeFileSync(path, "mine");
    await expect(fetchTo(path)).rejects.toThrow(UsageError);
    await expect(fetchTo(path)).rejects.toThrow(
      /already present, but its sha256 differs from .*\nremove it, or choose another --out/,
    );
    expect(readFileSync(path, "utf8")).toBe("mine");
  });
});

describe("fetchFile tries again", () => {
  it("with growing pauses, and gives up", async () => {
    const { path } = place();
    state.faults.push(status(503));
    const pauses: number[] = [];
    const tried = fetchFile({ url: state.url, checksum: { kind: "sha256", value: sha256 } }, path, {
      wait: async (ms) => void pauses.push(ms),
    });
    await expect(tried).rejects.toThrow(
      /status 503, 6 times in a row\ntry again later; or download it yourself to /,
    );
    expect(pauses).toEqual([1000, 2000, 4000, 8000, 16_000]);
  });

  it("after the pause that the server asks for, up to a minute", async () => {
    state.faults.push(status(503, { "retry-after": "7" }), status(429, { "retry-after": "86400" }), honest);
    expect((await fetchTo(place().path)).pauses).toEqual([7000, 60_000]);
  });

  it("as often as it takes while it gets further", async () => {
    state.faults.push(...Array.from({ length: 20 }, () => answer(10_000, "cut")), honest);
    const { pauses, said } = await fetchTo(place().path);
    expect(pauses).toEqual(Array.from({ length: 20 }, () => 1000));
    expect(said[0]).toMatch(/^the connection broke \(.*\)$/);
  });

  it.each<[string, Fault, RegExp]>([
    ["in the middle", answer(HALF, "stall"), /^bytes=[1-9]\d*-$/],
    ["before the first byte", () => {}, /^none$/],
  ])("after a stall %s, and says so", async (_, stall, range) => {
    const { path } = place();
    state.faults.push(stall, honest);
    const { said } = await fetchTo(path, state.url, 400);
    expect(readFileSync(path).equals(content)).toBe(true);
    expect(said[0]).toBe("no byte arrived for 0.4 s");
    expect(state.ranges[1] ?? "none").toMatch(range);
  });
});

describe("fetchFile refuses", () => {
  it.each<[string, Fault, string, number]>([
    [
      "what is not there",
      status(404),
      "status 404, the file is gone\nname another server with the same files: --mirror URL",
      1,
    ],
    ["what is forbidden", status(403), "status 403, the server refused the request", 1],
    [
      "a circle of redirections",
      status(302, { location: "/file" }),
      "redirected more than 8 times, possibly in a loop",
      9,
    ],
    [
      "a redirection to a file",
      status(302, { location: "file:///etc/passwd" }),
      "redirected to file:///etc/passwd, away from http",
      1,
    ],
    [
      "a redirection to nowhere",
      status(302, { location: "http://" }),
      'redirected to "http://", which is not an address',
      1,
    ],
    ["a redirection without an address", status(302), "status 302, the server refused the request", 1],
    [
      "a file that is always damaged",
      withHeaders({}, flipped),
      `expected ${sha256}: damaged in transfer, or replaced by another file, 6 times in a row`,
      6,
    ],
    [
      "an empty file",
      withHeaders({}, new Uint8Array()),
      "damaged in transfer, or replaced by another file",
      6,
    ],
    ["a connection that is always cut", answer(0, "cut"), "the connection broke", 6],
    [
      "a part that is never the right one",
      status(206, { "content-range": "bytes 0-1/2" }),
      "sent another part than requested",
      6,
    ],
  ])("%s", async (_, fault, message, requests) => {
    state.faults.push(fault);
    expect(await refusal(place().path)).toContain(message);
    expect(state.ranges).toHaveLength(requests);
  });

  it("a server that is not there", async () => {
    expect(await refusal(place().path, "http://127.0.0.1:1/file")).toMatch(
      /the connection broke \(.*ECONNREFUSED.*\), 6 times in a row/,
    );
  });
});
