import { useSignal } from "@preact/signals";
import { Choice } from "../../ui/choice.js";
import { Problem } from "../../ui/problem.js";
import { MOST_LAYERS, type PlaneLayer, presets } from "./config.js";
import { canRedo, canUndo, config, description, networkProblem, redo, setLayers, undo } from "./state.js";

/** Options of a new layer of each kind. */
const fresh: { readonly [K in PlaneLayer["kind"]]: PlaneLayer & { kind: K } } = {
  linear: { kind: "linear", out: 2 },
  coupling: { kind: "coupling", stack: 2, hidden: 32 },
  rqSpline: { kind: "rqSpline", bins: 8 },
  leakyRelu: { kind: "leakyRelu", slope: 0.5 },
  prelu: { kind: "prelu" },
  relu: { kind: "relu" },
  elu: { kind: "elu" },
  softplus: { kind: "softplus" },
  tanh: { kind: "tanh" },
  actnorm: { kind: "actnorm" },
  whiten: { kind: "whiten" },
};

const kinds = Object.keys(fresh) as PlaneLayer["kind"][];

/** The adjustable number of a layer, if it has one: its name, value and range. */
function setting(
  layer: PlaneLayer,
): { name: string; value: number; min: number; max: number; step: number } | undefined {
  switch (layer.kind) {
    case "linear":
      return { name: "out", value: layer.out, min: 1, max: 8, step: 1 };
    case "coupling":
      return { name: "stack", value: layer.stack, min: 1, max: 8, step: 1 };
    case "rqSpline":
      return { name: "bins", value: layer.bins, min: 2, max: 16, step: 1 };
    case "leakyRelu":
      return { name: "slope", value: layer.slope, min: 0.05, max: 4, step: 0.05 };
    default:
      return undefined;
  }
}

/** After a change is drawn: focuses the same button of another row, or the next enabled button there. */
function focusIn(button: HTMLElement, row: number, sign: "↑" | "↓" | "×"): void {
  const list = button.closest("ol");
  requestAnimationFrame(() => {
    const all = [...(list?.children[row]?.querySelectorAll("button") ?? [])].filter(
      ({ disabled }) => !disabled,
    );
    (all.find(({ textContent }) => textContent === sign) ?? all[0])?.focus();
  });
}

function Row({ layer, i }: { layer: PlaneLayer; i: number }) {
  const { layers } = config.value;
  const line = description.value?.layers[i];
  const number = setting(layer);
  const place = `layer ${i + 1}, ${layer.kind}`;
  const swap = (j: number, { currentTarget }: { currentTarget: HTMLElement }): void => {
    const next = [...layers];
    [next[i], next[j]] = [next[j]!, next[i]!];
    setLayers(next);
    focusIn(currentTarget, j, j < i ? "↑" : "↓");
  };
  return (
    <li>
      <span class="kind">{layer.kind}</span>
      <span class="setting">
        {number && (
          <label>
            <span class="hidden-text">{place}: </span>
            {number.name}{" "}
            <input
              type="number"
              value={number.value}
              min={number.min}
              max={number.max}
              step={number.step}
              required
              onChange={({ currentTarget: input }) => {
                if (!input.reportValidity()) return;
                const changed = { ...layer, [number.name]: input.valueAsNumber };
                setLayers(layers.map((other, j) => (j === i ? changed : other)));
              }}
            />
          </label>
        )}
      </span>
      <span class={line && line.likelihood !== "exact" ? "bound shape" : "exact shape"}>
        {line && `${line.in.join("×")} → ${line.out.join("×")} ${line.likelihood}`}
      </span>
      <span class="moves">
        <button
          type="button"
          class="small"
          aria-label={`Move ${place} up`}
          disabled={i === 0}
          onClick={(event) => swap(i - 1, event)}
        >
          ↑
        </button>
        <button
          type="button"
          class="small"
          aria-label={`Move ${place} down`}
          disabled={i === layers.length - 1}
          onClick={(event) => swap(i + 1, event)}
        >
          ↓
        </button>
        <button
          type="button"
          class="small"
          aria-label={`Remove ${place}`}
          disabled={layers.length === 1}
          onClick={({ currentTarget }) => {
            setLayers(layers.filter((_, j) => j !== i));
            focusIn(currentTarget, Math.min(i, layers.length - 2), "×");
          }}
        >
          ×
        </button>
      </span>
    </li>
  );
}

type ChooseProps = {
  label: string;
  names: readonly string[];
  button: string;
  disabled?: boolean;
  onChoose: (name: string) => void;
};

/** A list and a button that applies the choice: with the keyboard, moving through the list selects other entries. */
function Choose({ label, names, button, disabled = false, onChoose }: ChooseProps) {
  const chosen = useSignal(names[0]!);
  return (
    <div class="row">
      <Choice
        label={label}
        value={chosen.value}
        of={names.map((name) => [name, name])}
        onValue={(name) => {
          chosen.value = name;
        }}
      />
      <button type="button" disabled={disabled} onClick={() => onChoose(chosen.value)}>
        {button}
      </button>
    </div>
  );
}

/** The network as a list of layers, to move, change and remove, with undo. */
export function NetworkEditor() {
  const { layers } = config.value;
  const onKeyDown = (event: KeyboardEvent): void => {
    if (!(event.ctrlKey || event.metaKey) || event.key.toLowerCase() !== "z") return;
    event.preventDefault();
    if (event.shiftKey) redo();
    else undo();
  };
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: Ctrl+Z for the controls within; there are buttons for it too
    <div class="editor" onKeyDown={onKeyDown}>
      <p class="note">
        A coupling moves one coordinate by a function of the other, so it can be undone. A linear layer to
        fewer numbers drops the rest.
      </p>
      <Choose
        label="Start from"
        names={Object.keys(presets)}
        button="Load"
        onChoose={(name) => setLayers(presets[name as keyof typeof presets])}
      />
      <ol>
        {layers.map((layer, i) => (
          <Row key={`${i} ${layer.kind}`} layer={layer} i={i} />
        ))}
      </ol>
      <Problem text={networkProblem.value} />
      <Choose
        label="Add a layer"
        names={kinds}
        button="Add"
        disabled={layers.length === MOST_LAYERS}
        onChoose={(kind) => setLayers([...layers, fresh[kind as PlaneLayer["kind"]]])}
      />
      <div class="row">
        <button type="button" disabled={!canUndo.value} onClick={undo}>
          Undo
        </button>
        <button type="button" disabled={!canRedo.value} onClick={redo}>
          Redo
        </button>
      </div>
    </div>
  );
}
