import { signal } from "@preact/signals";
import { DropZone } from "../../ui/drop-zone.js";
import { Problem, wordsOf } from "../../ui/problem.js";
import { dataKinds, type PlaneConfig } from "./config.js";
import { LARGEST_CSV, pointsOf, readTable, type Table } from "./csv.js";
import { DrawPoints } from "./draw-points.js";
import { config, configure } from "./state.js";

const problem = signal<string | undefined>(undefined);
const note = signal("");
/** The last opened file, and its two chosen columns. */
const table = signal<(Table & { file: string }) | undefined>(undefined);
const columns = signal<readonly [number, number]>([0, 1]);

/** Uses two columns of the open file. */
function take(chosen: readonly [number, number]): void {
  if (!table.value) return;
  problem.value = undefined;
  note.value = "";
  columns.value = chosen;
  try {
    const { points, axes, note: done } = pointsOf(table.value, chosen);
    note.value = `${table.value.file}: ${done}`;
    configure({ data: "own", points, axes });
  } catch (error) {
    problem.value = wordsOf(error);
  }
}

async function readFiles(files: readonly File[]): Promise<void> {
  problem.value = undefined;
  note.value = "";
  table.value = undefined;
  try {
    const [file] = files;
    if (!file || files.length > 1) throw new Error(`Found ${files.length} files, expected one.`);
    if (file.size > LARGEST_CSV)
      throw new Error(
        `${file.name} has ${(file.size / 1e6).toFixed(1)} MB, expected at most ${LARGEST_CSV / 1e6} MB.`,
      );
    const text = await file.text();
    if (text.includes("\0"))
      throw new Error(`${file.name} is not text, expected a CSV file with two columns.`);
    table.value = { ...readTable(text), file: file.name };
    take(table.value.first);
  } catch (error) {
    problem.value = wordsOf(error);
  }
}

function clear(): void {
  table.value = undefined;
  note.value = "";
  configure({ points: [], axes: [] });
}

/** Choice of two columns of a file with more than two. */
function ColumnChoice() {
  const open = table.value;
  if (!open || open.numeric.length < 3) return null;
  const list = (label: string, which: 0 | 1) => (
    <label class="field">
      {label}
      <select
        value={columns.value[which]}
        onChange={({ currentTarget }) => {
          const next: [number, number] = [...columns.value];
          next[which] = Number(currentTarget.value);
          take(next);
        }}
      >
        {open.numeric.map((c) => (
          <option key={c} value={c} disabled={c === columns.value[1 - which]}>
            {open.columns[c]!.name}
          </option>
        ))}
      </select>
    </label>
  );
  return (
    <>
      <p>
        {open.file} has {open.numeric.length} columns of numbers. Choose two.
      </p>
      <div class="row">
        {list("Across", 0)}
        {list("Up", 1)}
      </div>
    </>
  );
}

/** Choice of the points: generated, drawn by hand, or from a file. */
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
      <ColumnChoice />
      <Problem text={problem.value} />
      {note.value && <p class="note">{note}</p>}
      {data === "own" && (
        <>
          <DrawPoints />
          <div class="row">
            <button type="button" disabled={points.length === 0} onClick={() => clear()}>
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
