// One film with its regions, maps, texts and boxes. Streamlit calls the last function whenever the
// page runs; what the reader did to the picture stays, unless there is another film.

const MODES = {
  window: ["Window", "Drag changes brightness (up and down) and contrast (left and right)"],
  move: ["Move", "Drag moves the film; so do Shift or the middle button in every mode"],
  box: ["Draw a box", "Drag draws a box for a note"],
  outline: [
    "Draw an outline",
    "Click corner after corner, or drag along an edge; a click on the first corner, or a double click, closes it",
  ],
};
const KEYS =
  "On a film: + and − zoom, 0 resets, W, M, B and P choose what dragging does, arrow keys do it; " +
  "R and Shift+R go through the regions. Draw a box: Enter begins and keeps one, arrow keys move " +
  "it, Shift and arrow keys size it, Backspace takes the last one back. Draw an outline: Enter begins, arrow keys " +
  "(with Shift in small steps) move the next corner, Enter sets it, Enter again on it or on the first one closes. In a text: arrow keys go " +
  "from word to word, Enter keeps one lit. Elsewhere ← and → open the films before and after.";

class CaseFilm {
  constructor(root) {
    this.root = root;
    this.view = new View();
    this.mode = "window"; // "look" where there are no tools
    this.modes = {};
    this.opacity = 0.6;
    this.boxes = new Boxes((list) => this._tell(list));
    this.outlines = new Outlines(this.boxes);
    this.corner = this.corner.bind(this);
    this.drawing = 0;
    this.size = new ResizeObserver(() => this.draw());
  }

  /** Take what the server sent; a part that is the same as before is left alone. */
  async update({ data, setStateValue }) {
    this.send = setStateValue;
    const before = this.data;
    this.data = data;
    if (before?.edition !== data.edition) {
      this.boxes.list = [];
      this.boxes.cancel();
      this.outlines.cancel();
    }
    if (before?.truth !== data.truth) {
      const truth = data.truth ? await layerOf(data.truth) : null;
      if (this.data !== data) return; // another film came meanwhile
      this.truth = truth;
    }
    if (before?.filmKey !== data.filmKey) {
      if (before?.caseKey !== data.caseKey) this.view.reset();
      const film = await Film.read(data.film);
      if (this.data !== data) return; // another film came meanwhile
      this.film = film;
      this.film.develop(this.view.greys());
    }
    if (before?.contentKey !== data.contentKey || !this.panes) this._build();
    this.lapse?.apply();
    this.draw();
  }

  /** What a step of a training run changes; a word that is looked at stays so. */
  _at({ texts, boxes, cosine, values }) {
    this.data = this.words.data = { ...this.data, texts, boxes, cosine };
    this.maps[0].values = bytesOf(values);
    this.maps[0].develop(this.opacity);
    this._pick(this.word < 0 ? -1 : this.shownText, this.word);
  }

  _build() {
    const { data } = this;
    const colours = bytesOf(data.colours);
    this.maps = data.maps.map((map) => new HeatMap(map, colours));
    this.text = this.shownText = 0;
    this.region = null;
    this.word = -1;
    this.regionsOn = !data.texts[0]?.noPlace;
    this.words = new Words(data, (text, word) => this._pick(text, word));
    const label = data.plain
      ? "Film: R goes through the regions"
      : "Film: drag or arrow keys change the window, plus and minus zoom, R goes through the regions";
    if (data.plain) this.mode = "look";
    this.size.disconnect();
    this.row = make("div", { className: "panes" });
    this.panes = [];
    this._add(new Pane("The film", data.alt, "", label));
    for (const map of this.maps) this._add(this._paneOf(map));
    this._develop();
    this.said = make("p", { className: "said", attr: { role: "status" } });
    this.readout = make("p", { className: "readout", attr: { "aria-hidden": "true" } });
    const keys = make("details", {}, make("summary", { textContent: "Keys" }), make("p", { textContent: KEYS }));
    const before = this.lapse?.atEnd === false ? this.lapse.step : Infinity;
    this.lapse = data.lapse?.length > 1 ? new Lapse(data.lapse, (now) => this._at(now)) : null;
    this.lapse?.goTo(before);
    const parts = data.plain
      ? [...(this.lapse ? [this.lapse.element] : []), this.row, this.said, this.words.element]
      : [this._tools(), this.row, this.readout, this.said, this.words.element, keys];
    this.root.replaceChildren(...parts);
    this._rest();
  }

  _paneOf(map) {
    return new Pane(map.title, map.alt, map.about, `${map.title}: as the film`, map);
  }

  _add(pane) {
    const { stage } = pane;
    stage.style.aspectRatio = `${this.film.width} / ${this.film.height}`;
    stage.dataset.mode = this.mode;
    new Touches(stage, this);
    stage.addEventListener("keydown", (event) => this._key(event));
    this.size.observe(stage);
    this.panes.push(pane);
    this.row.append(pane.element);
  }

  /** A pane with the difference of two maps, after theirs; null takes it away. */
  _compare(map) {
    for (const pane of this.panes.splice(this.maps.length + 1)) pane.element.remove();
    this.difference = map;
    this.compared = map?.title ?? "";
    if (map) {
      map.develop(this.opacity);
      this._add(this._paneOf(map));
    }
    this.draw();
  }

  _tools() {
    const button = (text, title, onclick) => make("button", { type: "button", textContent: text, title, onclick });
    this.modes = {};
    const bar = make("div", { className: "tools", attr: { role: "toolbar", "aria-label": "Film" } });
    for (const [mode, [text, title]] of Object.entries(MODES)) {
      if (["box", "outline"].includes(mode) && !this.data.mayDraw) continue;
      this.modes[mode] = button(text, title, () => this.choose(mode));
      bar.append(this.modes[mode]);
    }
    if (this.data.mayDraw) {
      this.undoButton = button("Undo shape", "Take the last corner, box or outline back", () => this.undo());
      bar.append(this.undoButton);
    }
    const middle = () => [this.view.left + this.view.span / 2, this.view.top + this.view.span / 2];
    const zoom = (factor) => () => {
      this.view.zoomAt(factor, ...middle());
      this.draw();
    };
    bar.append(
      button("−", "Zoom out", zoom(1 / PRESS)), button("+", "Zoom in", zoom(PRESS)),
      button("Reset", "Window and zoom as the film was opened", () => this.reset()),
      this._switch("Regions", this.regionsOn, (on) => (this.regionsOn = on)),
    );
    if (this.maps.length) {
      bar.append(this._switch(`${this.maps[0].title} on the film`, false, (on) => {
        this.panes[0].heat = on ? this.maps[0] : null;
      }), this._slider());
    }
    this.difference = null;
    if (this.maps.length > 1) bar.append(differencePicker(this.maps, this.compared, (map) => this._compare(map)));
    this.choose(this.modes[this.mode] ? this.mode : "window");
    return bar;
  }

  _switch(text, checked, change) {
    const box = make("input", { type: "checkbox", checked });
    box.addEventListener("change", () => {
      change(box.checked);
      this.draw();
    });
    return make("label", {}, box, text);
  }

  _slider() {
    const slider = make("input", { type: "range", min: 0, max: 1, step: 0.05, value: this.opacity });
    slider.addEventListener("input", () => {
      this.opacity = Number(slider.value);
      this._develop();
      this.draw();
    });
    return make("label", {}, "Maps", slider);
  }

  _develop() {
    for (const map of [...this.maps, this.difference]) map?.develop(this.opacity);
  }

  // What a reader does: input.js calls these.

  choose(mode) {
    if (!this.modes[mode]) return;
    this.mode = mode;
    this.outlines.cancel();
    for (const [name, button] of Object.entries(this.modes)) {
      button.setAttribute("aria-pressed", String(name === mode));
    }
    for (const { stage } of this.panes) stage.dataset.mode = mode;
  }

  changeWindow(centre, width) {
    this.view.changeWindow(centre, width);
    this.film.develop(this.view.greys());
    this._read(null);
  }

  reset() {
    this.view.reset();
    this.film.develop(this.view.greys());
    this.draw();
  }

  undo() {
    const done = this.outlines.undo() || this.boxes.undo();
    this.draw();
    return done;
  }

  /** A corner of an outline, which may close it. */
  corner(place) {
    const closed = this.outlines.press(place, this.view);
    const count = this.outlines.points.length;
    this.said.textContent = closed ? "The outline is closed." : `Corner ${count} of the outline.`;
    this.draw();
  }

  letGo() {
    this.boxes.cancel();
    this.outlines.cancel();
    this.words.unpin();
  }

  hover(place) {
    for (const pane of this.panes) pane.point(place, this.film);
    this._read(place);
    if (place && this.outlines.points.length) {
      this.outlines.point(place);
      this.draw();
      return; // regions would flicker below the line
    }
    const region = place ? this._regionAt(place) : null;
    if (region !== this.region) this._light(region);
  }

  nextRegion(step) {
    const count = this.data.texts[this.shownText].kept.length;
    if (!count) return;
    const start = this.region ?? (step > 0 ? -1 : count);
    this._light((start + step + count) % count);
    this.draw();
  }

  _key(event) {
    if (!pressKey(event, this)) return;
    event.preventDefault();
    event.stopPropagation(); // the app has keys of its own: arrows, r, c
    this.draw();
  }

  // Words and regions.

  /** Number, among the shown text's regions, of the one at a place. */
  _regionAt({ x, y }) {
    if (!this.regionsOn) return null;
    const { kept } = this.data.texts[this.shownText];
    const number = kept.findIndex((region) => {
      const [left, top, width, height] = this.data.boxes[region];
      return x >= left && y >= top && x < left + width && y < top + height;
    });
    return number < 0 ? null : number;
  }

  _light(number) {
    this.region = number;
    this.words.clear();
    if (number === null) {
      this._rest();
    } else {
      const text = this.data.texts[this.shownText];
      const near = this.words.matching(text.kept[number]);
      const part = `weight ${percent(text.weights[number])} in the local score of “${text.text}”`;
      this.said.textContent = `Region ${number + 1}, ${part}. Nearest words by cosine: ${near.join(", ")}.`;
    }
    this.draw();
  }

  _pick(text, word) {
    this.word = word;
    this.shownText = text < 0 ? 0 : text;
    this.region = null;
    this.words.clear();
    if (word < 0) {
      this._rest();
    } else {
      const near = this.words.regionsOf(text, word).map(([place, cosine]) => `${place + 1} (${cosine.toFixed(2)})`);
      const piece = this.words.buttons.find((button) => button.word === word).piece;
      const { noPlace } = this.data.texts[text];
      this.said.textContent =
        `“${piece}”: nearest of its text's regions by cosine: ${near.join(", ")}.` +
        (noPlace ? ` ${noPlace}` : "");
    }
    this.draw();
  }

  _rest() {
    const text = this.data.texts[0];
    const nowhere = this.lapse && text ? `${percent(text.nowhere)} of the weight of “${text.text}” lies on no region.` : "";
    this.said.textContent = text?.noPlace || text?.unread || nowhere;
  }

  _read(place) {
    const { centre, width } = this.view;
    const parts = [`window ${Math.round(centre)} ± ${Math.round(width / 2)}`];
    if (place) {
      parts.unshift(`value ${this.film.valueAt(place)} of 255`);
      parts.push(...this.maps.map((map) => `${map.title} ${map.valueAt(place).toFixed(2)}`));
      if (this.difference) parts.push(`difference ${this.difference.valueAt(place).toFixed(2)}`);
    }
    this.readout.textContent = parts.join(" · ");
  }

  // Drawing, once a frame at most.

  draw() {
    if (this.drawing || !this.film || !this.panes) return;
    this.drawing = requestAnimationFrame(() => {
      this.drawing = 0;
      const marks = new Marks(this.film);
      this.panes[0].over = this.truth;
      for (const pane of this.panes) pane.draw(this.film, this.view);
      this.panes[0].shapes.replaceChildren(
        ...this._regions(marks), ...this.data.noted.map((shape) => marks.shape(shape, "noted")),
        ...marks.drawn(this.boxes, this.outlines, this.view),
      );
      if (this.undoButton) this.undoButton.disabled = !this.boxes.list.length && !this.outlines.begun;
      if (!this.readout.textContent) this._read(null);
    });
  }

  /** Boxes of the shown text's regions, the heaviest over its neighbours, brighter where heavier. */
  _regions(marks) {
    const text = this.data.texts[this.shownText];
    const looked = this.word >= 0;
    if (!text || !(this.regionsOn || looked || this.region !== null)) return [];
    const lit = looked ? this.words.regionsOf(this.shownText, this.word).map(([place]) => place) : [this.region];
    const colours = this.panes[0].colours ?? (this.panes[0].colours = bytesOf(this.data.colours));
    const top = Math.max(...text.weights) || 1;
    return text.kept
      .map((region, number) => {
        const share = (1 - text.nowhere) * Math.sqrt(text.weights[number] / top);
        const tone = 3 * Math.min(Math.max(Math.round(90 + 150 * share), 0), 255);
        const rect = marks.rect(this.data.boxes[region], `region${lit.includes(number) ? " lit" : ""}`);
        rect.style.stroke = `rgb(${colours.subarray(tone, tone + 3).join(",")})`;
        rect.dataset.number = number + 1;
        return rect;
      })
      .reverse();
  }

  _tell(list) {
    const [boxes, polygons] = [list.filter((shape) => !isOutline(shape)), list.filter(isOutline)];
    this.send("drawn", { edition: this.data.edition, boxes, polygons });
  }
}

const films = new WeakMap();

export default function ({ data, parentElement, setStateValue }) {
  const root = parentElement.querySelector(".case");
  if (!films.has(root)) films.set(root, new CaseFilm(root));
  return films.get(root).update({ data, setStateValue }).then(() => undefined);
}
