// The patient as the browser holds it: { own: {name: value}, findings: [{ word, values }] }.

/** The text that the server reads: as `core.phantom.patient.parse_patient` does. */
function textOf(patient) {
  const told = (values) => Object.entries(values).map(([name, value]) => `${name}=${shortest(value)}`);
  const findings = patient.findings.map(({ word, values }) => [word, ...told(values)].join(","));
  return [told(patient.own).join(","), ...findings].join(";");
}

function shortest(value) {
  return typeof value === "number" ? String(Math.round(value * 1e4) / 1e4) : value;
}

const clamp = (value, low, high) => Math.min(Math.max(value, low), high);
const copyOf = (patient) => structuredClone(patient);

/** Undo and redo: whole patients, the newest last. */
class History {
  constructor() {
    this.begin(null);
  }

  begin(patient) {
    this.now = patient && copyOf(patient);
    this.past = [];
    this.future = [];
  }

  /** Keep a patient as the present one; what was undone is given up. */
  keep(patient) {
    if (textOf(patient) === textOf(this.now)) return;
    this.past = [...this.past, this.now].slice(-50);
    this.now = copyOf(patient);
    this.future = [];
  }

  undo() {
    if (!this.past.length) return null;
    this.future.push(this.now);
    this.now = this.past.pop();
    return copyOf(this.now);
  }

  redo() {
    if (!this.future.length) return null;
    this.past.push(this.now);
    this.now = this.future.pop();
    return copyOf(this.now);
  }
}
