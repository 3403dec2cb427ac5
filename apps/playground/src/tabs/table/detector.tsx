import type { ScoreKind } from "flowify/tables/browser";
import { Choice, DeviceField } from "../../ui/choice.js";
import { NumberField, NumberFields } from "../../ui/number-field.js";
import { Notes } from "../../ui/sheet.js";
import { scoreNames } from "./config.js";
import {
  change,
  config,
  facts,
  flagged,
  judge,
  opened,
  progress,
  ranked,
  save,
  saveDetector,
  train,
} from "./state.js";

/** Training of the detector. */
export function Detector() {
  const busy = progress.value !== undefined;
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

/** The choice of the score and of the share of false alarms, and what they make of the rows. */
export function Judging() {
  const busy = progress.value !== undefined;
  const { score, falseAlarms } = config.value;
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
        <Choice
          label="Score"
          value={score}
          of={(Object.keys(scoreNames) as ScoreKind[]).map((kind) => [kind, scoreNames[kind]])}
          disabled={busy}
          onValue={(kind) => judge({ score: kind })}
        />
        <NumberField
          label="False alarms, %"
          value={Number((100 * falseAlarms).toPrecision(6))}
          min={0.01}
          max={50}
          step={0.1}
          onValue={(percent) => void judge({ falseAlarms: percent / 100 })}
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
