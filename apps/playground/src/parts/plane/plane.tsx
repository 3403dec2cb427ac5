import { signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { configFor, writeConfig } from "../../shell/route.js";
import { Problem, wordsOf } from "../../ui/problem.js";
import { connect } from "../../worker/client.js";
import { planeConfig } from "./config.js";

const config = configFor("plane", planeConfig);
const device = signal("…");
const problem = signal<string | undefined>(config.problem);

async function open(): Promise<void> {
  try {
    writeConfig("plane", config.value);
    device.value = (await connect().call("plane.device", { backend: config.value.device })).device;
  } catch (error) {
    problem.value = wordsOf(error);
  }
}

export function Plane() {
  useEffect(() => void open(), []);
  return (
    <div class="sheet">
      <Problem text={problem.value} />
      <p>
        Computes on <output>{device}</output>.
      </p>
    </div>
  );
}
