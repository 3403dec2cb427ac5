import { Choice, DeviceField } from "../../ui/choice.js";
import { decimals } from "../../ui/figures.js";
import { LedgerBars } from "../../ui/ledger-bars.js";
import { Lesson } from "../../ui/lesson.js";
import { withoutFlags } from "../../ui/problem.js";
import { type Normalization, normalizations } from "./calls.js";
import { DigitPad } from "./digit-pad.js";
import { Inverse } from "./inverse.js";
import { Outputs } from "./outputs.js";
import {
  bitsPerDimension,
  change,
  config,
  forget,
  guardIt,
  judged,
  makeItDensity,
  progress,
  reading,
} from "./state.js";

const names: Readonly<Record<Normalization, string>> = {
  unit: "pixel / 255",
  mnist: "(pixel / 255 − 0.1307) / 0.3081",
  raw: "pixel",
};

/** The flow of the network on a digit: its outputs, its likelihood, and digits with the same outputs. */
export function Flow({ notForDigits }: { notForDigits: string | undefined }) {
  if (notForDigits)
    return (
      <p class="sheet note">
        Digits of 28 × 28 pixels do not fit this network: {withoutFlags(notForDigits)}.
      </p>
    );
  const busy = progress.value !== undefined;
  return (
    <>
      <div class="sheet stack">
        <h2>On a digit</h2>
        <div class="row">
          <Choice
            label="The network was trained on"
            value={config.value.normalization}
            of={normalizations.map((name) => [name, names[name]])}
            disabled={busy}
            onValue={(normalization) => {
              change({ normalization });
              forget();
            }}
          />
          <DeviceField
            value={config.value.device}
            disabled={busy}
            onValue={(device) => {
              change({ device });
              forget();
            }}
          />
          {bitsPerDimension.value === undefined && (
            <button type="button" class="main" disabled={busy} onClick={() => void makeItDensity()}>
              Make it a density
            </button>
          )}
        </div>
        <div class="reading">
          <DigitPad />
          {reading.value && (
            <div class="stack">
              <h3>Outputs</h3>
              <Outputs values={reading.value.outputs} />
              <Guard busy={busy} />
            </div>
          )}
        </div>
        <Scores />
      </div>
      {bitsPerDimension.value !== undefined && <Inverse />}
    </>
  );
}

/** At most this share of usual digits is called unusual. */
const FALSE_ALARMS = 0.05;

/** How unusual the digit is for the network, while one draws. */
function Guard({ busy }: { busy: boolean }) {
  const { value: found } = judged;
  if (!found)
    return (
      <button type="button" disabled={busy} onClick={() => void guardIt()}>
        Guard it
      </button>
    );
  const isUnusual = found.p <= FALSE_ALARMS;
  return (
    <p role="status" class={isUnusual ? "bound" : undefined}>
      p = <output id="p-value">{found.p.toFixed(3)}</output>: {isUnusual ? "unusual" : "usual"}
      <br />
      <span class="note">
        of {found.heldOut} held-out digits, this share has activations that are at least as unusual (
        <a href="../guard.html">guard</a>)
      </span>
    </p>
  );
}

function Scores() {
  const { value: found } = reading;
  if (!found) return <p class="note">The outputs for the digit appear here once the network is a density.</p>;
  return (
    <>
      <h3>
        log p(x) = <output id="log-prob">{decimals(found.logProb, 2)}</output> nats,{" "}
        <output id="bpd">{found.bpd.toFixed(3)}</output> bits per dimension
      </h3>
      <LedgerBars
        bars={found.ledger.map(({ layer, nats, likelihood }) => ({ layer, value: nats, likelihood }))}
        caption="Contribution of each layer to log p of this digit, in nats"
      />
      <Lesson
        equation="bits per dimension = −log p(x) / (784 ln 2)"
        docs="bits-per-dimension"
        about="bits per dimension"
      >
        The bars sum to log p. A digit similar to the training digits is likely. A scribble is unlikely, and
        the bars show which layers make it so.
      </Lesson>
    </>
  );
}
