import type { ConversionReport } from "@flowify/onnx/browser";
import { Likelihood } from "../../ui/figures.js";
import { Head, Scrolling } from "../../ui/sheet.js";

const some = (count: number): string => (count > 0 ? count.toLocaleString("en") : "");

/** The rows that `flowify convert` prints: the layer of each node, and the numbers that it drops and adds. */
export function Report({ report, leftOut }: { report: ConversionReport; leftOut: readonly string[] }) {
  const { file, layers, inputShape, outputShape, maxRelDiff, inputs } = report;
  const kinds = layers.map(({ likelihood }) => likelihood);
  const likelihood = (["loses mass", "bound"] as const).find((each) => kinds.includes(each)) ?? "exact";
  return (
    <div class="stack">
      <p>
        <strong>{file}</strong>: {inputShape.join("×")} → {outputShape.join("×")}, likelihood{" "}
        <Likelihood of={likelihood} />
        {leftOut.length > 0 && `. Left out at the end: ${leftOut.join(", ")}; its input is the output`}.
      </p>
      <Scrolling label="Report">
        <table class="report">
          <Head of={["node", "layer", "drops", "adds", "likelihood"]} />
          <tbody>
            {layers.map(({ from, to, likelihood: own, droppedDims, addedDims }) => (
              <tr key={to}>
                <td>{from}</td>
                <td>{to}</td>
                <td class="number">{some(droppedDims)}</td>
                <td class="number">{some(addedDims)}</td>
                <td class={own === "exact" ? "exact" : "bound"}>{own}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </Scrolling>
      <p class="note">
        Largest relative difference between the network and its flow in deterministic mode, on {inputs} random
        inputs: <output id="difference">{maxRelDiff?.toExponential(1)}</output>. This page computes both,
        layer by layer; <code>flowify convert</code> compares with ONNX Runtime.
      </p>
    </div>
  );
}
