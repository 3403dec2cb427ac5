import { DeviceField } from "../../ui/choice.js";
import { NumberField, NumberFields } from "../../ui/number-field.js";
import { Notes } from "../../ui/problem.js";
import {
  allow,
  change,
  config,
  facts,
  flagged,
  opened,
  ranked,
  save,
  saveDetector,
  train,
  work,
} from "./state.js";

/** Training of the detector. */
export function Detector() {
  const busy = work.busy.value;
  const { contaminated, device } = config.value;
  return (
    <>
      <label>
        <input
          type="checkbox"
          checked={contaminated}
          disabled={busy}
          onChange={({ currentTarget }) => change({ contaminated: currentTarget.checked })}
        />{" "}
        More than one row in fifty may be odd
      </label>
      <div class="row">
        <NumberFields
          of={config.value}
          change={change}
          fields={[
            ["steps", "Steps", 1, 5000],
            ["seed", "Seed", 0, 1e9],
          ]}
        />
        <DeviceField value={device} disabled={busy} onValue={(value) => change({ device: value })} />
        <button type="button" class="main" disabled={busy || !opened.value} onClick={() => void train()}>
          Train
        </button>
      </div>
    </>
  );
}

/** The choice of the share of false alarms, and what it makes of the rows. */
export function Judging() {
  const busy = work.busy.value;
  const { falseAlarms } = config.value;
  const { value: found } = facts;
  return (
    <>
      {found && (
        <p class="note number">
          Trained for {found.steps.toLocaleString("en")} steps by{" "}
          <output id="table-device">{found.device}</output>; {found.heldOut.toLocaleString("en")} held-out
          rows judge the others.
        </p>
      )}
      <Notes of={found?.notes} />
      <div class="row">
        <NumberField
          label="False alarms, %"
          value={Number((100 * falseAlarms).toPrecision(6))}
          min={0.01}
          max={50}
          step={0.1}
          onValue={(percent) => void allow(percent / 100)}
        />
        <button type="button" disabled={busy || !ranked.value} onClick={() => void save()}>
          Download scored.csv
        </button>
        <button type="button" disabled={busy || !found} onClick={() => void saveDetector()}>
          Download detector.onnx
        </button>
      </div>
      <p role="status" class="number standing">
        {ranked.value && (
          <>
            <output id="table-flagged">{flagged}</output> of {ranked.value.all.length.toLocaleString("en")}{" "}
            rows are flagged. {found && 1 / (found.heldOut + 1) > falseAlarms && tooFew(found.heldOut)}
          </>
        )}
      </p>
    </>
  );
}

const tooFew = (heldOut: number): string =>
  `With ${heldOut} held-out rows a p-value is at least ${(100 / (heldOut + 1)).toPrecision(2)} %, so no row can be flagged: allow more false alarms.`;
