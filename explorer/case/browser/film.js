// The film's grey values and the maps over it, as canvases to draw from.

class Film {
  /** Values of an 8-bit grey PNG in a data URI. */
  static async read(uri) {
    const image = new Image();
    image.src = uri;
    await image.decode();
    const film = new Film();
    film.width = image.naturalWidth;
    film.height = image.naturalHeight;
    film.canvas = make("canvas", { width: film.width, height: film.height });
    film.context = film.canvas.getContext("2d", { willReadFrequently: true });
    film.context.drawImage(image, 0, 0);
    film.pixels = film.context.getImageData(0, 0, film.width, film.height);
    film.values = new Uint8Array(film.width * film.height);
    for (let n = 0; n < film.values.length; n++) film.values[n] = film.pixels.data[4 * n];
    return film;
  }

  /** Show the values through a window. */
  develop(greys) {
    const data = this.pixels.data;
    for (let n = 0; n < this.values.length; n++) {
      const grey = greys[this.values[n]];
      data[4 * n] = data[4 * n + 1] = data[4 * n + 2] = grey;
    }
    this.context.putImageData(this.pixels, 0, 0);
  }

  valueAt({ x, y }) {
    const column = Math.min(Math.floor(x * this.width), this.width - 1);
    const row = Math.min(Math.floor(y * this.height), this.height - 1);
    return this.values[row * this.width + column];
  }
}

/** A picture with transparency, to be drawn over a film. */
async function layerOf(uri) {
  const canvas = new Image();
  canvas.src = uri;
  await canvas.decode();
  return { canvas, width: canvas.naturalWidth, height: canvas.naturalHeight };
}

class HeatMap {
  /** A map of 0 to 255, its own range, and the colours of 256 values. */
  constructor({ title, about, alt, stamp, warned, values, width, height }, colours) {
    Object.assign(this, { title, about, alt, stamp, warned, width, height, colours });
    this.values = bytesOf(values);
    this.canvas = make("canvas", { width, height });
  }

  /** Colours as elsewhere in the app: where a map is low the film shows through. */
  develop(opacity) {
    const context = this.canvas.getContext("2d");
    const pixels = context.createImageData(this.width, this.height);
    this.values.forEach((value, n) => {
      pixels.data.set(this.colours.subarray(3 * value, 3 * value + 3), 4 * n);
      pixels.data[4 * n + 3] = 255 * opacity * Math.min((1.6 * value) / 255, 1);
    });
    context.putImageData(pixels, 0, 0);
  }

  /** Share of its own range. */
  valueAt({ x, y }) {
    const column = Math.min(Math.floor(x * this.width), this.width - 1);
    const row = Math.min(Math.floor(y * this.height), this.height - 1);
    return this.values[row * this.width + column] / 255;
  }
}

/** One picture of the row: the film, alone or under a map, with what is drawn over it. */
class Pane {
  constructor(title, alt, about, label, heat = null) {
    this.heat = heat;
    this.canvas = make("canvas", { attr: { role: "img", "aria-label": alt } });
    this.marks = makeSvg("svg", { "aria-hidden": "true", preserveAspectRatio: "none" });
    this.shapes = makeSvg("g");
    this.cross = makeSvg("path", { class: "cross" });
    this.marks.append(this.shapes, this.cross);
    this.stage = make(
      "div",
      { className: "stage", tabIndex: 0, attr: { role: "application", "aria-label": label } },
      this.canvas,
      this.marks,
    );
    this.caption = make("figcaption", {}, make("strong", { textContent: title }), " ", about);
    if (heat?.stamp) {
      const stamp = heat.warned ? `⚠ ${heat.stamp}` : heat.stamp;
      this.caption.append(make(heat.warned ? "strong" : "span", { className: "stamp", textContent: stamp }));
    }
    this.element = make("figure", {}, this.stage, this.caption);
  }

  /** Draw the seen part of the film, its map over it, and the marks at the same place. */
  draw(film, view) {
    const ratio = window.devicePixelRatio || 1;
    const width = Math.round(this.stage.clientWidth * ratio);
    const height = Math.round(this.stage.clientHeight * ratio);
    if (this.canvas.width !== width) this.canvas.width = width;
    if (this.canvas.height !== height) this.canvas.height = height;
    const context = this.canvas.getContext("2d");
    context.imageSmoothingQuality = "high";
    for (const layer of [film, this.heat, this.over].filter(Boolean)) {
      context.drawImage(
        layer.canvas,
        view.left * layer.width,
        view.top * layer.height,
        view.span * layer.width,
        view.span * layer.height,
        0,
        0,
        width,
        height,
      );
    }
    const seen = [view.left * film.width, view.top * film.height];
    seen.push(view.span * film.width, view.span * film.height);
    this.marks.setAttribute("viewBox", seen.join(" "));
  }

  /** The linked cursor, at a place of the film or nowhere. */
  point(place, film) {
    const [x, y] = place ? [place.x * film.width, place.y * film.height] : [0, 0];
    this.cross.setAttribute("d", place ? `M${x} 0V${film.height}M0 ${y}H${film.width}` : "");
  }
}
