// The precision-recall curve of a list of detections, while they change their rank.
//
//     precision = right / (right + wrong),   recall = right / objects,   AP = mean of the falling precision

import { mean, precision_recall, sample_curve, RECALLS } from "../average_precision.js";
import { line_chart } from "../chart.js";
import { style_of } from "../colours.js";
import { digits, element, fill } from "../dom.js";
import { world } from "./world.js";

const TO_FIND = 6; // one of them is never found
const VERDICTS = [true, true, false, true, false, false, true, true];

/** The world of average precision. */
export function precision_recall_world() {
  const list = VERDICTS.map((is_right, i) => ({ is_right, name: "ABCDEFGH"[i] })), state = { dragged: null };
  const ranks = element("ol", { class: "ranks" }), chart = element("div", {});
  const move = (from, to) => {
    if (to < 0 || to >= list.length) return;
    list.splice(to, 0, ...list.splice(from, 1));
    tell();
  };
  const tell = () => {
    fill(ranks, list.map((one, i) => rank_row(one, i, list.length, move, state)));
    fill(chart, curve_chart(list.map(({ is_right }) => is_right)));
  };
  tell();
  return world({ id: "precision", name: "Precision and recall by rank",
    text: "Detections in order of their scores go in, each right or wrong; six objects are to be found. AP asks how pure the " +
      "list is down to each recall, so a wrong detection costs most at the top.",
    formula: "AP = mean over recall 0, 0.01, ..., 1 of max precision at this recall or more",
    code: "evaluation.curves.sample_curve" },
  element("div", { class: "desk" }, 
    element("div", {}, element("p", {}, "Drag a detection, or move it with its buttons."), ranks), chart));
}

function rank_row({ is_right, name }, i, count, move, state) {
  const words = `${name}: ${is_right ? "right" : "wrong"}`;
  const one = (label, to) => element("button", { type: "button", "aria-label": `${label} ${words}`, onclick: () => move(i, to),
    disabled: to < 0 || to >= count }, label);
  return element("li", { draggable: "true", class: is_right ? "right" : "wrong",
    ondragstart: () => { state.dragged = i; }, ondragover: (event) => event.preventDefault(),
    ondrop: (event) => { event.preventDefault(); move(state.dragged, i); } },
  element("span", {}, `${is_right ? "✓" : "✗"} ${words}`), one("Up", i - 1), one("Down", i + 1));
}

/** The points after each detection, and the curve that AP reads. */
function curve_chart(right) {
  const points = precision_recall(right, TO_FIND).map(({ recall, precision }) => [recall, precision]);
  const curve = sample_curve(right, TO_FIND);
  return line_chart({ title: "Precision against recall", x: "recall", y: "precision",
    ends: { x_low: 0, x_high: 1, y_low: 0, y_high: 1 },
    lines: [{ name: "after each detection", ...style_of(1), points },
            { name: "what AP reads", ...style_of(0), points: curve.map((value, i) => [RECALLS[i], value]) }],
    words: `AP is ${digits(mean(curve), 3)}; ${right.filter(Boolean).length} of ${TO_FIND} objects are found.` });
}
