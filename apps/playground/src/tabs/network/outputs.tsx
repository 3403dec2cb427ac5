import { decimals } from "../../ui/figures.js";

/** Numbers as bars from a common zero, the largest of them marked. */
export function Outputs({ values }: { values: Float32Array }) {
  const [low, high] = [Math.min(0, ...values), Math.max(0, ...values)];
  const percent = (value: number): number => (100 * (value - low)) / (high - low || 1);
  return (
    <table class="ledger" aria-label="Outputs">
      <tbody>
        {Array.from(values, (value, i) => (
          <tr key={i} class={value === high ? "largest" : undefined}>
            <th scope="row">{i}</th>
            <td class="track">
              <span
                class="bar"
                style={{
                  left: `${percent(Math.min(value, 0))}%`,
                  width: `${percent(Math.max(value, 0)) - percent(Math.min(value, 0))}%`,
                }}
              />
            </td>
            <td class="number">{decimals(value, 3)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
