// What all panes of a film share: the part that is seen, and the window of grey values.
// Places are shares of the film, 0 to 1, x to the right and y down.

const MOST_ZOOM = 20;
const GREYS = 256;

class View {
  constructor() {
    this.reset();
  }

  reset() {
    this.zoom = 1;
    this.left = 0;
    this.top = 0;
    this.centre = (GREYS - 1) / 2;
    this.width = GREYS - 1;
  }

  /** Share of the film's width and height that is seen. */
  get span() {
    return 1 / this.zoom;
  }

  /** Zoom by a factor; the place (x, y) of the film stays where it is. */
  zoomAt(factor, x, y) {
    const before = this.span;
    this.zoom = Math.min(Math.max(this.zoom * factor, 1), MOST_ZOOM);
    this.left = x - (x - this.left) * (this.span / before);
    this.top = y - (y - this.top) * (this.span / before);
    this._keepInside();
  }

  /** Move by shares of what is seen. */
  move(across, down) {
    this.left += across * this.span;
    this.top += down * this.span;
    this._keepInside();
  }

  /** Change the window by grey values. */
  changeWindow(centre, width) {
    this.centre = Math.min(Math.max(this.centre + centre, 0), GREYS - 1);
    this.width = Math.min(Math.max(this.width + width, 1), 2 * GREYS);
  }

  /** What each of 256 values is shown as. */
  greys() {
    const low = this.centre - this.width / 2;
    return Uint8ClampedArray.from({ length: GREYS }, (_, value) =>
      Math.round(((value - low) / this.width) * (GREYS - 1)),
    );
  }

  /** The place of the film under a pointer over a stage. */
  placeOf(event, stage) {
    const frame = stage.getBoundingClientRect();
    return {
      x: this.left + ((event.clientX - frame.left) / frame.width) * this.span,
      y: this.top + ((event.clientY - frame.top) / frame.height) * this.span,
    };
  }

  _keepInside() {
    this.left = Math.min(Math.max(this.left, 0), 1 - this.span);
    this.top = Math.min(Math.max(this.top, 0), 1 - this.span);
  }
}
