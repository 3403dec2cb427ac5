/** The command `flowify` in the shell of documents, answered by the process that runs their snippets. JavaScript starts at once. */
import { connect } from "node:net";
import { createInterface } from "node:readline";

const socket = connect(process.env.FLOWIFY_RESIDENT ?? "");
process.exitCode = 1; // until told otherwise
socket.write(`${JSON.stringify({ args: process.argv.slice(2), folder: process.cwd() })}\n`);
for await (const line of createInterface({ input: socket })) {
  const { stdout, stderr, status } = JSON.parse(line);
  if (stdout !== undefined) process.stdout.write(stdout);
  if (stderr !== undefined) process.stderr.write(stderr);
  if (status !== undefined) process.exitCode = status;
}
