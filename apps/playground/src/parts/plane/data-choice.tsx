import { signal } from "@preact/signals";
import { DropZone } from "../../ui/drop-zone.js";
import { Problem, wordsOf } from "../../ui/problem.js";
import { dataKinds, type PlaneConfig } from "./config.js";
import { LARGEST_CSV, parseCsv } from "./csv.js";
import { DrawPoints } from "./draw-points.js";
import { config, configure } from "./state.js";

const problem = signal<string | undefined>(undefined);
const note = signal("");

async function readFiles(files: readonly File[]): Promise<void> {
  problem.value = undefined;
  note.value = "";
  try {
    const [file] = files;
    if (!file || files.length > 1) throw new Error(`One file at a time: these are ${files.length}.`);
    if (file.size > LARGEST_CSV)
      throw new Error(
        `${file.name} has ${(file.size / 1e6).toFixed(1)} MB: at most ${LARGEST_CSV / 1e6} MB are read.`,
      );
    const text = await file.text();
    if (text.includes("\0"))
      throw new Error(`${file.name} is no text: a CSV file with two columns is needed.`);
    const { points, note: done } = parseCsv(text);
    note.value = `${file.name}: ${done}`;
    configure({ data: "own", points });
  } catch (error) {
    problem.value = wordsOf(error);
  }
}

/** Which points the flow learns: made, drawn, or from a file. */
export function DataChoice() {
  const { data, points } = config.value;
  return (
    <div class="stack">
      <div class="row">
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
        <DropZone
          label="Open a CSV"
          accept=".csv,.tsv,.txt,text/csv,text/plain"
          onFiles={(files) => void readFiles(files)}
        />
      </div>
      <Problem text={problem.value} />
      {note.value && <p class="note">{note}</p>}
      {data === "own" && (
        <>
          <DrawPoints />
          <div class="row">
            <button type="button" disabled={points.length === 0} onClick={() => configure({ points: [] })}>
              Clear
            </button>
            <p class="note">
              Draw with the mouse or a finger; or move the cross with the arrow keys, and press space.{" "}
              {points.length / 2} points.
            </p>
          </div>
        </>
      )}
    </div>
  );
}
