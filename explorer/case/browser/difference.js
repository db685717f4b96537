// One map less another, at every place of the film. Both came with the page.

const FIRST_HIGHER = [245, 150, 50]; // orange and blue: told apart by every eye
const SECOND_HIGHER = [80, 160, 255];

class DifferenceMap {
  /** Two maps of one size, each in its own range. */
  constructor(first, second) {
    Object.assign(this, { first, second, width: first.width, height: first.height });
    this.title = `${first.title} less ${second.title}`;
    this.about = `Each in its own range. Orange: ${first.title} is higher; blue: ${second.title}.`;
    this.values = Int16Array.from(first.values, (value, n) => value - second.values[n]);
    this.canvas = make("canvas", { width: this.width, height: this.height });
  }

  /** What is seen, for those who hear it. */
  get alt() {
    const apart = this.values.reduce((sum, value) => sum + Math.abs(value), 0) / this.values.length / 255;
    const high = this.values.indexOf(Math.max(...this.values));
    const low = this.values.indexOf(Math.min(...this.values));
    return (
      `${this.title}: ${apart.toFixed(2)} apart on average, of 1. ${this.first.title} is furthest above ` +
      `in the ${this._part(high)}, ${this.second.title} in the ${this._part(low)}.`
    );
  }

  _part(place) {
    const third = (share, names) => names[Math.min(Math.floor(3 * share), 2)];
    const down = third(Math.floor(place / this.width) / this.height, ["upper", "middle", "lower"]);
    const across = third((place % this.width) / this.width, ["left", "middle", "right"]);
    return down === across ? "middle" : `${down} ${across}`;
  }

  /** Where the maps agree the film shows through. */
  develop(opacity) {
    const context = this.canvas.getContext("2d");
    const pixels = context.createImageData(this.width, this.height);
    this.values.forEach((value, n) => {
      pixels.data.set(value > 0 ? FIRST_HIGHER : SECOND_HIGHER, 4 * n);
      pixels.data[4 * n + 3] = 255 * opacity * Math.min((1.6 * Math.abs(value)) / 255, 1);
    });
    context.putImageData(pixels, 0, 0);
  }

  /** Shares of the maps' ranges: -1 to 1. */
  valueAt(place) {
    return this.first.valueAt(place) - this.second.valueAt(place);
  }
}

/** A choice of two of the maps; `chosen` is given their difference, or null. */
function differencePicker(maps, before, chosen) {
  const select = make("select", {}, make("option", { value: "", textContent: "none" }));
  const pairs = maps.flatMap((first, n) => maps.slice(n + 1).map((second) => [first, second]));
  pairs.forEach(([first, second], n) => {
    select.append(make("option", { value: n, textContent: `${first.title} less ${second.title}` }));
  });
  const start = pairs.findIndex(([first, second]) => `${first.title} less ${second.title}` === before);
  if (start >= 0) select.value = start;
  const tell = () => chosen(select.value === "" ? null : new DifferenceMap(...pairs[select.value]));
  select.addEventListener("change", tell);
  if (start >= 0) tell();
  return make("label", {}, "Difference", select);
}
