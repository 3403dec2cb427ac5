import { Tile } from "../../ui/canvas.js";
import { DIGITS } from "../../ui/digits.js";
import { AboveUniform } from "../../ui/figures.js";
import { Lesson } from "../../ui/lesson.js";
import { NumberFields } from "../../ui/number-field.js";
import { bitsPerDimension, change, config, drawPreimages, preimages, progress, reading } from "./state.js";

/** Differences of outputs above this are more than rounding errors. */
const FAR = 1e-2;

/** The inverse of the network: inputs with the same outputs. */
export function Inverse() {
  const { value: found } = preimages;
  const count = (found?.images.length ?? 0) / DIGITS.pixels;
  return (
    <div class="sheet stack">
      <h2>Digits with the same outputs</h2>
      <p>
        The stochastic inverse is initialized from digits:{" "}
        <output id="bits">{bitsPerDimension.value?.toFixed(3)}</output> bits per dimension on {DIGITS.test}{" "}
        test digits, computed by <output id="device">{reading.value?.device}</output>. The function of the
        network stays the same, bit for bit. <code>flowify train --from</code> trains the inverse.
      </p>
      <AboveUniform bpd={bitsPerDimension.value} />
      <div class="row">
        <NumberFields
          of={config.value}
          change={change}
          fields={[
            ["count", "Preimages", 1, 256],
            ["temperature", "Temperature", 0, 10, 0.1],
            ["seed", "Seed", 0, 1e9],
          ]}
        />
        <button type="button" disabled={progress.value !== undefined} onClick={() => void drawPreimages()}>
          Sample preimages
        </button>
      </div>
      {found && (
        <>
          <div class="gallery" role="img" aria-label="Inputs with the outputs of the digit">
            {Array.from({ length: count }, (_, i) => (
              <Tile
                key={i}
                image={found.images.subarray(i * DIGITS.pixels, (i + 1) * DIGITS.pixels)}
                shape={DIGITS.shape}
              />
            ))}
          </div>
          <p class="note">
            The network has the outputs of the digit for all of them, within{" "}
            <output id="preimages-difference">{found.largestDifference.toExponential(1)}</output>.
            {found.largestDifference > FAR && " This is a large difference."}{" "}
            {found.arrived < count &&
              `${found.arrived} of them are samples of the inverse; the others come from the digit and moved only part of the way toward their sample.`}
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
