import { useState } from "preact/hooks";
import { Choice } from "../../ui/choice.js";
import { files, offered, openAgain, problem } from "./state.js";

/**
 * Choice of the input and output of a file, if it has several, and of the shape of an example, if the file leaves it
 * open.
 */
export function Choices() {
  if (!offered.value) return null;
  const { inputs, outputs, needsShape } = offered.value;
  const { input, output, inputShape } = files.value ?? {};
  const open = needsShape || inputShape !== undefined;
  if (inputs.length < 2 && outputs.length < 2 && !open) return null;
  return (
    <div class="row">
      {inputs.length > 1 && (
        <Choice
          label="Input"
          of={inputs.map((name) => [name, name])}
          value={input}
          onValue={(name) => openAgain({ input: name, inputShape: undefined })}
        />
      )}
      {outputs.length > 1 && (
        <Choice
          label="Output"
          of={outputs.map((name) => [name, name])}
          value={output ?? outputs[0]}
          onValue={(name) => openAgain({ output: name })}
        />
      )}
      {open && <ShapeField shape={inputShape} />}
    </div>
  );
}

/** The sizes in a text; undefined if the text is something else. */
function shapeIn(text: string): number[] | undefined {
  const sizes = text
    .trim()
    .split(/[,×x\s]+/)
    .map(Number);
  return sizes.every((n) => Number.isSafeInteger(n) && n > 0) ? sizes : undefined;
}

/** The shape of an example. Invalid text stays in the field, to be corrected. */
function ShapeField({ shape }: { shape: readonly number[] | undefined }) {
  const [typed, setTyped] = useState<string>();
  const take = (text: string): void => {
    const inputShape = shapeIn(text);
    if (inputShape) {
      setTyped(undefined);
      void openAgain({ inputShape });
    } else
      problem.value = `Expected the sizes of an example as positive whole numbers with commas, such as 1, 28, 28. Found “${text}”.`;
  };
  return (
    <label class="field">
      Shape of an example
      <input
        type="text"
        placeholder="1, 28, 28"
        value={typed ?? shape?.join(", ") ?? ""}
        onInput={(event) => setTyped(event.currentTarget.value)}
        onChange={(event) => take(event.currentTarget.value)}
      />
    </label>
  );
}
