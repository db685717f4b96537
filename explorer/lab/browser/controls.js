// Everything that can be changed besides by dragging: sliders that answer while they move.

class Controls {
  /** `act`: as of the stage, with schema, add, fresh, reset. */
  constructor(act) {
    this.act = act;
    this.findings = make("div", { className: "findings" });
    this.own = make("div", { className: "own" });
    const patient = make("details", {}, make("summary", { textContent: "Patient and exposure" }), this.own);
    this.element = make("div", { className: "controls" }, this._bar(), this.findings, patient);
  }

  _button(text, title, onclick) {
    return make("button", { type: "button", textContent: text, title, onclick });
  }

  _bar() {
    const kinds = this.act.schema.kinds.map(({ word, title }) => make("option", { value: word, textContent: title }));
    const first = make("option", { value: "", textContent: "Add a finding…" });
    this.adding = make("select", { attr: { "aria-label": "Add a finding" } }, first, ...kinds);
    this.adding.addEventListener("change", () => {
      if (this.adding.value) this.act.add(this.adding.value);
      this.adding.value = "";
    });
    this.undo = this._button("Undo", "Undo (Ctrl+Z)", () => this.act.undo());
    this.redo = this._button("Redo", "Redo (Ctrl+Y)", () => this.act.redo());
    return make(
      "div", { className: "tools", attr: { role: "toolbar", "aria-label": "Patient" } },
      this.adding, this.undo, this.redo,
      this._button("Reset", "The patient that this page began with", () => this.act.reset()),
      this._button("Another patient", "The same findings in another anatomy", () => this.act.fresh()),
      this._button("Copy link", "A link to this patient and text", (event) => this.act.link(event.target)),
    );
  }

  /** Draw all controls anew, for another patient or another chosen finding. */
  build() {
    const { patient, chosen, schema, history } = this.act;
    this.undo.disabled = !history.past.length;
    this.redo.disabled = !history.future.length;
    this.adding.disabled = patient.findings.length >= schema.most;
    this.sliders = [];
    this.findings.replaceChildren(...patient.findings.map((finding, number) => this._finding(finding, number, number === chosen)));
    if (!patient.findings.length) {
      this.findings.append(make("p", { className: "none", textContent: "Nothing is wrong with this patient. Add a finding." }));
    }
    this.own.replaceChildren(
      ...Object.entries(schema.choices).map(([name, values]) => this._select(name === "view" ? "View" : "Sex", patient.own, name, values)),
      ...Object.entries(schema.numbers).map(([name, number]) => this._slider(number, patient.own, name)),
    );
  }

  /** Take values that were changed elsewhere, by dragging or keys. */
  refresh() {
    for (const show of this.sliders) show();
  }

  _finding(finding, number, chosen) {
    const { schema } = this.act;
    const kind = this.act.kindOf(number);
    const head = make("div", { className: "head" },
      make("button", { type: "button", className: "name", textContent: kind.title, onclick: () => this.act.choose(number),
        attr: { "aria-expanded": String(chosen) } }),
      this._button("Remove", `Remove ${kind.title}`, () => this.act.remove(number)));
    const box = make("div", { className: chosen ? "finding chosen" : "finding" }, head);
    if (!chosen) return box;
    const { values } = finding;
    if ("side" in values) box.append(this._select("Side", values, "side", kind.sides));
    if ("zone" in values) box.append(this._select("Zone", values, "zone", this._zones(kind, values)));
    for (const name of ["radius", "contrast", "severity"]) {
      if (name in values) box.append(this._slider(schema[name], values, name));
    }
    box.append(this._button("Other shape", "Its shape is drawn at random; draw another", () => {
      values.seed = 1 + Math.floor(Math.random() * 9999);
      this.act.change();
      this.act.release();
    }));
    return box;
  }

  /** The left lung has no middle lobe. */
  _zones(kind, values) {
    return kind.lobar && values.side === "left" ? kind.zones.filter((zone) => zone !== "middle") : kind.zones;
  }

  _slider({ title, low, high, step, about }, values, name) {
    const range = make("input", { type: "range", min: low, max: high, step });
    const told = make("output");
    const show = () => {
      range.value = values[name];
      told.textContent = String(Math.round(values[name] * 100) / 100);
    };
    show();
    this.sliders.push(show);
    range.addEventListener("input", () => {
      values[name] = Number(range.value);
      told.textContent = range.value;
      this.act.change();
    });
    range.addEventListener("change", () => this.act.release());
    range.setAttribute("aria-description", about);
    return make("label", { title: about }, make("span", { textContent: title }), range, told);
  }

  _select(title, values, name, options) {
    const select = make("select", {}, ...options.map((value) => make("option", { value, textContent: value })));
    select.value = values[name];
    select.addEventListener("change", () => {
      values[name] = select.value;
      if (values.zone && name === "side") {
        const zones = this._zones(this.act.kindOf(this.act.chosen), values);
        if (!zones.includes(values.zone)) values.zone = zones[0];
      }
      this.act.change();
      this.act.release();
      this.build();
    });
    return make("label", {}, make("span", { textContent: title }), select);
  }
}
