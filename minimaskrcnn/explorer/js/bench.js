// The RoI bench: a box on a small map, and everything a rule does with it, while the box moves.
//
//     box (cells) -> bins -> points -> bilinear weights -> one number for each bin
//
// The value of cell i stands in its middle, at i + 1/2 on the drawing.

import { BenchMap } from "./bench_map.js";
import { STEP, moved } from "./bench_moves.js";
import { trail_chart } from "./bench_trail.js";
import { choice, digits, element, fill, tick } from "./dom.js";
import { RULES, gradient, look } from "./roi.js";

const SWITCHES = [
  ["quantise_box", "round the box"], ["include_end", "end cell included"], ["quantise_bins", "round the bins"],
  ["aligned", "shift by half a cell"],
];
const SAMPLES = [["null", "whole cells"], ["0", "points, as many as fit"], ["1", "1x1 point"], ["2", "2x2 points"],
                 ["3", "3x3 points"], ["4", "4x4 points"]];

/** The bench; `maps` are {name, values, height, width, box}, the first is shown first. */
export function bench(maps) {
  const state = { map: maps[0], box: [...maps[0].box], size: 2, rule: { ...RULES.RoIAlign }, chosen: 0, slope: false };
  const drawing = new BenchMap(state, () => refresh());
  const output = element("div", {}), compare = element("div", { class: "compare" }), trail = element("div", {});
  const where = element("p", { class: "status", role: "status" });
  const controls = bench_controls(state, maps, () => refresh());

  const refresh = () => {
    state.bins = bins_of(state, state.rule);
    state.chosen = Math.min(state.chosen, state.bins.length - 1);
    state.weights = gradient(state.bins[state.chosen], state.rule.reduce, state.map.values.length);
    drawing.draw();
    controls.refresh();
    where.textContent = `Box (${state.box.map((side) => digits(side)).join(", ")}) in cells.`;
    fill(output, output_table(state, () => refresh()));
    fill(compare, Object.entries(RULES).map(([name, rule]) => compared(name, bins_of(state, rule), state)));
    fill(trail, trail_chart(state));
  };
  const made = element("section", { class: "bench", "aria-labelledby": "bench" },
    element("h2", { id: "bench" }, "The RoI bench"),
    element("p", {}, "A box of any size goes in; the same small grid of numbers comes out. The operators differ in what " +
      "they round on the way: drag the box, or move it by 0.05 cells, and see which outputs jump."),
    element("p", { class: "formula" }, "output = mean or max over the points of a bin;  point = sum of weight x cell"),
    element("p", { class: "code" }, "In the package: ", element("code", {}, "minimaskrcnn.ops.roi_features")),
    controls,
    element("div", { class: "desk" }, element("div", {}, drawing.canvas, nudges(state, refresh), where),
      element("div", {}, output, trail)),
    element("h3", {}, "Side by side"), compare);
  refresh();
  return made;
}

function bins_of({ map, box, size }, rule) {
  return look(map, box, [size, size], 1, rule);
}

/** The map, the size of the output, and the switches. */
function bench_controls(state, maps, changed) {
  const set = (name) => (value) => { state.rule[name] = value; changed(); };
  const ticks = SWITCHES.map(([name, label]) => [name, tick({ label, checked: false, on_change: set(name) })]);
  const samples = choice({ label: "reads", options: SAMPLES, value: "2",
    on_change: (value) => set("sampling_ratio")(JSON.parse(value)) });
  const reduce = choice({ label: "takes the", options: [["mean", "mean"], ["max", "max"]], value: "mean",
    on_change: set("reduce") });
  const rule = choice({ label: "operator", value: "RoIAlign",
    options: [...Object.keys(RULES), "your own"].map((name) => [name, name]),
    on_change: (name) => { Object.assign(state.rule, RULES[name] ?? {}); changed(); } });
  const made = element("div", { class: "picker" },
    choice({ label: "map", value: 0, options: maps.map(({ name }, i) => [i, name]), on_change: (i) => {
      Object.assign(state, { map: maps[i], box: [...maps[i].box], chosen: 0 });
      changed();
    } }),
    choice({ label: "output", value: 2, options: [1, 2, 3, 7].map((n) => [n, `${n}x${n} bins`]),
      on_change: (n) => { state.size = Number(n); changed(); } }),
    rule, ticks.map(([, box]) => box), samples, reduce,
    tick({ label: "show the gradient of the chosen bin", checked: false,
      on_change: (is_on) => { state.slope = is_on; changed(); } }));
  made.refresh = () => {
    ticks.forEach(([name, box]) => box.set(state.rule[name]));
    samples.set(JSON.stringify(state.rule.sampling_ratio));
    reduce.set(state.rule.reduce);
    rule.set(Object.keys(RULES).find((name) => same_rule(RULES[name], state.rule)) ?? "your own");
  };
  return made;
}

function same_rule(a, b) {
  return Object.keys(a).every((name) => a[name] === b[name]);
}

/** Buttons that do what the arrows do on the map. */
function nudges(state, changed) {
  const move = (dx, dy) => () => { state.box = moved(state.box, dx, dy); changed(); };
  const one = (words, dx, dy) => element("button", { type: "button", onclick: move(dx, dy) }, words);
  return element("div", { class: "zoom", role: "group", "aria-label": "Move the box by 0.05 cells" },
    one("Left", -STEP, 0), one("Right", STEP, 0), one("Up", 0, -STEP), one("Down", 0, STEP));
}

/** The output as a table whose bins can be chosen. */
function output_table(state, changed) {
  const { bins, size, chosen } = state, row = (p) => Array.from({ length: size }, (_, q) => p * size + q);
  const cell = (i) => element("td", {}, element("button", {
    type: "button", "aria-pressed": String(i === chosen), onclick: () => { state.chosen = i; changed(); },
  }, digits(bins[i].value)));
  const { points } = bins[chosen];
  return element("div", {}, element("table", { class: "grid" },
    element("caption", {}, "Output; choose a bin to see it on the map"),
    element("tbody", {}, Array.from({ length: size }, (_, p) => element("tr", {}, row(p).map(cell))))),
    element("p", {}, told_bin(points, state)));
}

/** How the chosen bin gets its value, point by point where there are few. */
function told_bin(points, { rule, map, bins, chosen }) {
  const read = ({ cells }) => cells.reduce((sum, [place, weight]) => sum + weight * map.values[place], 0);
  const [first] = points;
  if (!first) return "The bin reads nothing, so it is 0.";
  const terms = first.cells.map(([place, weight]) => `${digits(weight)} x ${digits(map.values[place])}`).join(" + ");
  return `Bin ${chosen} is the ${rule.reduce} of ${points.length} numbers; the first is ${terms || "off the map"} = ` +
    `${digits(read(first), 3)}. The bin is ${digits(bins[chosen].value, 3)}.`;
}

/** One operator's answer beside the others. */
function compared(name, bins, { size }) {
  const rows = Array.from({ length: size }, (_, p) => bins.slice(p * size, (p + 1) * size));
  return element("table", { class: "grid" }, element("caption", {}, name), element("tbody", {},
    rows.map((row) => element("tr", {}, row.map(({ value }) => element("td", {}, digits(value)))))));
}
