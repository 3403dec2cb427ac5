import type { Flow } from "@flowify/core";
import { decimals } from "./figures.js";
import { Head } from "./sheet.js";

export type LedgerBar = Readonly<{
  layer: string;
  likelihood: Flow["likelihood"];
  value: number | undefined;
}>;

/** The ledger as bars from a common zero: the contribution of each layer to log p, with colours for exact and bound. */
export function LedgerBars({ bars, caption }: { bars: readonly LedgerBar[]; caption: string }) {
  const values = bars.map(({ value }) => (value !== undefined && Number.isFinite(value) ? value : 0));
  const low = Math.min(0, ...values);
  const high = Math.max(0, ...values);
  const percent = (value: number): number => (100 * (value - low)) / (high - low || 1);
  return (
    <table class="ledger">
      <caption class="note">{caption}</caption>
      <Head of={["layer", "bar", "nats", "likelihood"]} hidden />
      <tbody>
        {bars.map(({ layer, likelihood, value }, i) => {
          const [from, to] = [percent(Math.min(values[i]!, 0)), percent(Math.max(values[i]!, 0))];
          return (
            <tr key={layer}>
              <th scope="row">{layer}</th>
              <td class="track">
                <span
                  class={likelihood === "exact" ? "bar" : "bar of-bound"}
                  style={{ left: `${from}%`, width: `${to - from}%` }}
                />
              </td>
              <td class="number">{decimals(value, 3)}</td>
              <td class={likelihood === "exact" ? "exact" : "bound"}>{likelihood}</td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}
