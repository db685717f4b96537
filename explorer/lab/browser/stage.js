// The film with its findings and regions: drag, touch and arrow keys move what is chosen.

const STEP_CM = 0.25; // of an arrow key; Shift makes it four
const RADIUS_CM = 0.1;
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

class Stage {
  /** `act`: patient, chosen, kindOf, choose, change, release, remove, undo, redo. */
  constructor(act) {
    this.act = act;
    this.dragged = -1;
    this.canvas = make("canvas", { width: 224, height: 224, attr: { role: "img", "aria-label": "A drawn film, not drawn yet" } });
    this.marks = makeSvg("svg", { viewBox: "0 0 1 1", preserveAspectRatio: "none", "aria-hidden": "true" });
    this.element = make(
      "div",
      { className: "stage", tabIndex: 0, attr: { role: "application", "aria-label":
        "Film of the patient. Arrow keys move the chosen finding, plus and minus size it, " +
        "F goes to the next finding, Delete removes it, Control and Z undo." } },
      this.canvas, this.marks,
    );
    this.element.addEventListener("pointerdown", (event) => this._press(event));
    this.element.addEventListener("pointermove", (event) => this._move(event));
    for (const name of ["pointerup", "pointercancel"]) {
      this.element.addEventListener(name, () => this._drop());
    }
    this.element.addEventListener("keydown", (event) => this._key(event));
    this.element.addEventListener("keyup", (event) => event.key in ARROWS && this.act.release());
  }

  /** Show a frame's film; places of its findings and regions come with it. */
  async show(frame) {
    const image = new Image();
    image.src = frame.film;
    await image.decode();
    const { naturalWidth: width, naturalHeight: height } = image;
    if (this.canvas.width !== width) Object.assign(this.canvas, { width, height });
    this.canvas.getContext("2d").drawImage(image, 0, 0);
    this.frame = frame;
    this.draw();
  }

  /** Centre and radius of a finding as shares of the film; null where it is nowhere. */
  placeOf(number) {
    const field = this.frame.field;
    const { values } = this.act.patient.findings[number];
    if ("x" in values) {
      const radius = values.radius ? values.radius / field : 0.03;
      return { x: values.x / field + 0.5, y: values.y / field, radius };
    }
    const box = this.frame.boxes[number];
    if (!box) return null;
    return { x: box[0] + box[2] / 2, y: box[1] + box[3] / 2, radius: Math.min(box[2], box[3]) / 2 };
  }

  draw() {
    if (!this.frame) return;
    const shapes = this.act.showsRegions ? this.frame.regions.map((region) => this._region(region)) : [];
    const heaviest = this.frame.regions[0]?.[4] || 1;
    shapes.forEach((rect, n) => {
      rect.style.opacity = 0.25 + 0.75 * (this.frame.regions[n][4] / heaviest);
    });
    this.act.patient.findings.forEach((finding, number) => shapes.push(...this._handle(finding, number)));
    this.marks.replaceChildren(...shapes);
  }

  _region([x, y, width, height, weight]) {
    const rect = makeSvg("rect", { class: "region", x, y, width, height });
    rect.append(Object.assign(makeSvg("title"), { textContent: `weight ${percent(weight)}` }));
    return rect;
  }

  _handle(finding, number) {
    const chosen = number === this.act.chosen ? " chosen" : "";
    const box = this.frame.boxes[number];
    if (!("x" in finding.values) && box) {
      const [x, y, width, height] = box;
      return [makeSvg("rect", { class: `extent${chosen}`, x, y, width, height })];
    }
    const place = this.placeOf(number);
    if (!place) return [];
    const r = Math.max(place.radius, 0.012);
    return [
      makeSvg("circle", { class: `extent${chosen}`, cx: place.x, cy: place.y, r }),
      makeSvg("path", { class: `cross${chosen}`, d: `M${place.x - 0.008} ${place.y}h.016M${place.x} ${place.y - 0.008}v.016` }),
    ];
  }

  _placeAt(event) {
    const frame = this.element.getBoundingClientRect();
    return [(event.clientX - frame.left) / frame.width, (event.clientY - frame.top) / frame.height];
  }

  /** The finding whose middle is nearest to a place, where it is near enough to be meant. */
  _findingAt([x, y]) {
    let nearest = -1, least = Infinity;
    this.act.patient.findings.forEach((finding, number) => {
      const place = this.placeOf(number);
      if (!place) return;
      const distance = Math.hypot(place.x - x, place.y - y);
      const box = this.frame.boxes[number];
      const inside = box && x >= box[0] && y >= box[1] && x <= box[0] + box[2] && y <= box[1] + box[3];
      if (distance < least && (inside || distance < Math.max(place.radius + 0.02, 0.045))) {
        [nearest, least] = [number, distance];
      }
    });
    return nearest;
  }

  _press(event) {
    if (!this.frame || event.button > 0) return;
    const at = this._placeAt(event);
    const number = this._findingAt(at);
    if (number < 0) return;
    this.act.choose(number);
    this.element.focus({ preventScroll: true });
    if (!this.act.kindOf(number).moves) return;
    event.preventDefault();
    this.element.setPointerCapture(event.pointerId);
    const place = this.placeOf(number);
    this.grip = [place.x - at[0], place.y - at[1]];
    this.dragged = number;
    this.element.dataset.dragging = "";
  }

  _move(event) {
    if (this.dragged < 0) {
      const over = this.frame ? this._findingAt(this._placeAt(event)) : -1;
      this.element.dataset.over = over < 0 ? "" : this.act.kindOf(over).moves ? "moves" : "stays";
      return;
    }
    const at = this._placeAt(event);
    this._put(this.dragged, at[0] + this.grip[0], at[1] + this.grip[1]);
  }

  _drop() {
    if (this.dragged < 0) return;
    this.dragged = -1;
    delete this.element.dataset.dragging;
    this.act.release();
  }

  /** Put a finding at shares of the film; the server bounds what it takes, so do we. */
  _put(number, x, y) {
    const field = this.frame.field;
    const { values } = this.act.patient.findings[number];
    delete values.side;
    delete values.zone;
    values.x = clamp((x - 0.5) * field, -15, 15);
    values.y = clamp(y * field, 2, 28);
    this.act.change();
  }

  _key(event) {
    const number = this.act.chosen;
    const finding = this.act.patient.findings[number];
    if ((event.ctrlKey || event.metaKey) && event.key === "z") this.act.undo();
    else if ((event.ctrlKey || event.metaKey) && event.key === "y") this.act.redo();
    else if (event.ctrlKey || event.metaKey || event.altKey) return;
    else if (event.key === "f" || event.key === "F") {
      const count = this.act.patient.findings.length;
      if (count) this.act.choose((number + 1) % count);
    } else if (!finding) return;
    else if (event.key in ARROWS && this.act.kindOf(number).moves) {
      const place = this.placeOf(number);
      const step = (STEP_CM * (event.shiftKey ? 4 : 1)) / this.frame.field;
      const [across, down] = ARROWS[event.key];
      this._put(number, place.x + across * step, place.y + down * step);
    } else if ("+=-".includes(event.key)) this.act.size(event.key === "-" ? -1 : 1);
    else if (event.key === "Delete" || event.key === "Backspace") this.act.remove(number);
    else return;
    event.preventDefault();
    event.stopPropagation(); // the app has keys of its own: arrows, r, c
  }
}
