// Anchors over a scatter of object sizes: which objects has an anchor of nearly their shape?
//
//     w = s / sqrt(r),  h = s sqrt(r);   shape IoU = min(w, w') min(h, h') / union, both centred on one point

import { svg } from "../chart.js";
import { style_of } from "../colours.js";
import { digits, element, slider, tick } from "../dom.js";
import { world } from "./world.js";

const SIDE = 300, LARGEST = 160, COVERED = 0.5;
const RATIOS = [0.5, 1, 2];

/** Object sizes (w, h): a fixed cloud of small round objects, and some long ones. */
const OBJECTS = Array.from({ length: 60 }, (_, i) => {
  const size = 14 + ((i * 37) % 60) + (i % 7 === 0 ? 50 : 0), ratio = 2 ** ((((i * 53) % 40) - 20) / (i % 5 === 0 ? 12 : 30));
  return [size / Math.sqrt(ratio), size * Math.sqrt(ratio)];
});

/** The anchors (w, h) of these sizes and ratios h/w, to whole pixels as the package rounds their halves. */
export function cell_shapes(sizes, ratios) {
  const even = (value) => (Math.abs(value % 1) === 0.5 ? 2 * Math.round(value / 2) : Math.round(value));
  return ratios.flatMap((ratio) => sizes.map((size) =>
    [size / Math.sqrt(ratio), size * Math.sqrt(ratio)].map((side) => 2 * even(side / 2))));
}

/** IoU of two shapes (w, h) that are centred on one point. */
export function shape_iou([w, h], [other_w, other_h]) {
  const common = Math.min(w, other_w) * Math.min(h, other_h);
  return common / (w * h + other_w * other_h - common);
}

/** The world of anchors. */
export function anchors_world() {
  const state = { sizes: [32, 64], ratios: new Set(RATIOS) }, words = element("p", { class: "status", role: "status" });
  const picture = svg("svg", { class: "board", viewBox: `0 0 ${SIDE} ${SIDE}`, role: "img" });
  const tell = () => {
    const shapes = cell_shapes(state.sizes, [...state.ratios]);
    const best = OBJECTS.map((object) => Math.max(0, ...shapes.map((shape) => shape_iou(object, shape))));
    const covered = best.filter((iou) => iou >= COVERED).length, mean = best.reduce((a, b) => a + b) / best.length;
    words.textContent = `${covered} of ${OBJECTS.length} objects have an anchor of IoU 0.5 or more; the best IoU is ` +
      `${digits(mean)} on average.`;
    picture.setAttribute("aria-label", `Object sizes and ${shapes.length} anchors. ${words.textContent}`);
    picture.replaceChildren(...scatter(best), ...shapes.map(anchor_mark));
  };
  const sizes = state.sizes.map((size, i) => slider({ label: `anchor size ${i + 1}`, min: 8, max: LARGEST, step: 1, value: size,
    on_change: (value) => { state.sizes[i] = value; tell(); } }));
  const ratios = RATIOS.map((ratio) => tick({ label: `ratio ${ratio}`, checked: true, on_change: (is_on) => {
    state.ratios[is_on ? "add" : "delete"](ratio);
    tell();
  } }));
  const made = world({ id: "anchors", name: "Anchors and object sizes",
    text: "Each dot is an object, to the right its width and upwards its height; each square is an anchor. An object " +
      "far from all anchors (a cross) starts with a bad box, and longer training does not mend that.",
    formula: "w = s / sqrt(r),  h = s sqrt(r);  covered: best shape IoU >= 0.5", code: "inspection.anchor_coverage" },
  picture, element("div", { class: "zoom" }, sizes, ratios), words);
  tell();
  return made;
}

const across = (w) => (w / LARGEST) * SIDE, up = (h) => SIDE - (h / LARGEST) * SIDE;

/** A dot for each object that is covered, a cross for each that is not. */
function scatter(best) {
  return OBJECTS.map(([w, h], i) => (best[i] >= COVERED
    ? svg("circle", { cx: across(w), cy: up(h), r: 4, fill: style_of(1).colour })
    : svg("path", { d: `M${across(w) - 4} ${up(h) - 4}l8 8m0 -8l-8 8`, stroke: style_of(4).colour, "stroke-width": 2.5 })));
}

function anchor_mark([w, h]) {
  return svg("rect", { x: across(w) - 6, y: up(h) - 6, width: 12, height: 12, fill: "none", stroke: style_of(0).colour,
    "stroke-width": 2.5 });
}
