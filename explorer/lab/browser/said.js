// What the model answers: score with its trace, weight on target, sentences.

const TRACE = 120; // scores that are drawn
const SCORES = [-6, 16]; // of the trace, widened by what comes

class Said {
  constructor(act) {
    this.act = act;
    this.text = make("input", { type: "text", maxLength: 300, spellcheck: false });
    this.text.addEventListener("input", () => act.retext(this.text.value));
    this.text.addEventListener("change", () => act.release());
    this.spoken = make("button", { type: "button", textContent: "Name the finding", title: "Ask for the chosen finding in plain words",
      onclick: () => act.speak() });
    this.score = make("strong", { className: "score", textContent: "…" });
    this.without = make("span", { className: "without" });
    this.trace = makeSvg("svg", { viewBox: "0 0 240 60", class: "trace", role: "img", "aria-label": "No score yet", preserveAspectRatio: "none" });
    this.target = make("p");
    this.sentence = make("p");
    this.best = make("p");
    this.status = make("p", { className: "status", attr: { role: "status" } });
    this.scores = [];
    const asked = make("label", { className: "asked" }, make("span", { textContent: "Text" }), this.text);
    this.element = make("div", { className: "said" }, asked, this.spoken,
      make("p", { className: "figure" }, make("span", { textContent: "Score " }), this.score, this.without),
      this.trace, this.target, this.sentence, this.best, this.status);
  }

  show(frame, rate) {
    this.scores = [...this.scores, frame.score].slice(-TRACE);
    this.score.textContent = frame.score.toFixed(1);
    if (frame.without !== null) this.before = frame.without;
    const before = this.act.chosen < 0 ? undefined : this.before;
    this.without.textContent = before === undefined ? "" : ` · without the finding ${before.toFixed(1)}`;
    this._draw(before);
    const place = frame.nowhere > 0.5 ? `; ${percent(frame.nowhere)} of it lies nowhere` : "";
    this.target.replaceChildren(
      frame.target === null ? "" : make("strong", { textContent: percent(frame.target) }),
      frame.target === null ? "" : ` of the weight lies on the finding${place}.`);
    this._sentences(frame);
    const [draw, model] = frame.ms;
    const live = rate ? `, ${rate.toFixed(1)} frames a second` : "";
    this.status.textContent = `Drawing ${draw.toFixed(0)} ms, model ${model.toFixed(0)} ms${live}.`;
  }

  _sentences({ sentence, best, margin }) {
    const line = (title, text) => [make("span", { className: "title", textContent: title }), text];
    this.sentence.replaceChildren(...(sentence ? line("The report says", ` “${sentence}”`) : []));
    const sure = margin < 0.5 ? ", narrowly" : "";
    this.best.replaceChildren(...(best ? line("The model would say", ` “${best}”${sure}`) : []));
  }

  _draw(before) {
    const low = Math.min(SCORES[0], ...this.scores), high = Math.max(SCORES[1], ...this.scores);
    const y = (score) => 58 - (56 * (score - low)) / (high - low);
    const x = (number) => 240 - 2 * (this.scores.length - 1 - number);
    const points = this.scores.map((score, number) => `${x(number)},${y(score)}`).join(" ");
    const lines = [makeSvg("line", { class: "zero", x1: 0, x2: 240, y1: y(0), y2: y(0) })];
    if (before !== undefined) lines.push(makeSvg("line", { class: "before", x1: 0, x2: 240, y1: y(before), y2: y(before) }));
    lines.push(makeSvg("polyline", { points }));
    this.trace.replaceChildren(...lines);
    this.trace.setAttribute("aria-label", `The last ${this.scores.length} scores, now ${this.score.textContent}`);
  }

  fail(sentence) {
    this.status.textContent = sentence;
  }
}
