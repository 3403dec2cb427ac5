import { useSignal } from "@preact/signals";
import { DropZone } from "../../ui/drop-zone.js";
import { decimals } from "../../ui/figures.js";
import { Notes } from "../../ui/problem.js";
import { Head, moveFocus, Scrolling } from "../../ui/sheet.js";
import { TABLE_FILES } from "./config.js";
import type { RankedRows } from "./handlers.js";
import { choose, chosen, config, facts, judged, judgeFile, opened, work } from "./state.js";

/** Steps of an arrow key. */
const MOVES: Readonly<Record<string, number>> = { ArrowUp: -1, ArrowDown: 1 };

/** On a narrow page the reasons stand below the rows. */
function showReasons(): void {
  const [rows, reasons] = document.querySelectorAll(".table-tab > .second, .table-tab > .more");
  if (!rows || !reasons) return;
  const { top } = reasons.getBoundingClientRect();
  if (top > rows.getBoundingClientRect().bottom && top > innerHeight / 2) reasons.scrollIntoView();
}

/** The rows of the highest scores; one tab stop, arrow keys move between the rows. */
export function Rows({ rows: { rows, all } }: { rows: RankedRows }) {
  const at = useSignal(0);
  const { falseAlarms } = config.value;
  const busy = work.busy.value;
  const isOther = judged.value?.name !== opened.value?.name;
  const stop = Math.min(at.value, rows.length - 1);
  const onKeyDown = moveFocus(MOVES, rows.length, at);
  return (
    <>
      <p class="note">
        The highest score comes first. Choose a row to see its reasons; the arrow keys move between rows.
        {rows.length < all.length && ` These are ${rows.length} rows; scored.csv has all.`}
      </p>
      <Notes of={judged.value?.notes} />
      <Scrolling label="Rows">
        <table class="cells">
          <Head of={["row", "score", "p", "flag", ...(facts.value?.columns ?? [])]} />
          <tbody onKeyDown={onKeyDown}>
            {rows.map(({ row, name, score, p, cells }, i) => (
              <tr key={row} class={chosen.value === row ? "chosen" : ""}>
                <th scope="row">
                  <button
                    type="button"
                    class="small"
                    aria-label={`Reasons of row ${name}`}
                    aria-pressed={chosen.value === row}
                    tabIndex={i === stop ? 0 : -1}
                    onClick={() => {
                      at.value = i;
                      void choose(row).then(showReasons);
                    }}
                  >
                    {name}
                  </button>
                </th>
                <td class="number">{decimals(score, 2)}</td>
                <td class="number">{p.toPrecision(2)}</td>
                <td>{p <= falseAlarms && <span class="wrong">odd</span>}</td>
                {cells.map((cell, column) => (
                  <td key={facts.value?.columns[column]}>{cell}</td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </Scrolling>
      <DropZone
        label="Score another file"
        accept={TABLE_FILES}
        disabled={busy}
        onFiles={([file]) => void judgeFile(file)}
        problem={work.problem}
      >
        {isOther && (
          <button type="button" disabled={busy} onClick={() => void judgeFile()}>
            Back to {opened.value?.name}
          </button>
        )}
      </DropZone>
    </>
  );
}
