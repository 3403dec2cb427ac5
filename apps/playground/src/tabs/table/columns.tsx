import { type ColumnSchema, percent, valuesOf } from "flowify/tables/browser";
import { Choice } from "../../ui/choice.js";
import { Histogram } from "../../ui/histogram.js";
import { Notes } from "../../ui/problem.js";
import { Head, Scrolling } from "../../ui/sheet.js";
import type { OpenedTable } from "./handlers.js";
import { dropped, idColumn, useColumn, work } from "./state.js";

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
      <td>
        {problem ? (
          <span class="wrong">{problem}</span>
        ) : (
          valuesOf(column) || `${column.distinct.toLocaleString("en")} different`
        )}
      </td>
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
