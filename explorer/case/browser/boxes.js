// What somebody draws for a note, and how boxes are: mouse, touch and keyboard; the last can be undone.

const LEAST_BOX = 0.01; // of the film: less is a click that slipped
const FIRST_BOX = 0.2; // of what is seen, for the keyboard
const BOX_STEP = 0.02; // of what is seen

class Boxes {
  /** `changed` is told of the shapes whenever one is finished or taken back. */
  constructor(changed) {
    this.list = []; // [x, y, width, height] or corners [[x, y], ...], shares of the film
    this.draft = null;
    this.corner = null;
    this.changed = changed;
  }

  begin({ x, y }) {
    this.corner = { x, y };
    this.draft = [x, y, 0, 0];
  }

  stretch({ x, y }) {
    const inside = (value) => Math.min(Math.max(value, 0), 1);
    const [left, right] = [this.corner.x, inside(x)].sort((a, b) => a - b);
    const [top, bottom] = [this.corner.y, inside(y)].sort((a, b) => a - b);
    this.draft = [left, top, right - left, bottom - top];
  }

  /** Keep the draft, unless it is too small to be meant. */
  finish() {
    const draft = this.draft;
    this.cancel();
    if (!draft || draft[2] < LEAST_BOX || draft[3] < LEAST_BOX) return false;
    this.add(draft);
    return true;
  }

  add(shape) {
    this.list.push(shape);
    this.changed(this.list);
  }

  cancel() {
    this.draft = this.corner = null;
  }

  undo() {
    if (!this.list.length) return false;
    this.list.pop();
    this.changed(this.list);
    return true;
  }

  /** A box in the middle of what is seen, to be moved by keys. */
  place(view) {
    const side = FIRST_BOX * view.span;
    const start = (1 - FIRST_BOX) / 2;
    this.draft = [view.left + start * view.span, view.top + start * view.span, side, side];
  }

  /** Move the draft by steps, or with `resize` its lower right corner. */
  step(across, down, resize, view) {
    const step = BOX_STEP * view.span;
    let [x, y, width, height] = this.draft;
    if (resize) {
      width = Math.min(Math.max(width + across * step, LEAST_BOX), 1 - x);
      height = Math.min(Math.max(height + down * step, LEAST_BOX), 1 - y);
    } else {
      x = Math.min(Math.max(x + across * step, 0), 1 - width);
      y = Math.min(Math.max(y + down * step, 0), 1 - height);
    }
    this.draft = [x, y, width, height];
  }
}

/** Whether a shape is an outline and no box. */
const isOutline = (shape) => Array.isArray(shape[0]);
