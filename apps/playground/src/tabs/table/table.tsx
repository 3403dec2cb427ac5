import { DropZone } from "../../ui/drop-zone.js";
import { Lesson } from "../../ui/lesson.js";
import { Problem } from "../../ui/problem.js";
import { Sheet } from "../../ui/sheet.js";
import { Working } from "../../ui/working.js";
import { Columns } from "./columns.js";
import { LIMITS, TABLE_FILES } from "./config.js";
import { Detector, Judging } from "./detector.js";
import { Reasons } from "./reasons.js";
import { Rows } from "./rows.js";
import { cancel, isTraining, judged, openExample, opened, openFiles, ranked, work } from "./state.js";
import "./table.css";

export { begin } from "./state.js";

/** Table: a file of rows, a detector of the odd ones, and the reasons for each. */
export function Tab() {
  const { value: table } = opened;
  return (
    <div class={`board table-tab ${ranked.value ? "judged" : ""}`}>
      {ranked.value && (
        <>
          <Sheet name="rows" title={`Rows of ${judged.value?.name} by score`} class="stack second">
            <Rows rows={ranked.value} />
          </Sheet>
          <div class="more beside">
            <Sheet name="reasons" title="Reasons" class="stack">
              <Reasons />
            </Sheet>
          </div>
        </>
      )}
      <Sheet name="file" title={table?.name ?? "A file of rows"} class="stack first">
        <DropZone
          label="Choose a file"
          accept={TABLE_FILES}
          disabled={work.busy.value}
          onFiles={(files) => void openFiles(files)}
          problem={work.problem}
        >
          <p class="note">
            Drop a CSV, TSV, JSON lines or Parquet file here, of at most {LIMITS.rows.toLocaleString("en")}{" "}
            rows. It stays on your computer.
          </p>
          <button type="button" disabled={work.busy.value} onClick={() => void openExample()}>
            Take the example
          </button>
        </DropZone>
        <Problem text={table ? undefined : work.problem.value} />
        {table && <Columns table={table} />}
      </Sheet>
      <Sheet name="detector" title="Detector" class="stack training">
        <Detector />
        <Working
          progress={work.progress.value}
          label={isTraining.value ? "Stop" : "Cancel"}
          cancel={cancel}
        />
        <Problem text={table && work.problem.value} />
        <Judging />
        <Lesson equation="p = (1 + #{held-out scores ≥ s}) / (n + 1)" docs="tables" about="odd rows">
          A tenth to a fifth of the rows is held out. A row has a small p-value if few held-out rows have a
          score as high. Of rows like the held-out ones, at most the chosen share is flagged. Rows that the
          detector was trained on may look more usual than they are.
        </Lesson>
      </Sheet>
    </div>
  );
}
