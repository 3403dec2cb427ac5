import { useState } from "preact/hooks";

type FieldProps = Readonly<{
  label: string;
  value: number;
  min: number;
  max: number;
  step?: number;
  onValue(value: number): void;
}>;

/** A number between two limits; what is typed and is none is put back. */
export function NumberField({ label, value, min, max, step = 1, onValue }: FieldProps) {
  // what is being typed stays where the page is drawn again meanwhile
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
