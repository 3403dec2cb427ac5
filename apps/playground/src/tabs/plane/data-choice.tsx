import { dataKinds, type PlaneConfig } from "./config.js";
import { DrawPoints } from "./draw-points.js";
import { config, configure } from "./state.js";

/** Choice of the points: generated, or drawn by hand. */
export function DataChoice() {
  const { data, points } = config.value;
  return (
    <div class="stack">
      <label class="field">
        Points
        <select
          value={data}
          onChange={({ currentTarget }) => configure({ data: currentTarget.value as PlaneConfig["data"] })}
        >
          {dataKinds.map((kind) => (
            <option key={kind} value={kind}>
              {kind === "own" ? "your own" : kind}
            </option>
          ))}
        </select>
      </label>
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
