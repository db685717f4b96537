// One threshold in four charts, four counts and the rates with their intervals. The table of all
// thresholds comes once a finding; a step asks nobody. Python hears where the threshold was left.

const PAUSE = 300; // milliseconds after the last key until Python hears of it
const KEYS = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1, PageUp: 10, PageDown: -10 };
const DASH = "–";
const views = new WeakMap(); // by the root of each component

let left; // the threshold, and the beginning that it was moved from

export default function ({ data, parentElement, setStateValue }) {
  const root = parentElement.querySelector(".threshold");
  let view = views.get(parentElement);
  if (view?.root !== root) views.set(parentElement, (view = listened({ root, start: {} })));
  view.tell = () => {
    left = { serial: view.start.serial, from: view.start.score, score: view.step.score };
    setStateValue("threshold", { serial: left.serial, score: left.score });
  };
  if (view.text !== data.table) draw(view, data.table);
  if (view.start.serial !== data.start.serial) {
    clearTimeout(view.timer);
    view.start = data.start;
    view.told = data.start.score;
    view.byHand = data.start.by_hand;
    // Charts that are drawn anew from the same beginning stay where they were left.
    const same = left?.serial === data.start.serial && left.from === data.start.score;
    show(view, stepOf(view, same ? left.score : data.start.score));
  }
  return () => clearTimeout(view.timer);
}

function draw(view, text) {
  const table = JSON.parse(text);
  const { root } = view;
  Object.assign(view, { text, table, start: {} });
  view.steps = table.thresholds.map((score, number) => stepAt(table, score, table.rows[number]));
  const range = root.querySelector("[type=range]");
  [range.min, range.max] = [table.thresholds[table.thresholds.length - 1], table.thresholds[0]];
  const chart = (name) => {
    const svg = root.querySelector(`[data-chart=${name}]`);
    svg.replaceChildren();
    svg.setAttribute("viewBox", `0 0 ${BOX.width} ${BOX.height}`);
    caption(svg.previousElementSibling, table.captions[name], name === "histogram");
    return svg;
  };
  const { steps } = view;
  const roc = (step) => [step.alarms / table.negatives, step.hits / table.positives];
  const pure = (step) => [step.hits / table.positives, step.hits / (step.hits + step.alarms)];
  const prevalence = table.positives / (table.positives + table.negatives);
  view.charts = {
    roc: curveChart(chart("roc"), table.roc, [0, 1], ["false positive rate", "sensitivity"], steps, roc),
    precision: curveChart(chart("precision"), table.precision, [prevalence, prevalence],
      ["recall (sensitivity)", "precision (PPV)"], steps, pure),
    histogram: histogramChart(chart("histogram"), table.histogram, steps),
    calibration: calibrationChart(chart("calibration"), table.calibration, steps),
  };
  rateCells(root, table.names);
}

function caption(place, [strong, rest], keyed) {
  place.replaceChildren();
  append(place, "strong", strong);
  append(place, "span", rest);
  const second = append(place, "div", "", keyed ? "" : "now");
  if (!keyed) return;
  append(second, "span", "without", "key without");
  append(second, "span", "with it", "key with");
}

function append(parent, name, text, kind = "") {
  const made = parent.appendChild(document.createElement(name));
  made.textContent = text;
  if (kind) made.className = kind;
  return made;
}

function rateCells(root, names) {
  root.querySelectorAll(".rates tr").forEach((row, number) => {
    while (row.children.length > 1) row.lastChild.remove();
    for (const [key, title] of Object.entries(names)) {
      const cell = append(row, number ? "td" : "th", number ? "" : title);
      if (number) cell.dataset[number === 1 ? "rate" : "range"] = key;
      else cell.scope = "col";
    }
  });
}

// What a threshold makes of the films. A row is found, false alarms, and value, low and high of each
// rate in hundredths, null where nothing is counted.
function stepAt(table, score, row) {
  const [hits, alarms, ...rates] = row;
  const chance = interpolated(score, table.knots, table.chances);
  const step = { score, hits, alarms, chance, rates: {}, known: true };
  Object.keys(table.names).forEach((name, number) => {
    step.rates[name] = rates.slice(3 * number, 3 * number + 3);
  });
  return step;
}

function stepOf(view, score) {
  const { table, start, steps } = view;
  if (score === start.score) return stepAt(table, score, start.row);
  const number = numberOf(steps, score);
  const exact = table.complete || steps[number].score === score;
  return { ...stepAt(table, score, table.rows[number]), known: exact };
}

// The last step that is no lower than the score: it calls the same films. Steps fall.
function numberOf(steps, score) {
  const below = steps.findIndex((step) => step.score < score);
  return below < 0 ? steps.length - 1 : Math.max(0, below - 1);
}

function figure(hundredths) {
  return hundredths === null ? DASH : (hundredths / 100).toFixed(2);
}

function show(view, step) {
  const { root, table } = view;
  view.step = step;
  const [value, range] = [root.querySelector("[type=number]"), root.querySelector("[type=range]")];
  if (value.value === "" || Number(value.value) !== step.score) value.value = step.score.toFixed(3);
  range.value = step.score;
  const counts = {
    found: step.hits, alarms: step.alarms,
    missed: table.positives - step.hits, rejected: table.negatives - step.alarms,
  };
  for (const [name, count] of Object.entries(counts)) {
    root.querySelector(`[data-count=${name}]`).textContent = step.known ? count : "…";
  }
  const said = {};
  for (const [name, [rate, low, high]] of Object.entries(step.rates)) {
    said[name] = step.known ? figure(rate) : "…";
    root.querySelector(`[data-rate=${name}]`).textContent = said[name];
    const interval = low === null ? DASH : `${figure(low)}${DASH}${figure(high)}`;
    root.querySelector(`[data-range=${name}]`).textContent = step.known ? interval : "…";
  }
  origin(view);
  for (const chart of Object.values(view.charts)) chart.show(step);
  words(view, said, range);
}

function words(view, said, range) {
  const { root, table, step } = view;
  const score = step.score.toFixed(3), chance = step.chance.toFixed(2);
  range.setAttribute("aria-valuetext",
    `threshold ${score}, sensitivity ${said.sensitivity}, specificity ${said.specificity}`);
  const now = {
    roc: `sensitivity ${said.sensitivity}, specificity ${said.specificity}`,
    precision: `precision ${said.ppv}, recall ${said.sensitivity}`,
    histogram: `of ${score}`,
    calibration: `probability ${chance}`,
  };
  for (const [name, sentence] of Object.entries(now)) {
    const svg = root.querySelector(`[data-chart=${name}]`);
    svg.setAttribute("aria-label", `${table.alts[name]}; at the threshold ${sentence}.`);
    const place = svg.previousElementSibling.querySelector(".now");
    if (place) place.textContent = `here ${sentence}`;
  }
}

function origin(view) {
  const moved = view.byHand || view.step.score !== view.start.score;
  if (view.moved === moved && view.saidOf === view.start) return;
  Object.assign(view, { moved, saidOf: view.start });
  const place = view.root.querySelector(".origin");
  place.replaceChildren();
  (moved ? view.start.moved : view.start.origin).forEach((part, number) => {
    append(place, number % 2 ? "strong" : "span", part);
  });
}

function tell(view) {
  clearTimeout(view.timer);
  if (view.step.score === view.told) return;
  view.told = view.step.score;
  view.byHand = true;
  view.tell();
}

function later(view) {
  clearTimeout(view.timer);
  view.timer = setTimeout(() => tell(view), PAUSE);
}

function goTo(view, number) {
  const step = view.steps[Math.min(view.steps.length - 1, Math.max(0, number))];
  if (step.score !== view.step.score) show(view, step);
}

// Steps fall, so that up and right go to lower numbers; from between two steps the first is to the next.
function move(view, by) {
  const number = numberOf(view.steps, view.step.score);
  const between = view.steps[number].score > view.step.score;
  goTo(view, number - by + (between && by > 0 ? 1 : 0));
}

function listened(view) {
  const { root } = view;
  const range = root.querySelector("[type=range]"), typed = root.querySelector("[type=number]");
  range.addEventListener("keydown", (event) => {
    const ends = { Home: view.steps.length - 1, End: 0 };
    if (event.key in ends) goTo(view, ends[event.key]);
    else if (event.key in KEYS) move(view, KEYS[event.key] * (event.shiftKey ? 10 : 1));
    else return;
    event.preventDefault();
    later(view);
  });
  range.addEventListener("input", () => {
    goTo(view, least(view.steps, (step) => Math.abs(step.score - range.value)));
    range.value = view.step.score;
  });
  range.addEventListener("change", () => tell(view));
  range.addEventListener("blur", () => tell(view));
  typed.addEventListener("change", () => {
    const score = Number(typed.value);
    if (typed.value.trim() === "" || !Number.isFinite(score)) return show(view, view.step);
    show(view, stepOf(view, score));
    later(view);
  });
  root.querySelectorAll("svg").forEach((svg) => dragged(view, svg, range));
  return view;
}

function dragged(view, svg, range) {
  const follow = (event) => {
    const place = svg.getBoundingClientRect();
    const x = ((event.clientX - place.left) * BOX.width) / place.width;
    const y = ((event.clientY - place.top) * BOX.height) / place.height;
    goTo(view, view.charts[svg.dataset.chart].nearest(x, y));
  };
  svg.addEventListener("pointerdown", (event) => {
    if (event.button !== 0 || !event.isPrimary) return;
    event.preventDefault();
    range.focus({ preventScroll: true }); // the arrow keys go on from here
    svg.setPointerCapture(event.pointerId);
    follow(event);
  });
  svg.addEventListener("pointermove", (event) => {
    if (svg.hasPointerCapture(event.pointerId)) follow(event);
  });
  for (const end of ["pointerup", "pointercancel"]) svg.addEventListener(end, () => tell(view));
}
