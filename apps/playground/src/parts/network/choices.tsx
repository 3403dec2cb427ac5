import { openAgain, opened } from "./state.js";

/** Which input and output of a file, where it has several, and the shape of an item, where the file leaves it open. */
export function Choices() {
  const { inputs = [], outputs = [], needsShape: open = false } = opened.value ?? {};
  if (inputs.length < 2 && outputs.length < 2 && !open) return null;
  const shapeFrom = (text: string): void => {
    const inputShape = text.split(/[,×x ]+/).map(Number);
    if (inputShape.every((n) => Number.isInteger(n) && n > 0)) void openAgain({ inputShape });
  };
  return (
    <div class="row">
      {inputs.length > 1 && <Names label="Input" names={inputs} choose={(input) => openAgain({ input })} />}
      {outputs.length > 1 && (
        <Names label="Output" names={outputs} choose={(output) => openAgain({ output })} />
      )}
      {open && (
        <label class="field">
          Shape of an item
          <input
            type="text"
            placeholder="1, 28, 28"
            onChange={(event) => shapeFrom(event.currentTarget.value)}
          />
        </label>
      )}
    </div>
  );
}

function Names({
  label,
  names,
  choose,
}: {
  label: string;
  names: readonly string[];
  choose: (name: string) => Promise<void>;
}) {
  return (
    <label class="field">
      {label}
      <select onChange={(event) => void choose(event.currentTarget.value)}>
        {names.map((name) => (
          <option key={name}>{name}</option>
        ))}
      </select>
    </label>
  );
}
