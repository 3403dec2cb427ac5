import { useSignal } from "@preact/signals";
import { Choice } from "../../ui/choice.js";
import { Problem } from "../../ui/problem.js";
import { kinds, type PlaneLayer, presets } from "./config.js";
import { config, configure, description, networkProblem, setLayers } from "./state.js";

const textOf = (layers: readonly PlaneLayer[]): string =>
  layers.map((layer) => JSON.stringify(layer)).join("\n");

/** The network as text, a layer a line, as files of networks have it; the browser undoes changes of it. */
export function NetworkEditor() {
  const { layers } = config.value;
  const typed = useSignal<string | undefined>(undefined);
  const text = typed.value ?? textOf(layers);
  const preset = Object.entries(presets).find(([, own]) => textOf(own) === textOf(layers))?.[0];
  return (
    <div class="editor">
      <p class="note">
        A coupling moves one coordinate by a function of the other, so it can be undone. A linear layer to
        fewer numbers drops the rest.
      </p>
      <Choice
        label="Start from"
        value={preset}
        of={Object.keys(presets).map((name) => [name, name])}
        onValue={(name) => {
          typed.value = undefined;
          configure({ layers: [...presets[name as keyof typeof presets]] });
        }}
      />
      <label class="field">
        Layers, one a line
        <textarea
          rows={text.split("\n").length + 1}
          spellcheck={false}
          value={text}
          onInput={({ currentTarget }) => {
            typed.value = currentTarget.value;
          }}
          onChange={({ currentTarget }) => {
            if (setLayers(currentTarget.value)) typed.value = undefined;
          }}
        />
      </label>
      <Problem text={networkProblem.value} />
      <p class="note">Kinds: {kinds.join(", ")}.</p>
      <ol class="number">
        {description.value?.layers.map((line) => (
          <li key={line.layer} class={line.likelihood === "exact" ? "exact" : "bound"}>
            {line.layer}: {line.in.join("×")} → {line.out.join("×")} {line.likelihood}
          </li>
        ))}
      </ol>
    </div>
  );
}
