// A slider over the checks of a training run: what came with the page is shown again, step by step.

class Lapse {
  /** `show` is told what changes with a step: texts, boxes, cosines and the values of the map. */
  constructor(steps, show) {
    Object.assign(this, { steps, show });
    this.said = make("output");
    this.slider = make("input", { type: "range", min: 0, max: steps.length - 1, step: 1, attr: { "aria-label": "Step of the training" } });
    this.slider.value = steps.length - 1;
    this.slider.addEventListener("input", () => this.apply());
    this.slider.addEventListener("keydown", (event) => event.stopPropagation()); // the app has arrow keys, too
    this.element = make("label", { className: "lapse" }, this.slider, this.said);
  }

  /** Whether the newest step is shown, as it is until somebody moves the slider. */
  get atEnd() {
    return Number(this.slider.value) === this.steps.length - 1;
  }

  /** Go to the step that another slider showed, or to the one before it. */
  goTo(step) {
    this.slider.value = this.steps.findLastIndex((one) => one.step <= step);
  }

  get step() {
    return this.steps[this.slider.value].step;
  }

  apply() {
    const now = this.steps[this.slider.value];
    this.said.textContent = `step ${now.step.toLocaleString("en")} of ${this.steps.at(-1).step.toLocaleString("en")}`;
    this.slider.setAttribute("aria-valuetext", this.said.textContent);
    this.show(now);
  }
}
