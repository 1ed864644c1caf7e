// Average precision of boxes, as COCO defines it.
//
//     precision = right / (right + wrong),   recall = right / objects,   after each detection by score
//     AP = mean of the falling precision at recall 0, 0.01, ..., 1
//
// As minimaskrcnn/evaluation (overlap, matching, curves), in float64; without crowds and sizes.

import { arange, by_falling_score } from "./nms.js";

export const RECALLS = arange(101).map((i) => i * 0.01).with(100, 1);
export const IOU_THRESHOLDS = arange(10).map((i) => 0.5 + i * ((0.95 - 0.5) / 9)).with(9, 0.95);

/** Overlap of two boxes in float64; 0 where nothing intersects, whatever the areas. */
export function overlap([ax1, ay1, ax2, ay2], [bx1, by1, bx2, by2]) {
  const width = Math.max(Math.min(ax2, bx2) - Math.max(ax1, bx1), 0);
  const height = Math.max(Math.min(ay2, by2) - Math.max(ay1, by1), 0);
  const shared = width * height;
  const union = (ax2 - ax1) * (ay2 - ay1) + (bx2 - bx1) * (by2 - by1) - shared;
  return shared > 0 ? shared / union : 0;
}

/** Greedy matching: each detection, best first, takes the free object with the greatest IoU; -1 for none. */
export function match(found, true_boxes, threshold) {
  const free = true_boxes.map(() => true);
  return found.map((box) => {
    let winner = -1, best = Math.min(threshold, 1 - 1e-10);
    true_boxes.forEach((truth, g) => {
      const iou = free[g] ? overlap(box, truth) : -1;
      if (iou >= best) [winner, best] = [g, iou]; // of equals the last
    });
    if (winner >= 0) free[winner] = false;
    return winner;
  });
}

/** Precision and recall after each detection; `right` lists them by falling score. */
export function precision_recall(right, objects) {
  let hits = 0;
  return right.map((is_right, i) => {
    hits += is_right ? 1 : 0;
    return { precision: hits / (i + 1 + Number.EPSILON), recall: hits / objects };
  });
}

/** The best precision at this recall or a greater one, read at the 101 recalls; 0 where none is reached. */
export function sample_curve(right, objects) {
  const points = precision_recall(right, objects);
  const falling = points.map((point) => point.precision);
  for (let i = falling.length - 2; i >= 0; i--) falling[i] = Math.max(falling[i], falling[i + 1]);
  return RECALLS.map((recall) => falling[points.findIndex((point) => point.recall >= recall)] ?? 0);
}

/** AP of one class in one picture at one IoU; NaN without objects. */
export function average_precision(boxes, scores, true_boxes, iou = 0.5, max_dets = 100) {
  if (!true_boxes.length) return NaN;
  const order = by_falling_score(scores, arange(scores.length)).slice(0, max_dets);
  const winners = match(order.map((i) => boxes[i]), true_boxes, iou);
  return mean(sample_curve(winners.map((g) => g >= 0), true_boxes.length));
}

export function mean(values) {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
