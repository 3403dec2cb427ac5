import { Choice } from "../../ui/choice.js";
import { dataKinds } from "./config.js";
import { DrawPoints } from "./draw-points.js";
import { config, configure } from "./state.js";

/** Choice of the points: generated, or drawn by hand. */
export function DataChoice() {
  const { data, points } = config.value;
  return (
    <div class="stack">
      <Choice
        label="Points"
        value={data}
        of={dataKinds.map((kind) => [kind, kind === "own" ? "your own" : kind])}
        onValue={(next) => configure({ data: next })}
      />
      {data === "own" && (
        <>
          <DrawPoints />
          <div class="row">
            <button type="button" disabled={points.length === 0} onClick={() => configure({ points: [] })}>
              Clear
            </button>
            <p class="note">
              Draw with the mouse or a finger, or move the cross with the arrow keys and press space.{" "}
              {points.length / 2} points.
            </p>
          </div>
        </>
      )}
    </div>
  );
}
