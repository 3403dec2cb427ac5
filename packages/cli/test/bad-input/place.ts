import { cpSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { writeIdxFolder } from "../data/idx-files.js";
import { runCommand } from "../run-command.js";
import type { Place } from "./bad-input.js";

/** Gives every case a folder of its own below `root`, and a copy of one run that has trained for three steps. */
export function placesIn(root: string): () => Place {
  let made = 0;
  let trained: Promise<string> | undefined;
  return () => {
    const own = join(root, `case-${made++}`);
    mkdirSync(own);
    return {
      write: (name, content) => {
        writeFileSync(join(own, name), content);
        return join(own, name);
      },
      images: () => writeIdxFolder(join(own, "images")),
      run: async () => {
        trained ??= train(root);
        cpSync(await trained, join(own, "run"), { recursive: true });
        return join(own, "run");
      },
    };
  };
}

async function train(root: string): Promise<string> {
  const [network, out] = [join(root, "small.json"), join(root, "run")];
  const layers = [{ kind: "dequantize" }, { kind: "rqSpline" }];
  writeFileSync(network, JSON.stringify({ inShape: [1, 28, 28], layers }));
  const what = ["--data", writeIdxFolder(join(root, "images")), "--network", network, "--batch", "8"];
  const few = ["--steps", "3", "--checkpoint-every", "3", "--pictures", "none"];
  const { status, stderr } = await runCommand(["train", ...what, ...few, "--out", out]);
  if (status !== 0) throw new Error(stderr);
  return out;
}
