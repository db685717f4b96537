// The films of a set as points: hover names one, a lasso or a box selects. Which films are selected
// goes to Python as one bit a film: of 20,000 films that is 2.5 kB, and the page need not wait.

const EDGE = 24; // pixels around the points
const NEAR = 8; // pixels from a film to the pointer that means it
const STEPS = 65535; // of a coordinate
const MANY = 3000; // films, from which on points are small
const FAINT = 0.2; // of films that are not selected
const ZOOM = 1.5; // of a key or a button
const MODES = { lasso: "Draw around films (L)", box: "Draw a box (B)", move: "Move (M)" };
const ARROWS = { ArrowLeft: [-0.1, 0], ArrowRight: [0.1, 0], ArrowUp: [0, -0.1], ArrowDown: [0, 0.1] };

const hasBit = (bits, row) => (bits[row >> 3] >> (row & 7)) & 1;

class FilmMap {
  constructor(root) {
    Object.assign(this, { root, view: new View(), mode: "lasso", hidden: new Set(), drawn: [] });
    const button = (text, does, attr = {}) => {
      const made = make("button", { type: "button", textContent: text, attr });
      made.addEventListener("click", does);
      return made;
    };
    this.modes = Object.entries(MODES).map(([mode, text]) =>
      button(text, () => this.choose(mode), { "data-mode": mode }));
    this.tools = make("div", { className: "tools" }, ...this.modes,
      button("+", () => this.zoom(ZOOM), { "aria-label": "Zoom in" }),
      button("−", () => this.zoom(1 / ZOOM), { "aria-label": "Zoom out" }),
      button("Whole map", () => this.whole()));
    this.canvas = make("canvas", { tabIndex: 0, attr: { role: "img" } });
    this.line = makeSvg("polygon");
    const over = makeSvg("svg", { "aria-hidden": "true" });
    over.append(this.line);
    this.tip = make("div", { className: "tip", hidden: true });
    this.ground = make("div", { className: "ground" }, this.canvas, over, this.tip);
    this.legend = make("div", { className: "legend" });
    root.append(this.tools, this.ground, this.legend);
    this.canvas.addEventListener("pointerdown", (event) => this._press(event));
    this.canvas.addEventListener("pointermove", (event) => this._move(event));
    this.canvas.addEventListener("pointerup", (event) => this._lift(event));
    this.canvas.addEventListener("pointercancel", () => this._end());
    this.canvas.addEventListener("pointerleave", () => (this.tip.hidden = true));
    this.canvas.addEventListener("keydown", (event) => this._key(event));
    new ResizeObserver(() => this.draw()).observe(this.ground);
    this.choose("lasso");
  }

  update({ data, setStateValue }) {
    const before = this.data;
    Object.assign(this, { data, tell: setStateValue });
    this.canvas.setAttribute("aria-label", data.alt);
    const other = before?.of !== data.of;
    if (other) this.view.reset();
    if (before?.points !== data.points) this._read(JSON.parse(data.points));
    if (other || before.selected !== data.selected) this.selected = bytesOf(data.selected);
    this.draw();
  }

  _read(points) {
    const wide = (text, Kind) => new Kind(bytesOf(text).buffer);
    const [x, y] = [wide(points.x, Uint16Array), wide(points.y, Uint16Array)];
    Object.assign(this, { x, y, films: x.length, there: bytesOf(points.there),
      group: wide(points.group, Uint16Array), score: wide(points.score, Float32Array), groups: points.groups });
    // What there is less of lies above.
    const rows = this.groups.map(() => []);
    this.group.forEach((group, row) => hasBit(this.there, row) && rows[group].push(row));
    this.order = points.ends ? Uint32Array.from(this.x.keys())
      : Uint32Array.from(rows.sort((one, other) => other.length - one.length).flat());
    this.hidden.clear();
    this.drawn = [];
    this._legend(points);
  }

  _legend({ groups, ends }) {
    if (ends) {
      const bar = make("i", { className: "scale" });
      bar.style.background = `linear-gradient(to right, ${groups.map(({ tone }) => tone).join()})`;
      this.legend.replaceChildren("score", make("span", { textContent: ends[0] }), bar,
        make("span", { textContent: ends[1] }));
      return;
    }
    this.legend.replaceChildren(...groups.flatMap(({ name, tone, shape, films }, number) => {
      if (!films) return [];
      const swatch = make("i", { className: `swatch ${shape}` });
      swatch.style.setProperty("--tone", tone);
      const entry = make("button", { type: "button", title: "Show or hide these films",
        attr: { "aria-pressed": "true" } }, swatch, `${name} (${films})`);
      entry.addEventListener("click", () => {
        if (!this.hidden.delete(number)) this.hidden.add(number);
        entry.setAttribute("aria-pressed", String(!this.hidden.has(number)));
        this.draw();
      });
      return [entry];
    }));
  }

  choose(mode) {
    this.mode = mode;
    this.ground.dataset.mode = mode;
    for (const one of this.modes) one.setAttribute("aria-pressed", String(one.dataset.mode === mode));
  }

  zoom(factor, x = this.view.left + this.view.span / 2, y = this.view.top + this.view.span / 2) {
    this.view.zoomAt(factor, x, y);
    this.draw();
  }

  whole() {
    this.view.reset();
    this.draw();
  }

  /** Where each film is on the canvas, in pixels. */
  _place() {
    const { clientWidth: width, clientHeight: height } = this.canvas;
    const { left, top, span } = this.view;
    const seen = [width, height, left, top, span].join();
    if (this.drawn.seen === seen) return;
    const side = (Math.min(width, height) - 2 * EDGE) / span;
    const [across, down] = [width, height].map((all) => (all / span - side) / 2);
    const place = (shares, begin) => Float32Array.from(shares, (share) => begin + (share / STEPS) * side);
    this.drawn = { seen, x: place(this.x, across - (left / span) * width), y: place(this.y, down - (top / span) * height) };
  }

  draw() {
    const { clientWidth: width, clientHeight: height } = this.canvas;
    if (!this.x || !width) return;
    const sharp = window.devicePixelRatio || 1;
    this._place();
    Object.assign(this.canvas, { width: width * sharp, height: height * sharp });
    const brush = this.canvas.getContext("2d");
    brush.scale(sharp, sharp);
    const size = this.films > MANY ? 4 : 8;
    const stamps = this.groups.map((group) => stamp(group, size, sharp));
    const any = this.selected.some(Boolean);
    const half = size / 2 + 1;
    for (const chosen of any ? [0, 1] : [0]) {
      brush.globalAlpha = !any || chosen ? 0.85 : FAINT;
      for (const row of this.order) {
        if (any && hasBit(this.selected, row) !== chosen) continue;
        if (!this._shown(row)) continue;
        // Whole pixels are copied as they are, which of 200,000 films saves a fifth of the time.
        const [x, y] = [Math.round(this.drawn.x[row] - half), Math.round(this.drawn.y[row] - half)];
        brush.drawImage(stamps[this.group[row]], x, y, 2 * half, 2 * half);
      }
    }
  }

  _shown(row) {
    return hasBit(this.there, row) && !this.hidden.has(this.group[row]);
  }

  _at(event) {
    const frame = this.canvas.getBoundingClientRect();
    return [event.clientX - frame.left, event.clientY - frame.top];
  }

  _press(event) {
    if (event.button > 0 || this.path) return; // of two fingers the first draws
    this.canvas.setPointerCapture(event.pointerId);
    this.tip.hidden = true;
    this.path = [this._at(event)];
  }

  _move(event) {
    const at = this._at(event);
    if (!this.path) return this._hover(at);
    const [first, last] = [this.path[0], this.path[this.path.length - 1]];
    if (this.mode === "move") {
      this.view.move((last[0] - at[0]) / this.canvas.clientWidth, (last[1] - at[1]) / this.canvas.clientHeight);
      this.path = [at];
      this.draw();
      return;
    }
    if (this.mode === "box") this.path = [first, [at[0], first[1]], at, [first[0], at[1]]];
    else this.path.push(at);
    this.line.setAttribute("points", this.path.map((place) => place.join()).join(" "));
  }

  _lift(event) {
    const path = this.path;
    this._end();
    if (!path || this.mode === "move") return;
    const drawn = path.some(([x, y]) => Math.hypot(x - path[0][0], y - path[0][1]) > NEAR);
    const rows = drawn ? this._inside(path) : this._nearest(path[0]);
    if (rows.length) this._select(rows, event.shiftKey);
  }

  _end() {
    this.path = null;
    this.line.setAttribute("points", "");
  }

  _select(rows, more) {
    const bits = more ? this.selected.slice() : new Uint8Array(this.selected.length);
    for (const row of rows) bits[row >> 3] |= 1 << (row & 7);
    this.selected = bits;
    this.draw();
    const text = Array.from(bits, (byte) => String.fromCharCode(byte)).join("");
    // The time makes the same films, selected again, another value.
    this.tell("chosen", { of: this.data.of, films: btoa(text), at: performance.now() });
  }

  /** Films inside of an outline, by even and odd crossings. */
  _inside(path) {
    this._place();
    const { x, y } = this.drawn;
    const [left, right, top, low] = [0, 0, 1, 1].map((axis, n) =>
      path.reduce((end, place) => (n % 2 ? Math.max : Math.min)(end, place[axis]), path[0][axis]));
    const rows = [];
    for (let row = 0; row < this.films; row += 1) {
      if (x[row] < left || x[row] > right || y[row] < top || y[row] > low || !this._shown(row)) continue;
      let inside = false;
      let [beforeX, beforeY] = path[path.length - 1];
      for (const [nextX, nextY] of path) {
        if (nextY > y[row] !== beforeY > y[row]
            && x[row] < ((beforeX - nextX) * (y[row] - nextY)) / (beforeY - nextY) + nextX) inside = !inside;
        [beforeX, beforeY] = [nextX, nextY];
      }
      if (inside) rows.push(row);
    }
    return rows;
  }

  /** The film under the pointer, if any. */
  _nearest([left, top]) {
    if (!this.x) return [];
    this._place();
    let [best, found] = [NEAR * NEAR, []];
    for (let row = 0; row < this.films; row += 1) {
      const away = (this.drawn.x[row] - left) ** 2 + (this.drawn.y[row] - top) ** 2;
      if (away < best && this._shown(row)) [best, found] = [away, [row]];
    }
    return found;
  }

  _hover(at) {
    const [row] = this._nearest(at);
    this.tip.hidden = row === undefined;
    if (this.tip.hidden) return;
    const score = this.score[row];
    const told = [`film ${row + 1} of the set`, Number.isNaN(score) ? "no score" : `score ${score.toFixed(3)}`];
    if (!this.legend.querySelector(".scale")) told.push(this.groups[this.group[row]].name);
    this.tip.textContent = told.join(" · ");
    this.tip.classList.toggle("before", at[0] > this.canvas.clientWidth / 2);
    Object.assign(this.tip.style, { left: `${at[0]}px`, top: `${at[1]}px` });
  }

  _key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const does = {
      l: () => this.choose("lasso"), b: () => this.choose("box"), m: () => this.choose("move"),
      "+": () => this.zoom(ZOOM), "=": () => this.zoom(ZOOM), "-": () => this.zoom(1 / ZOOM), 0: () => this.whole(),
      Escape: () => this._end(),
    }[event.key];
    if (event.key in ARROWS) {
      this.view.move(...ARROWS[event.key]);
      this.draw();
    } else if (!does) return;
    does?.();
    event.preventDefault();
    event.stopPropagation(); // the app has keys of its own
  }
}

/** A point as a picture, which is drawn faster than a shape. */
function stamp({ tone, shape }, size, sharp) {
  const side = size + 2;
  const picture = make("canvas", { width: side * sharp, height: side * sharp });
  const brush = picture.getContext("2d");
  brush.scale(sharp, sharp);
  brush.fillStyle = tone;
  const [low, middle, high] = [1, side / 2, side - 1];
  const corners = {
    square: [[low, low], [high, low], [high, high], [low, high]],
    diamond: [[middle, low], [high, middle], [middle, high], [low, middle]],
    triangle: [[middle, low], [high, high], [low, high]],
  }[shape];
  if (corners) corners.forEach((corner) => brush.lineTo(...corner));
  else brush.arc(middle, middle, size / 2, 0, 2 * Math.PI);
  brush.fill();
  return picture;
}

const maps = new WeakMap();

export default function ({ data, parentElement, setStateValue }) {
  const root = parentElement.querySelector(".map");
  if (!maps.has(root)) maps.set(root, new FilmMap(root));
  maps.get(root).update({ data, setStateValue });
}
