import { AboveUniform } from "../../ui/above-uniform.js";
import { DrawSettings } from "../../ui/draw-settings.js";
import { ImageGrid } from "../../ui/image-grid.js";
import { LedgerBars } from "../../ui/ledger-bars.js";
import { Lesson } from "../../ui/lesson.js";
import type { RunSummary } from "./calls.js";
import { change, config, draw, measured, progress, samples } from "./state.js";

/** Facts about a run, and the likelihood of its images. */
export function Likelihood({ summary }: { summary: RunSummary }) {
  const { network, shape, step, parameters, exact, device, skipped } = summary;
  const { value: found } = measured;
  return (
    <div class="sheet stack">
      <h2>{network}</h2>
      <p>
        {shape.join("×")}, {parameters.toLocaleString("en")} parameters, step{" "}
        <output id="step">{step}</output>, likelihood{" "}
        {exact ? <span class="exact">exact</span> : <span class="bound">a lower bound in expectation</span>}.
        Computed by <output id="device">{found?.device ?? device}</output>.
      </p>
      {skipped.map((text) => (
        <p class="note" key={text}>
          {text}; an older checkpoint is used.
        </p>
      ))}
      {found ? (
        <>
          <h3>
            <output id="bpd">{found.bpd.toFixed(5)}</output> ± {found.stdErr.toFixed(3)} bits per dimension on{" "}
            {found.examples} images
          </h3>
          <AboveUniform bpd={found.bpd} />
          <LedgerBars
            bars={found.ledger.map(({ layer, nats, exact: isExact }) => ({
              layer,
              value: nats,
              exact: isExact,
            }))}
            caption="Contribution of each layer to the mean of log p, in nats"
          />
        </>
      ) : (
        <p class="note">Choose pictures to see how likely they are.</p>
      )}
      <Lesson equation="log p(x) = log p_Z(z_K) + Σ L_k" docs="bits-per-dimension" about="bits per dimension">
        The bars are the terms of the sum. The sum divided by −n ln 2 is the number of bits above.
      </Lesson>
    </div>
  );
}

/** Samples of the run, with a download. */
export function Samples({ shape }: { shape: RunSummary["shape"] }) {
  return (
    <div class="sheet stack">
      <h2>Samples</h2>
      <DrawSettings
        label="Samples"
        most={400}
        value={config.value}
        change={change}
        button="Draw"
        disabled={progress.value !== undefined}
        onDraw={() => void draw()}
      />
      {samples.value && (
        <ImageGrid
          images={samples.value}
          shape={shape}
          columns={10}
          label="Samples of the run"
          file="samples.png"
        />
      )}
    </div>
  );
}
