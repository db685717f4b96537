// The lab: one patient, drawn live. Streamlit calls the last function whenever the page runs; what
// somebody does here stays, unless the page begins with another patient (`edition`).

class LabView {
  constructor(root) {
    this.root = root;
    this.history = new History();
    this.chosen = 0;
    this.text = "";
    this.showsRegions = true;
    this.asker = new Asker({
      answered: (frame) => this._answered(frame),
      failed: (sentence) => this.said.fail(sentence),
      offline: () => this._offline(),
    });
  }

  update({ data, setStateValue }) {
    this.tell = setStateValue;
    this.schema = data.schema;
    Object.assign(this.asker, { route: data.route, word: data.word });
    if (!this.stage) this._build();
    if (this.edition !== data.edition) {
      this.edition = data.edition;
      this.patient = data.patient;
      this.begun = copyOf(data.patient);
      this.history.begin(data.patient);
      this.chosen = Math.min(data.chosen, data.patient.findings.length - 1);
      this.text = this.said.text.value = data.text;
      this.said.before = undefined;
      this.controls.build();
      if (!data.frame) this._ask(true);
    }
    if (data.model !== this.model && this.model !== undefined && !data.frame) this._ask(true);
    this.model = data.model;
    if (data.frame && data.frame.serial !== this.shownSerial) {
      this.shownSerial = data.frame.serial;
      return this._answered(data.frame);
    }
    return undefined;
  }

  _build() {
    this.stage = new Stage(this);
    this.controls = new Controls(this);
    this.said = new Said(this);
    const regions = make("input", { type: "checkbox", checked: true });
    regions.addEventListener("change", () => {
      this.showsRegions = regions.checked;
      this.stage.draw();
    });
    const legend = make("p", { className: "legend" },
      make("label", {}, regions, make("span", { className: "key region", textContent: "regions the text is read from, brighter where heavier" })),
      make("span", { className: "key extent", textContent: "true place of a finding" }));
    const left = make("div", { className: "left" }, this.stage.element, legend);
    this.root.replaceChildren(left, make("div", { className: "right" }, this.said.element, this.controls.element));
  }

  kindOf(number) {
    return this.schema.kinds.find(({ word }) => word === this.patient.findings[number].word);
  }

  // What is done to the patient.

  /** Something moves: ask, and show its outline at once. */
  change() {
    this.controls.refresh();
    this.stage.draw();
    if (this.live !== false) this._ask(false);
  }

  /** It was let go: keep it, draw it fine, tell the page. */
  release() {
    this.history.keep(this.patient);
    this.controls.undo.disabled = !this.history.past.length;
    this.controls.redo.disabled = !this.history.future.length;
    if (this.live !== false) this._ask(true);
    this._tell();
  }

  choose(number) {
    if (number === this.chosen) return;
    this.chosen = number;
    this.said.before = undefined;
    this.controls.build();
    this.stage.draw();
    this.release();
  }

  add(word) {
    const kind = this.schema.kinds.find((one) => one.word === word);
    const values = kind.lesion ? { x: -6, y: 13, radius: 1.2, contrast: 1 } : { severity: 0.5 };
    if (!kind.lesion && kind.sides.length > 1) values.side = kind.sides[0];
    if (!kind.lesion && kind.zones.length > 1) values.zone = kind.zones[0];
    values.seed = 1;
    this.patient.findings.push({ word, values });
    this.chosen = this.patient.findings.length - 1;
    this._whole();
  }

  remove(number) {
    this.patient.findings.splice(number, 1);
    this.chosen = Math.min(this.chosen, this.patient.findings.length - 1);
    this._whole();
  }

  size(sign) {
    const { values } = this.patient.findings[this.chosen];
    const name = "radius" in values ? "radius" : "severity";
    const { low, high } = this.schema[name];
    values[name] = clamp(values[name] + sign * 0.1, low, high);
    this.change();
    this.release();
  }

  fresh() {
    this.patient.own.seed = 1 + Math.floor(Math.random() * 99999);
    this._whole();
  }

  undo() {
    this._take(this.history.undo());
  }

  redo() {
    this._take(this.history.redo());
  }

  reset() {
    this.patient = copyOf(this.begun);
    this.chosen = Math.min(Math.max(this.chosen, 0), this.patient.findings.length - 1);
    this._whole();
  }

  _take(patient) {
    if (!patient) return;
    this.patient = patient;
    this.chosen = Math.min(this.chosen, patient.findings.length - 1);
    this._whole();
  }

  /** Another patient or other findings: all is drawn anew. */
  _whole() {
    this.said.before = undefined;
    this.history.keep(this.patient);
    this.controls.build();
    this.release();
  }

  // Texts.

  retext(text) {
    this.text = text;
    if (text.trim() && this.live !== false) this._ask(false);
  }

  speak() {
    if (!this.spoken) return;
    this.text = this.said.text.value = this.spoken;
    this.release();
  }

  link(button) {
    const address = new URL(window.location.href);
    address.searchParams.set("patient", textOf(this.patient));
    address.searchParams.set("text", this.text);
    navigator.clipboard?.writeText(address.href).then(() => {
      button.textContent = "Copied";
      setTimeout(() => (button.textContent = "Copy link"), 1500);
    });
  }

  // The server.

  _ask(fine) {
    if (!this.text.trim()) return;
    const chosen = this.chosen;
    this.asker.ask({ patient: textOf(this.patient), text: this.text, chosen, fine });
  }

  async _answered(frame) {
    await this.stage.show(frame);
    this.spoken = frame.spoken;
    this.said.show(frame, frame.fine ? 0 : this.asker.rate);
    const { score } = frame;
    this.stage.canvas.setAttribute("aria-label",
      `Drawn chest radiograph with ${this.patient.findings.length} findings; score ${score.toFixed(1)} for “${this.text}”.`);
  }

  /** No route: the page itself answers, whenever something is let go. */
  _offline() {
    this.live = false;
    this.said.fail("This server draws only when you let go.");
    this.tell("offline", true);
    this._tell();
  }

  _tell() {
    this.tell("left", { patient: textOf(this.patient), text: this.text, chosen: this.chosen, edition: this.edition });
  }
}

const labs = new WeakMap();

export default function ({ data, parentElement, setStateValue }) {
  const root = parentElement.querySelector(".lab");
  if (!labs.has(root)) labs.set(root, new LabView(root));
  labs.get(root).update({ data, setStateValue });
}
