// A film with layers that are switched by keys; marks that a reader sets; the whole window for a
// class. Streamlit calls the last function whenever the page runs.

const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const STEP = 0.02; // share of the film that an arrow key moves; Shift makes it a quarter
const NEAR_PX = 24; // a press so near to a mark means it

class FilmStage {
  constructor(root) {
    this.root = root;
    this.marks = [];
    this.chosen = -1;
    this.past = [];
    this.off = new Set(); // names of layers that were switched off, or on where they begin off
    this.view = make("div", { className: "view" });
    this.dialog = make("dialog", { attr: { "aria-label": "Presenter" } });
    this.dialog.addEventListener("close", () => this._left());
    this.home = make("div", { className: "home" });
    root.replaceChildren(this.home, this.dialog);
  }

  update({ data, setStateValue }) {
    this.tellState = setStateValue;
    const another = data.serial !== this.data?.serial;
    this.data = data;
    if (another) {
      this.marks = (data.marks || []).map((mark) => [...mark]);
      this.past = [];
      this.chosen = -1;
      this.drawing = undefined;
    }
    if (data.button && !this.dialog.open) this._button();
    else this._build();
  }

  // The whole window.

  _button() {
    const button = make("button", { type: "button", className: "present", textContent: this.data.button,
      title: "The film as large as the window, with a key for each layer" });
    button.addEventListener("click", () => this.present());
    this.home.replaceChildren(button);
  }

  present() {
    this.dialog.showModal(); // Escape closes it, and Tab stays within
    if (this.data.lazy) this.tellState("presenting", true);
    this._build();
    this.film?.focus();
  }

  _left() {
    if (this.data.lazy) this.tellState("presenting", false);
    if (this.data.button) this._button();
    else this._build();
    this.dialog.replaceChildren();
    (this.data.button ? this.home.firstChild : this.film)?.focus();
  }

  // The film and what lies on it.

  _build() {
    const { data } = this;
    const place = this.dialog.open ? this.dialog : this.home;
    if (this.dialog.open && !data.button) this.home.replaceChildren();
    if (!data.film) {
      place.replaceChildren(make("p", { className: "wait", textContent: "One moment…" }));
      return;
    }
    const had = this.root.getRootNode().activeElement;
    const stayed = had && had === this.film;
    this.film = make("div", { className: "film", tabIndex: 0, attr: { role: "application", "aria-label": data.help } });
    this.film.style.aspectRatio = `${data.size[1]} / ${data.size[0]}`;
    this.film.style.setProperty("--shape", data.size[1] / data.size[0]);
    this.film.append(make("img", { src: data.film, alt: data.said, draggable: false }));
    this.over = make("div", { className: "over" });
    this.film.append(this.over);
    this.film.addEventListener("pointerdown", (event) => this._press(event));
    this.film.addEventListener("pointermove", (event) => this._drag(event));
    for (const name of ["pointerup", "pointercancel"]) this.film.addEventListener(name, () => (this.held = -1));
    const side = make("div", { className: "side" });
    if (data.title) side.append(make("p", { className: "title", textContent: data.title }));
    if (data.text) side.append(make("p", { className: "text", textContent: data.text }));
    this.tools = make("div", { className: "tools" });
    this.list = make("ol", { className: "marks" });
    side.append(this._layers(), this.tools, this.list, this._ways());
    this.keys = make("p", { className: "keys", hidden: !this.showsKeys, textContent: this._keysSaid() });
    side.append(this.keys);
    this.view = make("div", { className: "view", onkeydown: (event) => this._key(event) }, this.film, side);
    place.replaceChildren(this.view);
    this.held = -1;
    this.draw();
    if (stayed || this.dialog.open) this.film.focus({ preventScroll: true });
  }

  isOn(layer) {
    return layer.on !== this.off.has(layer.name);
  }

  _layers() {
    const boxes = this.data.layers.map((layer) => {
      const box = make("input", { type: "checkbox", checked: this.isOn(layer) });
      box.addEventListener("change", () => this._switch(layer));
      const key = make("kbd", { textContent: layer.key });
      return make("label", { className: `layer ${layer.shape || ""}` }, box,
        make("span", { className: "swatch", style: `--tone:${layer.tone}` }), make("span", { textContent: this._named(layer) }), key);
    });
    return make("div", { className: "layers", attr: { role: "group", "aria-label": "Layers" } }, ...boxes);
  }

  _named(layer) {
    return layer.told && this.isOn(layer) ? `${layer.name}: ${layer.told}` : layer.name;
  }

  _switch(layer) {
    if (!this.off.delete(layer.name)) this.off.add(layer.name);
    this.view.querySelectorAll(".layer").forEach((label, n) => {
      label.querySelector("input").checked = this.isOn(this.data.layers[n]);
      label.querySelector("span:not(.swatch)").textContent = this._named(this.data.layers[n]);
    });
    this.draw();
  }

  _ways() {
    const ways = make("div", { className: "ways" });
    const way = (text, step, able, main) => {
      const button = make("button", { type: "button", textContent: text, disabled: !able, className: main ? "main" : "" });
      button.addEventListener("click", () => this._go(step));
      ways.append(button);
    };
    const { ways: told } = this.data;
    if (told) {
      way(told.previous, -1, told.back, false);
      way(told.next, 1, told.on, this.data.edits);
    }
    if (this.data.edits || this.dialog.open || this.data.layers.length) {
      const help = make("button", { type: "button", textContent: "?", title: "Keys", attr: { "aria-label": "Keys" } });
      help.addEventListener("click", () => this._help());
      ways.append(help);
    }
    if (!this.dialog.open && !this.data.button && this.data.presents) {
      const button = make("button", { type: "button", textContent: "Present" });
      button.addEventListener("click", () => this.present());
      ways.append(button);
    }
    if (this.dialog.open) {
      const leave = make("button", { type: "button", textContent: "Leave (Esc)" });
      leave.addEventListener("click", () => this.dialog.close());
      ways.append(leave);
    }
    return ways;
  }

  _keysSaid() {
    const layers = this.data.layers.map((layer) => `${layer.key}: ${layer.name}`);
    const films = this.data.ways ? ["N: next film", "P: film before"] : [];
    const edits = this.data.edits
      ? ["Enter: a mark in the middle, or the next mark", "arrows: move it, Shift for small steps", "1 to 5: how sure",
         "Delete: remove it", "Ctrl+Z: undo"] : [];
    return [...layers, ...films, ...edits, "?: these keys", ...(this.dialog.open ? ["Escape: leave"] : [])].join(" · ");
  }

  _help() {
    this.showsKeys = !this.showsKeys;
    this.keys.hidden = !this.showsKeys;
  }

  draw() {
    const parts = [];
    for (const layer of this.data.layers.filter((one) => this.isOn(one))) {
      if (layer.picture) parts.push(make("img", { src: layer.picture, alt: "", className: "picture" }));
      for (const [x, y, w, h, strength] of layer.boxes || []) parts.push(this._box(x, y, w, h, strength, layer.tone));
      for (const [x, y, said] of layer.points || []) parts.push(this._point(x, y, said, layer.tone, layer.shape));
    }
    this.marks.forEach(([x, y, sure], n) => {
      const point = this._point(x, y, String(sure), this.data.tone, "circle");
      if (n === this.chosen) point.classList.add("chosen");
      parts.push(point);
    });
    this.over.replaceChildren(...parts);
    if (this.data.edits) this._drawMarks();
  }

  _box(x, y, w, h, strength, tone) {
    const box = make("i", { className: "box" });
    Object.assign(box.style, { left: share(x), top: share(y), width: share(w), height: share(h), opacity: strength });
    box.style.setProperty("--tone", tone);
    return box;
  }

  _point(x, y, said, tone, shape) {
    const point = make("b", { className: `point ${shape}` }, make("i"), make("span", { textContent: said }));
    Object.assign(point.style, { left: share(x), top: share(y) });
    point.style.setProperty("--tone", tone);
    return point;
  }

  // Marks of one's own.

  _drawMarks() {
    const tools = [];
    if (this.chosen >= 0) {
      tools.push(make("span", { textContent: this.data.says.sure }));
      for (let sure = 1; sure <= 5; sure += 1) {
        const button = make("button", { type: "button", textContent: String(sure),
          attr: { "aria-pressed": String(this.marks[this.chosen][2] === sure) } });
        button.addEventListener("click", () => this._sure(sure));
        tools.push(button);
      }
    }
    const undo = make("button", { type: "button", textContent: this.data.says.undo, disabled: !this.past.length });
    undo.addEventListener("click", () => this._undo());
    this.tools.replaceChildren(...tools, undo);
    this.list.replaceChildren(...this.marks.map(([, , sure], n) => {
      const name = make("button", { type: "button", className: "name", textContent: `${n + 1}: ${sure} / 5`,
        attr: { "aria-pressed": String(n === this.chosen), "aria-label": `Mark ${n + 1}, sure ${sure} of 5` } });
      name.addEventListener("click", () => this._choose(n));
      const gone = make("button", { type: "button", textContent: this.data.says.remove,
        attr: { "aria-label": `${this.data.says.remove} ${n + 1}` } });
      gone.addEventListener("click", () => this._remove(n));
      return make("li", {}, name, gone);
    }));
  }

  _keep() {
    this.past.push(this.marks.map((mark) => [...mark]));
  }

  _choose(number) {
    this.chosen = number;
    this.draw();
  }

  _add(x, y) {
    if (this.marks.length >= this.data.most) return;
    this._keep();
    this.marks.push([x, y, 3]);
    this._choose(this.marks.length - 1);
  }

  _sure(sure) {
    if (this.chosen < 0) return;
    this._keep();
    this.marks[this.chosen][2] = sure;
    this.draw();
  }

  _remove(number) {
    if (number < 0) return;
    this._keep();
    this.marks.splice(number, 1);
    this._choose(Math.min(this.chosen, this.marks.length - 1));
  }

  _undo() {
    if (!this.past.length) return;
    this.marks = this.past.pop();
    this._choose(Math.min(this.chosen, this.marks.length - 1));
  }

  _at(event) {
    const frame = this.film.getBoundingClientRect();
    return [(event.clientX - frame.left) / frame.width, (event.clientY - frame.top) / frame.height].map(inside);
  }

  _press(event) {
    if (!this.data.edits || event.button > 0) return;
    event.preventDefault();
    this.film.focus({ preventScroll: true });
    this.film.setPointerCapture(event.pointerId);
    const [x, y] = this._at(event);
    const { width, height } = this.film.getBoundingClientRect();
    const away = this.marks.map(([a, b]) => Math.hypot((a - x) * width, (b - y) * height));
    const nearest = away.indexOf(Math.min(...away));
    if (nearest >= 0 && away[nearest] <= NEAR_PX) {
      this._keep();
      this._choose(nearest);
    } else this._add(x, y);
    this.held = this.chosen;
  }

  _drag(event) {
    if (!this.data.edits || this.held < 0 || !this.marks[this.held]) return;
    const [x, y] = this._at(event);
    this.marks[this.held].splice(0, 2, x, y);
    this.draw();
  }

  _key(event) {
    const { key } = event;
    const layer = this.data.layers.find((one) => one.key.toLowerCase() === key.toLowerCase());
    const plain = !(event.ctrlKey || event.metaKey || event.altKey);
    const onFilm = this.root.getRootNode().activeElement === this.film;
    const edits = this.data.edits && onFilm;
    if (edits && !plain && key === "z") this._undo();
    else if (!plain) return;
    else if (key === "?") this._help();
    else if (this.data.ways && (key === "n" || key === "N")) this._go(1);
    else if (this.data.ways && (key === "p" || key === "P")) this._go(-1);
    else if (layer) this._switch(layer);
    else if (edits && "12345".includes(key)) this._sure(Number(key));
    else if (edits && (key === "Delete" || key === "Backspace")) this._remove(this.chosen);
    else if (edits && key === "Enter") {
      if (event.shiftKey || this.chosen < 0 || this.chosen === this.marks.length - 1) this._add(0.5, 0.5);
      else this._choose(this.chosen + 1);
    } else if (edits && key in ARROWS && this.chosen >= 0) {
      const step = STEP * (event.shiftKey ? 0.25 : 1);
      this._keep();
      const mark = this.marks[this.chosen];
      [mark[0], mark[1]] = [inside(mark[0] + ARROWS[key][0] * step), inside(mark[1] + ARROWS[key][1] * step)];
      this.draw();
    } else return;
    event.preventDefault();
    event.stopPropagation(); // the app has keys of its own
  }

  _go(step) {
    const { ways } = this.data;
    if (step > 0 ? !ways.on : !ways.back) return;
    // The time makes two equal steps two.
    this.tellState("left", { serial: this.data.serial, step, marks: this.marks, at: performance.now() });
  }
}

const share = (value) => `${100 * value}%`;
const inside = (value) => Math.min(Math.max(value, 0), 1);
const stages = new WeakMap();

export default function ({ data, parentElement, setStateValue }) {
  const root = parentElement.querySelector(".stage-root");
  if (!stages.has(root)) stages.set(root, new FilmStage(root));
  stages.get(root).update({ data, setStateValue });
}
