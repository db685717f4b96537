// Mouse, touch, wheel and keys over a pane. `act` is what they do: see CaseFilm.

const WHEEL = 1.0015; // zoom for each unit of a wheel
const PRESS = 1.25; // zoom of a key or a button
const KEY_MOVE = 0.1; // of what is seen
const KEY_WINDOW = 5; // grey values
const ARROWS = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};

/** Pointers that are down on one stage; two of them pinch. */
class Touches {
  constructor(stage, act) {
    Object.assign(this, { stage, act, down: new Map(), task: "" });
    stage.addEventListener("pointerdown", (event) => this._press(event));
    stage.addEventListener("pointermove", (event) => this._move(event));
    for (const name of ["pointerup", "pointercancel"]) {
      stage.addEventListener(name, (event) => this._release(event));
    }
    stage.addEventListener("pointerleave", (event) => this._leave(event));
    stage.addEventListener("wheel", (event) => this._wheel(event), { passive: false });
  }

  /** A finger that is lifted leaves lit what it pointed at. */
  _leave({ pointerType }) {
    if (!this.down.size && !(this.act.mode === "look" && pointerType === "touch")) this.act.hover(null);
  }

  _press(event) {
    if (this.act.mode === "look") {
      this.act.hover(this.act.view.placeOf(event, this.stage));
      return; // and a drag scrolls the page
    }
    this.stage.setPointerCapture(event.pointerId);
    this.down.set(event.pointerId, event);
    if (this.down.size > 1) {
      if (this.task === "box") this.act.boxes.cancel();
      if (this.task === "outline") this.act.outlines.undo(); // the first finger's corner
      this.task = "pinch";
      return;
    }
    const moves = event.button === 1 || event.shiftKey;
    this.task = moves ? "move" : this.act.mode;
    const place = this.act.view.placeOf(event, this.stage);
    if (this.task === "box") this.act.boxes.begin(place);
    if (this.task === "outline") this.act.corner(place);
    if (event.button === 1) event.preventDefault(); // else the browser scrolls by itself
  }

  _move(event) {
    const before = this.down.get(event.pointerId);
    const place = this.act.view.placeOf(event, this.stage);
    if (!before) {
      this.act.hover(place);
      return;
    }
    const { clientWidth: width, clientHeight: height } = this.stage;
    const across = event.clientX - before.clientX;
    const down = event.clientY - before.clientY;
    if (this.task === "pinch") this._pinch(event, before, width, height);
    else if (this.task === "move") this.act.view.move(-across / width, -down / height);
    else if (this.task === "box") this.act.boxes.stretch(place);
    else if (this.task === "outline") this.act.outlines.stretch(place, this.act.view);
    else this.act.changeWindow((-down / height) * GREYS, (across / width) * GREYS);
    this.down.set(event.pointerId, event);
    this.act.draw();
  }

  /** Two fingers: their distance zooms, their middle moves. */
  _pinch(event, before, width, height) {
    const other = [...this.down.values()].find((one) => one.pointerId !== event.pointerId);
    if (!other) return;
    const apart = (one) => Math.hypot(one.clientX - other.clientX, one.clientY - other.clientY);
    const { view } = this.act;
    const across = (before.clientX - event.clientX) / 2 / width;
    view.move(across, (before.clientY - event.clientY) / 2 / height);
    const middle = view.placeOf(
      { clientX: (event.clientX + other.clientX) / 2, clientY: (event.clientY + other.clientY) / 2 },
      this.stage,
    );
    view.zoomAt(apart(event) / Math.max(apart(before), 1), middle.x, middle.y);
  }

  _release(event) {
    this.down.delete(event.pointerId);
    if (this.task === "box") {
      if (event.type === "pointerup") this.act.boxes.finish();
      else this.act.boxes.cancel();
      this.act.draw();
    }
    if (this.task === "outline" && event.type === "pointerup" && this.act.outlines.lift(this.act.view)) this.act.draw();
    if (!this.down.size) this.task = "";
  }

  _wheel(event) {
    if (this.act.mode === "look") return;
    const { view } = this.act;
    if (event.deltaY > 0 && view.zoom === 1) return; // nothing to zoom out of: the page scrolls
    event.preventDefault();
    const place = view.placeOf(event, this.stage);
    view.zoomAt(WHEEL ** -event.deltaY, place.x, place.y);
    this.act.draw();
  }
}

/** What a key does on a stage; true where it does something. */
function pressKey(event, act) {
  const { view } = act;
  if (act.mode === "look" && !["r", "R", "Escape"].includes(event.key)) return false;
  const middle = [view.left + view.span / 2, view.top + view.span / 2];
  if ((event.ctrlKey || event.metaKey) && event.key === "z") return act.undo();
  if (event.ctrlKey || event.metaKey || event.altKey) return false;
  if (event.key in ARROWS) return arrow(...ARROWS[event.key], event.shiftKey, act);
  const does = {
    "+": () => view.zoomAt(PRESS, ...middle),
    "=": () => view.zoomAt(PRESS, ...middle),
    "-": () => view.zoomAt(1 / PRESS, ...middle),
    0: () => act.reset(),
    w: () => act.choose("window"),
    m: () => act.choose("move"),
    b: () => act.choose("box"),
    p: () => act.choose("outline"),
    r: () => act.nextRegion(1),
    R: () => act.nextRegion(-1),
    Backspace: () => act.undo(),
    Delete: () => act.undo(),
    Escape: () => act.letGo(),
    Enter: () => enter(act),
  }[event.key];
  does?.();
  return Boolean(does);
}

/** Begin or keep a box; begin an outline, or set a corner of it. */
function enter({ mode, boxes, outlines, view, corner }) {
  if (mode === "box" && boxes.draft) boxes.finish();
  else if (mode === "box") boxes.place(view);
  else if (mode === "outline" && outlines.cursor) corner({ x: outlines.cursor[0], y: outlines.cursor[1] });
  else if (mode === "outline") outlines.place(view);
}

function arrow(across, down, shift, act) {
  const { view, boxes, outlines, mode } = act;
  if (mode === "box" && boxes.draft) boxes.step(across, down, shift, view);
  else if (mode === "outline" && outlines.begun) outlines.step(across, down, shift, view);
  else if (mode === "window") act.changeWindow(-down * KEY_WINDOW, across * KEY_WINDOW);
  else view.move(across * KEY_MOVE, down * KEY_MOVE);
  return true;
}
