import type { Flow } from "@flowify/core";
import { decimals } from "./figures.js";
import { Head } from "./sheet.js";

type Bar = Readonly<{
  layer: string;
  /** Beside the name. */
  more?: string;
  likelihood?: Flow["likelihood"];
  value: number | undefined;
}>;

type BarsProps = Readonly<{ bars: readonly Bar[]; caption: string; digits?: number; class?: string }>;

/** Parts of log p as bars from a common zero, such as the contribution of each layer, with colours for exact and bound. */
export function LedgerBars({ bars, caption, digits = 3, class: more = "" }: BarsProps) {
  const values = bars.map(({ value }) => (value !== undefined && Number.isFinite(value) ? value : 0));
  const low = Math.min(0, ...values);
  const high = Math.max(0, ...values);
  const percent = (value: number): number => (100 * (value - low)) / (high - low || 1);
  return (
    <table class={`ledger ${more}`}>
      <caption class="note">{caption}</caption>
      <Head of={["name", "bar", "nats", "likelihood"]} hidden />
      <tbody>
        {bars.map(({ layer, more, likelihood, value }, i) => {
          const [from, to] = [percent(Math.min(values[i]!, 0)), percent(Math.max(values[i]!, 0))];
          return (
            <tr key={layer}>
              <th scope="row">{more === undefined ? layer : [<b key="name">{layer}</b>, " ", more]}</th>
              <td class="track">
                <span
                  class={likelihood === "exact" ? "bar" : "bar of-bound"}
                  style={{ left: `${from}%`, width: `${to - from}%` }}
                />
              </td>
              <td class="number">{decimals(value, digits)}</td>
              {likelihood && <td class={likelihood === "exact" ? "exact" : "bound"}>{likelihood}</td>}
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}
