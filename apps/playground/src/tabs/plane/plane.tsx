import { Curve } from "../../ui/curve.js";
import { decimals, Likelihood } from "../../ui/figures.js";
import { LedgerBars } from "../../ui/ledger-bars.js";
import { Lesson } from "../../ui/lesson.js";
import { Sheet } from "../../ui/sheet.js";
import { Deformation } from "./deformation.js";
import { Density } from "./density.js";
import { NetworkEditor } from "./network-editor.js";
import "./plane.css";
import { config, description, run } from "./state.js";
import { TrainingControls } from "./training-controls.js";

export { begin } from "./state.js";

export function Tab() {
  const bars = (description.value?.ledger ?? []).map((line, i) => ({
    ...line,
    value: run.view.value?.ledger[i],
  }));
  const likelihood = description.value?.likelihood ?? "exact";
  const draws = description.value?.draws === true;
  return (
    <div class="board plane">
      <Sheet name="training" title="Training" class="training">
        <TrainingControls />
      </Sheet>
      <div class="stack first">
        <Sheet name="density" title="Density" class="density">
          <Density />
          <Lesson equation="log p(x) = log p_Z(z) + Σ L_k" docs="guide" about="flows from layers">
            Cells of a strong colour are likely, pale ones unlikely. A density integrates to 1 over the plane.
            The number sums{" "}
            {!draws
              ? "exp(log p) over the cells. It is near 1 for any weights."
              : "the mean of exp(bound) over samples of the noise for each cell. Each sample is a lower bound of log p in expectation. Training makes the bound tight."}
          </Lesson>
        </Sheet>
        <Sheet name="ledger" title="Ledger">
          {/* reserves space for the rows before the worker has named them */}
          <div style={{ minHeight: `${1.8 * config.value.layers.length + 4.5}rem` }}>
            <LedgerBars
              bars={bars}
              caption="The ledger is log p as a sum: what each layer adds to the mean log p of held-out points, in nats."
            />
          </div>
          <p class="total number">
            log p = <output id="plane-log-prob">{decimals(run.view.value?.logProb, 4)}</output> nats,{" "}
            <Likelihood of={likelihood} />
          </p>
          <Lesson equation="L = Σ s + log q(dropped | kept)" docs="layers/linear" about="linear layers">
            A layer that drops numbers contributes the log-density of them. A layer that adds noise
            contributes minus its log-density, which makes log p a bound. A bijection contributes its log
            change of volume.
          </Lesson>
        </Sheet>
      </div>
      <div class="stack second">
        <Sheet name="layers" title="Layer by layer">
          <Deformation />
          <Lesson equation="z = f_K ∘ … ∘ f_1 (x)" docs="layers/coupling" about="couplings">
            The layers map the data to a standard normal; their inverses map a normal to the data. One
            coordinate is shown along a line, a third one obliquely. Noise is at its mean.
          </Lesson>
        </Sheet>
        <Sheet name="curve" title="Log-likelihood">
          <Curve
            label="Mean log p over training steps, of batches and of held-out points, in nats"
            curve={run.curve}
          />
        </Sheet>
      </div>
      <div class="stack more">
        <Sheet name="network" title="Network">
          <NetworkEditor />
        </Sheet>
      </div>
    </div>
  );
}
