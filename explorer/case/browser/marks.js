// What lies over a film as SVG: boxes and outlines, given in shares of the film.

class Marks {
  constructor(film) {
    this.film = film;
  }

  rect([left, top, width, height], name) {
    const { width: across, height: down } = this.film;
    return makeSvg("rect", {
      class: name, x: left * across, y: top * down, width: width * across, height: height * down,
    });
  }

  /** A box, or an outline. */
  shape(shape, name) {
    if (!isOutline(shape)) return this.rect(shape, name);
    return makeSvg("polygon", { class: name, points: this._corners(shape).join(" ") });
  }

  /** What is drawn for a note, and what is being drawn. */
  drawn(boxes, outlines, view) {
    const shapes = boxes.list.map((shape) => this.shape(shape, "drawn"));
    if (boxes.draft) shapes.push(this.rect(boxes.draft, "drawn draft"));
    const { draft } = outlines;
    if (draft.length) {
      const [[cx, cy]] = this._corners(draft); // to be met again by who closes it
      shapes.push(
        makeSvg("polyline", { class: "drawn draft", points: this._corners(draft).join(" ") }),
        makeSvg("circle", { class: "drawn", cx, cy, r: 0.01 * view.span * this.film.width }),
      );
    }
    return shapes;
  }

  _corners(points) {
    return points.map(([x, y]) => [x * this.film.width, y * this.film.height]);
  }
}
