import { useState } from "preact/hooks";

type FieldProps = Readonly<{
  label: string;
  value: number;
  min: number;
  max: number;
  step?: number | undefined;
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

type FieldsProps<C> = Readonly<{
  of: C;
  change(part: Partial<C>): unknown;
  fields: readonly (readonly [
    name: keyof C & string,
    label: string,
    min: number,
    max: number,
    step?: number,
  ])[];
}>;

/** Numbers of a configuration, a field each. */
export function NumberFields<C extends object>({ of, change, fields }: FieldsProps<C>) {
  return (
    <>
      {fields.map(([name, label, min, max, step]) => (
        <NumberField
          key={name}
          label={label}
          value={Number(of[name])}
          min={min}
          max={max}
          step={step}
          onValue={(value) => change({ [name]: value } as Partial<C>)}
        />
      ))}
    </>
  );
}
