import { type ColumnSchema, dateText } from "flowify/tables/browser";
import { Choice } from "../../ui/choice.js";
import { plain } from "../../ui/figures.js";
import { Histogram } from "../../ui/histogram.js";
import { Notes } from "../../ui/problem.js";
import { Head, Scrolling } from "../../ui/sheet.js";
import type { OpenedTable } from "./handlers.js";
import { dropped, idColumn, useColumn, work } from "./state.js";

/** Values of a category that are named. */
const NAMED = 4;

/** Five digits of a fraction; of whole numbers all. */
const rounded = (value: number): string => plain(value, Number.isInteger(value) ? undefined : 5);

const percent = (share: number): string => {
  if (share === 0) return "";
  return share > 0.99 ? `${Math.floor(1000 * share) / 10} %` : `${(100 * share).toPrecision(2)} %`;
};

/** The range of a number or a date, the values of a category. */
function valuesOf({ type, range, distinct, values }: ColumnSchema): string {
  if (range && distinct > 0) {
    const text = type === "date" ? dateText : rounded;
    return `${text(range.least)} to ${text(range.most)}`;
  }
  if (!values) return `${distinct.toLocaleString("en")} different`;
  const named = values.slice(0, NAMED).map((value) => value ?? "missing");
  return `${named.join(", ")}${values.length > NAMED ? ", …" : ""}`;
}

function Column({ column, bars, rows }: { column: ColumnSchema; bars: readonly number[]; rows: number }) {
  const { name, type, use, missing, problem } = column;
  const names = name === idColumn.value;
  const possible = use === "model" && !names;
  return (
    <tr>
      <td>
        <input
          type="checkbox"
          aria-label={`Use ${name}`}
          checked={possible && !dropped.value.has(name)}
          disabled={!possible || work.busy.value}
          onChange={({ currentTarget }) => useColumn(name, currentTarget.checked)}
        />
      </td>
      <th scope="row">{name}</th>
      <td>
        <Histogram name={name} bars={bars} />
      </td>
      <td>{names ? "names the rows" : type}</td>
      <td class="number">{percent(missing / Math.max(1, rows))}</td>
      <td>{problem ? <span class="wrong">{problem}</span> : valuesOf(column)}</td>
    </tr>
  );
}

/** The columns of the file: type, missing share, values, histogram, and whether the detector takes them. */
export function Columns({ table: { schema, bars, notes } }: { table: OpenedTable }) {
  const { columns, rows } = schema;
  return (
    <>
      <p>
        <output id="table-size">
          {rows.toLocaleString("en")} rows, {columns.length.toLocaleString("en")} columns
        </output>
      </p>
      <Notes of={notes} />
      <Scrolling label="Columns">
        <table class="cells">
          <Head of={["use", "column", "histogram", "type", "missing", "values"]} />
          <tbody>
            {columns.map((column, i) => (
              <Column key={column.name} column={column} bars={bars[i]!} rows={rows} />
            ))}
          </tbody>
        </table>
      </Scrolling>
      <div class="row">
        <Choice
          label="Rows are named by"
          value={idColumn.value ?? ""}
          of={[["", "their number"], ...columns.map(({ name }) => [name, name] as const)]}
          disabled={work.busy.value}
          onValue={(name) => {
            idColumn.value = name || undefined;
          }}
        />
      </div>
    </>
  );
}
