// What each stage shows on the picture: which boxes can be pointed at, and how they are drawn.
//
// A node {kind, index} is an anchor (with the box the RPN made of it), a candidate, or a true object.

import { style_of } from "./colours.js";
import { draw_box, draw_heat, draw_mask, draw_move } from "./draw.js";
import { digits } from "./dom.js";

const MANY = 60; // boxes that are drawn strongly; the others are faint
const BEST = 12; // detections that are drawn strongly whatever their score; the others only if they are likely

const anchors_as_nodes = (index) => index.map((i) => ({ kind: "anchor", index: i }));
const candidates_as_nodes = (index) => index.map((i) => ({ kind: "candidate", index: i }));

/** The box of a node at a stage. */
export function box_of({ trace, stage }, { kind, index }) {
  if (kind === "truth") return trace.truth.boxes[index];
  if (kind === "candidate") return trace.candidate(index).box;
  return ["anchors", "objectness"].includes(stage.id) ? trace.anchor(index) : trace.clipped(index);
}

// ---- what can be pointed at ----

/** The anchors of the chosen cell. */
export function cell_anchors({ trace, level, cell }) {
  const map = level_grid(trace, level), start = map.start + (cell[0] * map.width + cell[1]) * map.each;
  return anchors_as_nodes(Array.from({ length: map.each }, (_, i) => start + i));
}

export const top_anchors_of_level = ({ trace, level }) => anchors_as_nodes(trace.rpn.ranked[level].slice(0, 20));

/** The best anchors over all levels, as far as top-k lets them pass. */
export function top_anchors({ trace, live }) {
  const { scores } = trace.rpn;
  return anchors_as_nodes([...live.proposals.top_k].sort((a, b) => scores[b] - scores[a]).slice(0, MANY));
}

export const proposals = ({ live }) => anchors_as_nodes(live.proposals.kept);
export const rois = ({ trace, live }) => anchors_as_nodes(live.rois.map((roi) => trace.arrays.proposal_anchor[roi]));

/** The RoIs, those first that are least likely background. */
export function rois_by_score({ trace, live }) {
  const background = (roi) => trace.class_scores(roi)[0];
  const order = [...live.rois].sort((a, b) => background(a) - background(b));
  return anchors_as_nodes(order.map((roi) => trace.arrays.proposal_anchor[roi]));
}

export const confident = ({ trace, live }) => candidates_as_nodes(by_score(trace, live.detections.confident));
export const entered_nms = ({ trace, live }) => candidates_as_nodes(by_score(trace, live.detections.large));
export const detections = ({ live }) => candidates_as_nodes(live.detections.kept);

function by_score(trace, index) {
  return [...index].sort((a, b) => trace.candidates.scores[b] - trace.candidates.scores[a]);
}

/** The grid of cells of a level: {start, height, width, each}, `start` the first anchor, `each` anchors per cell. */
export function level_grid(trace, level) {
  const levels = trace.arrays.anchor_level, start = levels.indexOf(level), end = levels.lastIndexOf(level) + 1;
  const map = trace.maps.find((one) => one.part === "pyramid" && one.name === trace.levels[level].name) ??
    trace.maps.findLast((one) => one.part === "backbone");
  const [, height, width] = map.shape;
  return { start, height, width, each: (end - start) / (height * width) };
}

// ---- how it is drawn ----

/** The true objects, where they are known. */
export function paint_truth({ trace, show_truth }, view) {
  if (!trace.truth || !show_truth) return;
  trace.truth.boxes.forEach((box, g) => draw_box(view, box, {
    colour: "#ffffff", dash: [4, 3], label: `true ${trace.class_name(trace.truth.labels[g])}` }));
}

export function paint_map(app, view) {
  const { map, channel } = app, { cells, height, width } = app.trace.channel(map, channel);
  const stride = map_stride(app.trace, map);
  draw_heat(view, Array.from(cells, (value) => value / 255), height, width, stride, app.opacity);
}

/** Distance (y, x) between the cells of a map, which covers the padded picture. */
export function map_stride(trace, map) {
  const own = trace.levels.find((level) => level.name === map.name);
  if (own) return own.stride;
  const grid = level_grid(trace, 0), [, height, width] = map.shape, [y, x] = trace.levels[0].stride;
  return [(grid.height * y) / height, (grid.width * x) / width];
}

export function paint_cell(app, view) {
  const { trace, level, cell } = app, [y, x] = trace.levels[level].stride, { context, scale } = view;
  context.save();
  context.strokeStyle = "rgba(255,255,255,.35)";
  context.lineWidth = 1 / scale;
  context.beginPath();
  for (let at = 0; at <= trace.resized_size[1]; at += x) context.rect(at, 0, 0, trace.resized_size[0]);
  for (let at = 0; at <= trace.resized_size[0]; at += y) context.rect(0, at, trace.resized_size[1], 0);
  context.stroke();
  context.fillStyle = "rgba(255,255,255,.8)";
  context.fillRect(cell[1] * x, cell[0] * y, x, y);
  context.restore();
  cell_anchors(app).forEach(({ index }, i) => draw_box(view, trace.anchor(index), {
    ...style_of(i), label: `p ${digits(trace.probability(index))}` }));
}

/** In every cell of a level the best probability of its anchors. */
export function paint_objectness({ trace, level, opacity }, view) {
  const { start, height, width, each } = level_grid(trace, level);
  const shares = Array.from({ length: height * width }, (_, cell) => {
    let best = -Infinity;
    for (let a = 0; a < each; a++) best = Math.max(best, trace.arrays.objectness[start + cell * each + a]);
    return 1 / (1 + Math.exp(-best));
  });
  draw_heat(view, shares, height, width, trace.levels[level].stride, opacity);
}

export function paint_decoded(app, view) {
  top_anchors(app).slice(0, 12).reverse().forEach(({ index }) => {
    draw_box(view, app.trace.anchor(index), { colour: "#bbbbbb", dash: [4, 3], width: 1 });
    draw_box(view, app.trace.clipped(index), { colour: "#56B4E9" });
    draw_move(view, app.trace.anchor(index), app.trace.clipped(index), "#ffffff");
  });
}

export function paint_proposals({ trace, live }, view) {
  const shown = live.proposals.kept.slice(0, MANY * 5);
  shown.map((i, n) => [i, n]).reverse().forEach(([i, n]) => draw_box(view, trace.clipped(i), {
    colour: "#56B4E9", width: n < MANY ? 2 : 1, opacity: n < MANY / 3 ? 1 : 0.45 }));
}

export function paint_rois({ trace, live }, view) {
  const shown = live.rois.slice(0, MANY).reverse();
  for (const roi of shown) {
    const level = trace.arrays.roi_level[roi];
    draw_box(view, trace.proposal(roi), { ...style_of(level), label: trace.level_name(level) });
  }
}

export function paint_scores(app, view) {
  rois_by_score(app).slice(0, MANY).reverse().forEach(({ index }) => {
    const [candidate] = app.trace.candidates_of(app.trace.roi_of_anchor.get(index));
    const { label, score } = app.trace.candidate(candidate);
    draw_box(view, app.trace.clipped(index), { ...style_of(label - 1), opacity: 0.3 + 0.7 * score });
  });
}

export function paint_refined(app, view) {
  confident(app).slice(0, MANY).reverse().forEach(({ index }) => {
    const { box, label, roi } = app.trace.candidate(index);
    draw_box(view, app.trace.proposal(roi), { colour: "#bbbbbb", dash: [4, 3], width: 1, opacity: 0.7 });
    draw_box(view, box, { ...style_of(label - 1) });
    draw_move(view, app.trace.proposal(roi), box, "#ffffff");
  });
}

export function paint_nms(app, view) {
  const { trace, live } = app;
  for (const { index } of entered_nms(app).slice(0, MANY * 3).reverse()) {
    const { box, label } = trace.candidate(index), is_kept = live.candidate_fate[index] !== "SUPPRESSED";
    const { colour } = style_of(label - 1);
    draw_box(view, box, is_kept ? { colour, width: 3 } : { colour, dash: [2, 3], width: 1, opacity: 0.7 });
  }
}

/** The small masks themselves, cell by cell, in their boxes. */
export function paint_mask_grid({ trace, live }, view) {
  for (const index of [...live.detections.kept].reverse()) {
    const { box: [x1, y1, x2, y2], label } = trace.candidate(index), mask = trace.mask(index);
    const { colour, dash } = style_of(label - 1);
    if (mask) draw_grid(view, mask, trace.mask_side, [x1, y1, x2, y2]);
    draw_box(view, [x1, y1, x2, y2], { colour, dash });
  }
}

function draw_grid(view, mask, side, [x1, y1, x2, y2]) {
  const { context } = view;
  context.save();
  context.translate(x1, y1);
  context.beginPath();
  context.rect(0, 0, x2 - x1, y2 - y1);
  context.clip();
  const grid = { context, width: x2 - x1, height: y2 - y1 };
  draw_heat(grid, mask, side, side, [(y2 - y1) / side, (x2 - x1) / side], 0.85);
  context.restore();
}

export function paint_masks({ trace, live }, view, shown = live.detections.kept) {
  for (const index of [...shown].reverse()) {
    const { box } = trace.candidate(index), mask = trace.mask(index), place = trace.mask_of_candidate.get(index);
    const options = { colour: style_of(place).colour, threshold: live.mask_threshold, size: trace.image_size,
                      rule: trace.settings.paste_rule, stripes: place % 3 };
    if (mask) draw_mask(view, mask, trace.mask_side, box, options);
    else view.labels.add("no mask recorded", box, "#fff");
  }
}

export function paint_detections(app, view) {
  const { trace, live } = app, { kept } = live.detections, few = kept.length <= 30;
  const strong = new Set(kept.filter((index, n) => n < BEST || trace.candidate(index).score >= 0.5));
  if (trace.mask_side) paint_masks(app, view, [...strong]);
  [...kept.entries()].reverse().forEach(([n, index]) => {
    const { box, label, score } = trace.candidate(index), place = trace.mask_of_candidate.get(index) ?? n;
    const words = few ? `${trace.class_name(label)} ${digits(score)}` : "";
    const weight = strong.has(index) ? { width: 2, opacity: 1 } : { width: 1, opacity: 0.4 };
    draw_box(view, box, { colour: style_of(place).colour, dash: style_of(label - 1).dash, label: words, ...weight });
  });
  paint_truth(app, view);
}
