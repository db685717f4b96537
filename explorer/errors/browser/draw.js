// Axes, curves with bands, bars and dots as SVG, in units of one view box: what no threshold moves.
// A chart is {show(step), nearest(x, y)}: it marks a threshold, and says which one is nearest to a place.

const BOX = { width: 280, height: 240 };
const PLOT = { left: 46, right: 270, top: 12, bottom: 200 };
const SHARES = [0, 0.25, 0.5, 0.75, 1];

function drawn(parent, name, attributes, text) {
  const made = parent.appendChild(document.createElementNS("http://www.w3.org/2000/svg", name));
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  if (text !== undefined) made.textContent = text;
  return made;
}

function scale(from, to, start, end) {
  return (value) => start + ((value - from) / (to - from || 1)) * (end - start);
}

function interpolated(at, xs, ys) {
  if (at <= xs[0]) return ys[0];
  const next = xs.findIndex((x) => x >= at);
  if (next < 0) return ys[ys.length - 1];
  return ys[next - 1] + ((at - xs[next - 1]) / (xs[next] - xs[next - 1])) * (ys[next] - ys[next - 1]);
}

function roundTicks(low, high) {
  const rough = (high - low) / 5 || 1;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * [1, 2, 5, 10].find((factor) => factor * power >= rough);
  const first = Math.ceil(low / step - 1e-9);
  const count = Math.floor(high / step + 1e-9) - first + 1;
  return Array.from({ length: count }, (_, number) => Number(((first + number) * step).toPrecision(12)));
}

function axes(svg, xTicks, yTicks, x, y, xName, yName) {
  for (const tick of xTicks) {
    drawn(svg, "line", { class: "gridline", x1: x(tick), x2: x(tick), y1: PLOT.top, y2: PLOT.bottom });
    drawn(svg, "text", { x: x(tick), y: PLOT.bottom + 15, "text-anchor": "middle" }, String(tick));
  }
  for (const tick of yTicks) {
    drawn(svg, "line", { class: "gridline", x1: PLOT.left, x2: PLOT.right, y1: y(tick), y2: y(tick) });
    drawn(svg, "text", { x: PLOT.left - 5, y: y(tick) + 4, "text-anchor": "end" }, String(tick));
  }
  drawn(svg, "path", {
    class: "axis", fill: "none", d: `M${PLOT.left} ${PLOT.top}V${PLOT.bottom}H${PLOT.right}`,
  });
  drawn(svg, "text", { x: (PLOT.left + PLOT.right) / 2, y: BOX.height - 6, "text-anchor": "middle" }, xName);
  const middle = (PLOT.top + PLOT.bottom) / 2;
  drawn(svg, "text", {
    x: 10, y: middle, "text-anchor": "middle", transform: `rotate(-90 10 ${middle})`,
  }, yName);
}

const shareX = scale(0, 1, PLOT.left, PLOT.right);
const shareY = scale(0, 1, PLOT.bottom, PLOT.top);

function line(xs, ys) {
  const places = xs.map((x, number) => [x, ys[number]]).filter(([, y]) => y !== null);
  return places.map(([x, y]) => `${shareX(x).toFixed(1)} ${shareY(y).toFixed(1)}`).join("L");
}

// A curve of shares with its band; a threshold is a point on it. `at(step)` is [x, y], null where none.
function curveChart(svg, curve, guide, names, steps, at) {
  axes(svg, SHARES, SHARES, shareX, shareY, ...names);
  drawn(svg, "path", { class: "guide", d: `M${line([0, 1], guide)}` });
  const back = [...curve.x].reverse();
  const band = `M${line(curve.x, curve.high)}L${line(back, [...curve.low].reverse())}Z`;
  if (curve.low.some((value) => value !== null)) drawn(svg, "path", { class: "band", d: band });
  drawn(svg, "path", { class: "curve", d: `M${line(curve.x, curve.y)}` });
  const mark = drawn(svg, "g", { class: "mark" });
  drawn(mark, "circle", { r: 7 });
  const place = (step) => {
    const point = at(step);
    return point.some(Number.isNaN) ? null : [shareX(point[0]), shareY(point[1])];
  };
  const places = steps.map(place);
  return {
    show(step) {
      const point = place(step);
      mark.style.display = point ? "" : "none";
      if (point) mark.setAttribute("transform", `translate(${point.join(" ")})`);
    },
    nearest: (x, y) => least(places, (point) => (point ? (point[0] - x) ** 2 + (point[1] - y) ** 2 : Infinity)),
  };
}

// A threshold is an upright line at `at(step)`, a share of the width.
function lineChart(svg, steps, at) {
  const mark = drawn(svg, "g", { class: "mark" });
  drawn(mark, "line", { y1: PLOT.top, y2: PLOT.bottom });
  drawn(mark, "circle", { cy: PLOT.top, r: 6 });
  const place = (step) => shareX(Math.min(1, Math.max(0, at(step))));
  const places = steps.map(place);
  return {
    show: (step) => mark.setAttribute("transform", `translate(${place(step)} 0)`),
    nearest: (x) => least(places, (one) => Math.abs(one - x)),
  };
}

function histogramChart(svg, { edges, without, having }, steps) {
  const low = edges[0], high = edges[edges.length - 1];
  const x = scale(low, high, PLOT.left, PLOT.right);
  const top = Math.max(1, ...without, ...having);
  const y = scale(0, 1.05 * top, PLOT.bottom, PLOT.top);
  const whole = roundTicks(0, top).filter(Number.isInteger);
  axes(svg, roundTicks(low, high), whole, x, y, "score", "films");
  for (const [name, words, counts] of [["without", "without", without], ["with", "with it", having]]) {
    counts.forEach((count, bin) => {
      if (!count) return;
      const bar = drawn(svg, "rect", {
        class: name, x: x(edges[bin]), width: x(edges[bin + 1]) - x(edges[bin]),
        y: y(count), height: PLOT.bottom - y(count),
      });
      const middle = ((edges[bin] + edges[bin + 1]) / 2).toFixed(3);
      drawn(bar, "title", {}, `score ${middle}: ${count} films ${words}`);
    });
  }
  return lineChart(svg, steps, (step) => (step.score - low) / (high - low || 1));
}

function calibrationChart(svg, bins, steps) {
  axes(svg, SHARES, SHARES, shareX, shareY, "probability that is said", "share with the finding");
  drawn(svg, "path", { class: "guide", d: `M${line([0, 1], [0, 1])}` });
  drawn(svg, "path", { class: "curve", d: `M${line(bins.map((bin) => bin.said), bins.map((bin) => bin.is))}` });
  for (const bin of bins) {
    const x = shareX(bin.said);
    if (bin.low !== null) {
      drawn(svg, "line", { class: "reach", x1: x, x2: x, y1: shareY(bin.low), y2: shareY(bin.high) });
    }
    const dot = drawn(svg, "circle", { class: "dot", cx: x, cy: shareY(bin.is), r: 4 });
    drawn(dot, "title", {}, `said ${bin.said.toFixed(2)}, is ${bin.is.toFixed(2)}; ${bin.n} films`);
  }
  return lineChart(svg, steps, (step) => step.chance);
}

function least(values, cost) {
  let best = 0;
  for (let number = 1; number < values.length; number += 1) {
    if (cost(values[number]) < cost(values[best])) best = number;
  }
  return best;
}
