import { useState } from "preact/hooks";

type FieldProps = Readonly<{
  label: string;
  value: number;
  min: number;
  max: number;
  step?: number;
  onValue(value: number): void;
}>;

/** A number between two limits; invalid input is reset. */
export function NumberField({ label, value, min, max, step = 1, onValue }: FieldProps) {
  // keeps the text being typed when the page is redrawn
  const [typed, setTyped] = useState<string>();
  const take = (number: number): void => {
    setTyped(undefined);
    if (Number.isFinite(number))
      onValue(Math.min(max, Math.max(min, step === 1 ? Math.round(number) : number)));
  };
  return (
    <label class="field">
      {label}
      <input
        type="number"
        value={typed ?? value}
        min={min}
        max={max}
        step={step}
        onInput={(event) => setTyped(event.currentTarget.value)}
        onChange={(event) => take(event.currentTarget.valueAsNumber)}
      />
    </label>
  );
}
