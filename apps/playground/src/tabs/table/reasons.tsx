import { LedgerBars } from "../../ui/ledger-bars.js";
import { Lesson } from "../../ui/lesson.js";
import { Head, Scrolling } from "../../ui/sheet.js";
import type { RowStory } from "./handlers.js";
import { config, facts, story } from "./state.js";

/** The row and its nearest training rows, below each other; columns to blame come first and stand out. */
function Nearest({ rows, reasons }: RowStory) {
  const blamed = reasons.blamed.map(({ name }) => name);
  const all = facts.value?.columns ?? [];
  const columns = [...blamed, ...all.filter((name) => !blamed.includes(name))];
  return (
    <Scrolling label="The row and its nearest training rows">
      <table class="cells">
        <Head of={["row", ...columns]} />
        <tbody>
          {rows.map(({ row, name, cells }, i) => (
            <tr key={row}>
              <th scope="row">{i === 0 ? `${name}, this row` : name}</th>
              {columns.map((column) => (
                <td key={column} class={i === 0 && blamed.includes(column) ? "wrong" : ""}>
                  {cells[all.indexOf(column)]}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </Scrolling>
  );
}

function repairOf({ p, reasons: { repair } }: RowStory): string {
  if (p > config.value.falseAlarms) return "The row is not flagged, so it needs no repair.";
  if (repair.length === 0) return "No change of up to three columns makes the row usual.";
  return `Smallest repair: ${repair.map(({ name, value }) => `${name} = ${value}`).join(", ")}. With it the row is not flagged.`;
}

/** Why the chosen row is unlikely. */
export function Reasons() {
  const { value: found } = story;
  if (!found) return <p class="note">Choose a row.</p>;
  const [own] = found.rows;
  return (
    <>
      <p>
        Row <output id="table-row">{own?.name}</output>, p = {found.p.toPrecision(2)}
      </p>
      {found.reasons.blamed.length > 0 ? (
        <LedgerBars
          class="reasons"
          digits={1}
          caption="Mean repair, in nats: how much likelier the row becomes with usual values in the column."
          bars={found.reasons.blamed.map(({ name, value, gain }) => ({
            layer: name,
            more: value,
            value: gain,
          }))}
        />
      ) : (
        <p>No column makes the row unlikely.</p>
      )}
      <p id="table-repair">{repairOf(found)}</p>
      <h3>Nearest training rows</h3>
      <Nearest {...found} />
      <Lesson equation="gain_j = log mean p(x with another x_j) − log p(x)" docs="tables" about="reasons">
        Each column is replaced by 32 of its usual values, one after the other. The column with the largest
        gain explains best why the row is unlikely.
      </Lesson>
    </>
  );
}
