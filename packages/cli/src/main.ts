import { runFlowify } from "./app.js";

// `flowify … | head` closes standard output early: there is nobody left to tell anything, and nothing failed.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
  process.exit(0);
});

process.exitCode = await runFlowify(process.argv.slice(2), process);
