// An outline that somebody draws for a note, corner after corner: mouse, touch and keyboard.

const NEAR = 0.02; // of what is seen: so near a corner is meant
const STROKE = 0.008; // of what is seen, between the corners of a line drawn by hand
const MOST_CORNERS = 1000;

class Outlines {
  /** `shapes` takes what is finished. */
  constructor(shapes) {
    this.shapes = shapes;
    this.cancel();
  }

  cancel() {
    this.points = []; // [x, y], shares of the film
    this.cursor = null; // where the next corner would be
    this.dragged = false;
  }

  get begun() {
    return this.points.length > 0 || this.cursor !== null;
  }

  /** Corners so far, and where the next one would be. */
  get draft() {
    return this.cursor ? [...this.points, this.cursor] : this.points;
  }

  /** A corner; on the first one, or again on the last, the outline is closed. */
  press(place, view) {
    this.dragged = false;
    const corner = this._inside(place);
    const closing = [this.points[0], this.points.at(-1)].some((one) => one && this._near(one, corner, view));
    if (closing && this.points.length >= 3) return this.finish();
    if (!closing) this._add(corner);
    this.cursor = corner;
    return false;
  }

  /** A line drawn by hand, while the mouse or finger is down. */
  stretch(place, view) {
    const corner = this._inside(place);
    this.cursor = corner;
    if (this._distance(this.points.at(-1), corner) < STROKE * view.span) return;
    this.dragged = true;
    this._add(corner);
  }

  /** Mouse or finger up: a line drawn by hand that comes back to its start is closed. */
  lift(view) {
    if (!this.dragged || this.points.length < 8) return false;
    return this._near(this.points[0], this.points.at(-1), view) && this.finish();
  }

  /** The mouse is elsewhere: the next corner would be there. */
  point(place) {
    if (this.points.length) this.cursor = this._inside(place);
  }

  /** A cursor in the middle of what is seen, to be moved by keys. */
  place(view) {
    this.cursor = [view.left + view.span / 2, view.top + view.span / 2];
  }

  step(across, down, fine, view) {
    const step = BOX_STEP * view.span * (fine ? 0.25 : 1);
    const [x, y] = this.cursor ?? this.points.at(-1);
    this.cursor = this._inside({ x: x + across * step, y: y + down * step });
  }

  /** Keep the outline, unless it is too small to be meant. */
  finish() {
    const points = this.points;
    this.cancel();
    const extent = (side) => Math.max(...points.map((one) => one[side])) - Math.min(...points.map((one) => one[side]));
    if (points.length < 3 || extent(0) < LEAST_BOX || extent(1) < LEAST_BOX) return false;
    this.shapes.add(points);
    return true;
  }

  /** Take the last corner back; false where none was set. */
  undo() {
    if (!this.begun) return false;
    this.points.pop();
    if (!this.points.length) this.cancel();
    return true;
  }

  _add(corner) {
    if (this.points.length < MOST_CORNERS) this.points.push(corner);
  }

  _inside({ x, y }) {
    return [x, y].map((value) => Math.min(Math.max(value, 0), 1));
  }

  _distance(one, other) {
    return Math.hypot(one[0] - other[0], one[1] - other[1]);
  }

  _near(one, other, view) {
    return this._distance(one, other) < NEAR * view.span;
  }
}
