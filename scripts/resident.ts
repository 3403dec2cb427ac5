/**
 * `flowify` for the shell of documents. To start it from its sources takes three seconds of processor time a call, so
 * that calls go to this process, where it is open: `resident-flowify.js` stands for it on the path.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

type Run = (args: readonly string[], host: object) => Promise<number>;
type Call = Readonly<{ args: readonly string[]; folder: string }>;

// the package is a program and does not export the command, so this imports its sources
const app = new URL("../packages/cli/src/app.ts", import.meta.url);
const client = fileURLToPath(new URL("resident-flowify.js", import.meta.url));

async function answer(socket: Socket, { args, folder }: Call, env: NodeJS.ProcessEnv): Promise<void> {
  const send = (message: object): void => void socket.write(`${JSON.stringify(message)}\n`);
  const ignore = (): void => {};
  const before = process.cwd();
  process.chdir(folder);
  try {
    const { runFlowify } = (await import(app.href)) as { runFlowify: Run };
    const status = await runFlowify(args, {
      stdout: { write: (stdout: string) => send({ stdout }) },
      stderr: { write: (stderr: string) => send({ stderr }) },
      env,
      on: ignore,
      off: ignore,
      exit: ignore,
    });
    send({ status });
  } catch (error) {
    send({ stderr: `${(error as Error).stack}\n`, status: 1 });
  } finally {
    process.chdir(before);
    socket.end();
  }
}

/** Opens the command; the environment of a shell that has it on its path, and what closes it. */
export async function residentFlowify(): Promise<{ env: NodeJS.ProcessEnv; close(): void }> {
  const place = mkdtempSync(join(tmpdir(), "flowify-")); // short: so must the address of a socket be
  const program = `#!/bin/sh\nexec "${process.execPath}" "${client}" "$@"\n`;
  writeFileSync(join(place, "flowify"), program, { mode: 0o755 });
  const FLOWIFY_RESIDENT = join(place, "socket");
  const PATH = [place, process.env.PATH].join(delimiter);
  const env = { ...process.env, NO_COLOR: "1", FLOWIFY_RESIDENT, PATH };
  const server = createServer((socket) => {
    createInterface({ input: socket }).once("line", (line) => {
      void answer(socket, JSON.parse(line) as Call, env);
    });
    socket.on("error", () => {}); // its reader left, as `head` does
  });
  await new Promise<void>((done) => server.listen(FLOWIFY_RESIDENT, done));
  const close = (): void => {
    server.close();
    rmSync(place, { recursive: true, force: true });
  };
  return { env, close };
}
