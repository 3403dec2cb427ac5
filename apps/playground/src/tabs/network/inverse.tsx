import { DIGITS } from "../../ui/digits.js";
import { DrawSettings } from "../../ui/draw-settings.js";
import { AboveUniform, TrainedNote } from "../../ui/figures.js";
import { ImageGrid } from "../../ui/image-grid.js";
import { Lesson } from "../../ui/lesson.js";
import { NumberField } from "../../ui/number-field.js";
import { change, config, drawPreimages, learnt, preimages, progress, reading, save, train } from "./state.js";

/** Differences of outputs above this are more than rounding errors. */
const FAR = 1e-2;

/** The inverse of the network: its training, and inputs with the same outputs. */
export function Inverse() {
  const { steps } = config.value;
  const busy = progress.value !== undefined;
  return (
    <div class="sheet stack">
      <h2>Digits with the same outputs</h2>
      <p>
        The stochastic inverse has had {learnt.value?.step ?? 0} steps of training (
        <output id="learnt">{learnt.value?.bpd.toFixed(3)}</output> bits per dimension on {DIGITS.test} test
        digits), computed by <output id="device">{reading.value?.device}</output>. The function of the network
        stays the same, bit for bit.
      </p>
      <AboveUniform bpd={learnt.value?.bpd} />
      <TrainedNote trained={learnt.value?.trained} />
      <div class="row">
        <NumberField
          label="Steps"
          value={steps}
          min={1}
          max={10_000}
          onValue={(value) => change({ steps: value })}
        />
        <button type="button" disabled={busy} onClick={() => void train(steps)}>
          Train the inverse
        </button>
        <button type="button" disabled={busy} onClick={() => void save()}>
          Save the run
        </button>
      </div>
      <DrawSettings
        label="Preimages"
        most={256}
        value={config.value}
        change={change}
        button="Sample preimages"
        disabled={busy}
        onDraw={() => void drawPreimages()}
      />
      {preimages.value && (
        <>
          <ImageGrid
            images={preimages.value.images}
            shape={DIGITS.shape}
            columns={8}
            label="Inputs with the outputs of the digit"
            file="preimages.png"
          />
          <p class="note">
            The network has the outputs of the digit for all of them, within{" "}
            <output id="preimages-difference">{preimages.value.largestDifference.toExponential(1)}</output>.
            {preimages.value.largestDifference > FAR &&
              " This is a large difference: train the inverse further."}{" "}
            {preimages.value.arrived < preimages.value.images.length / DIGITS.pixels &&
              `${preimages.value.arrived} of them are samples of the inverse; the others come from the digit and moved only part of the way toward their sample.`}
          </p>
        </>
      )}
      <Lesson
        equation="x ← x + Jᵀ (J Jᵀ + λ I)⁻¹ (y − f(x))"
        docs="convert"
        about="samples for given outputs"
      >
        A preimage starts as a sample of the stochastic inverse, from the outputs y back to pixels x. The
        shortest way then moves it to an input with exactly these outputs. The network f ignores the
        differences between the pictures. If there is no such way, the digit itself moves toward the sample as
        far as the outputs stay the same.
      </Lesson>
    </div>
  );
}
