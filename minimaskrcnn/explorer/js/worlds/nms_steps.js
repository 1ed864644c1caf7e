// Greedy NMS, one decision at a time: keep the best box that is left, drop those that it overlaps too much.
//
//     keep the best;  drop all with iou(best, other) > threshold;  again

import { box_iou } from "../boxes.js";
import { style_of } from "../colours.js";
import { button, digits, element, slider } from "../dom.js";
import { by_falling_score, arange } from "../nms.js";
import { board } from "./board.js";
import { world } from "./world.js";

const PAUSE = 1200; // milliseconds between two steps that play by themselves
const SCORED_BOXES = [[40, 40, 150, 160, 0.95], [55, 52, 165, 165, 0.9], [30, 60, 140, 190, 0.75], [200, 50, 290, 130, 0.85],
               [210, 62, 305, 150, 0.6], [180, 120, 300, 200, 0.5]];

/** Every decision in its order: {best, dropped: [{index, iou}]}. */
export function nms_decisions(boxes, scores, threshold) {
  let left = by_falling_score(scores, arange(scores.length));
  const decisions = [];
  while (left.length) {
    const [best, ...others] = left;
    const overlaps = others.map((index) => ({ index, iou: box_iou(boxes[best], boxes[index]) }));
    decisions.push({ best, dropped: overlaps.filter(({ iou }) => iou > threshold) });
    left = overlaps.filter(({ iou }) => !(iou > threshold)).map(({ index }) => index);
  }
  return decisions;
}

/** The world of NMS. */
export function nms_world() {
  const boxes = SCORED_BOXES.map(([x1, y1, x2, y2, score], i) => ({ box: [x1, y1, x2, y2], score, name: "", ...style_of(i) }));
  const state = { step: 0, threshold: 0.5, timer: 0 }, words = element("p", { class: "status", role: "status" });
  const decided = () => nms_decisions(boxes.map(({ box }) => box), boxes.map(({ score }) => score), state.threshold);
  const plan = board([230, 360], boxes, () => tell());
  const tell = () => {
    const decisions = decided();
    state.step = Math.min(Math.max(state.step, 0), decisions.length);
    mark(boxes, decisions.slice(0, state.step));
    words.textContent = told_step(boxes, decisions, state.step);
    plan.refresh();
    back.toggleAttribute("disabled", state.step === 0);
    next.toggleAttribute("disabled", state.step === decisions.length);
    if (state.step === decisions.length) stop();
  };
  const go = (step) => { state.step += step; tell(); };
  const stop = () => { clearInterval(state.timer); state.timer = 0; play.textContent = "Play"; };
  const back = button("Back", () => go(-1)), next = button("Next", () => go(1));
  const play = button("Play", () => {
    if (state.timer) return stop();
    if (next.disabled) state.step = 0;
    play.textContent = "Stop";
    state.timer = setInterval(() => go(1), PAUSE);
    go(1);
  });
  const limit = slider({ label: "IoU threshold", min: 0, max: 1, step: 0.05, value: 0.5, format: digits,
    on_change: (value) => { state.threshold = value; tell(); } });
  const made = world({ id: "nms", name: "Greedy NMS, step by step",
    text: "Many boxes with scores go in, and those that stay come out. Each step keeps the best box that is left and drops " +
      "the boxes that it overlaps too much, whatever these show.",
    formula: "drop i if IoU(i, kept) > threshold", code: "detection.nms.nms" },
  plan, element("div", { class: "zoom" }, back, next, play, limit), words);
  tell();
  return made;
}

/** Say on the board which boxes are kept, dropped, or still to come. */
function mark(boxes, decisions) {
  const kept = decisions.map(({ best }) => best), dropped = decisions.flatMap((one) => one.dropped.map(({ index }) => index));
  boxes.forEach((one, i) => {
    const verdict = kept.includes(i) ? "kept" : dropped.includes(i) ? "dropped" : "";
    one.words = `${"abcdefgh"[i]} ${digits(one.score)} ${verdict}`;
    one.faint = dropped.includes(i);
  });
}

function told_step(boxes, decisions, step) {
  if (!step) return `${boxes.length} boxes, best score first. Next keeps the best.`;
  const { best, dropped } = decisions[step - 1], letter = (i) => "abcdefgh"[i];
  const gone = dropped.map(({ index, iou }) => `${letter(index)} (IoU ${digits(iou)})`).join(", ") || "no box";
  const end = step === decisions.length ? ` Done: ${decisions.length} of ${boxes.length} boxes are left.` : "";
  return `Step ${step}: keep ${letter(best)}, drop ${gone}.${end}`;
}
