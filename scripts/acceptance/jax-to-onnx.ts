import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { ortCpu, portable } from "jax-to-onnx";
import { examples, fileOf } from "../../test/jax-to-onnx.js";
import { type Check, equal, notRun } from "./check.js";
import { printedByPython, pythonWith } from "./node.js";

const script = fileURLToPath(new URL("check_onnx.py", import.meta.url));
const OPSETS = [18, 20, 22];

/** Files of jax-js functions (a network, its gradient, a step of Adam, attention) pass the checker of Python's onnx. */
export const jaxToOnnx: Check = {
  name: "jax-to-onnx",
  needs: [],
  async run({ scratch }) {
    const what = "files that Python's onnx accepts";
    const python = pythonWith("onnx");
    if (python === undefined) return { [what]: notRun("no python3 with onnx (apt install python3-onnx)") };
    const files = examples.flatMap((example) =>
      [portable, ortCpu].flatMap((target) =>
        OPSETS.map((opset) => {
          const file = join(scratch, `${example.name}-${target.name}-${opset}.onnx`);
          writeFileSync(file, fileOf(example, { target, opset }));
          return file;
        }),
      ),
    );
    return { [what]: equal(Number(await printedByPython(python, [script, ...files])), files.length) };
  },
};
