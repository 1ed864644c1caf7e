// Non-maximum suppression: of boxes that overlap too much, only the one with the best score stays.
//
//     visit the boxes by falling score; keep one, and drop all others with iou(kept, other) > threshold
//
// As minimaskrcnn/detection/nms.py and fates.py: equal scores go in the order in which the boxes are given (the RPN
// gives them by falling logit, which still tells scores of exactly 1 apart), the IoU is a float32, and classes (or
// levels) never suppress each other.

import { box_at, box_iou, f32 } from "./boxes.js";
import { each_between, shelves } from "./shelves.js";

/** The numbers 0, 1, ..., n - 1. */
export function arange(n) {
  return Array.from({ length: n }, (_, i) => i);
}

/** Indices by falling score, equal ones as they are given; what is not a number comes first. */
export function by_falling_score(scores, index) {
  const rank = (i) => (Number.isNaN(scores[i]) ? Infinity : scores[i]);
  return [...index].sort((a, b) => rank(b) - rank(a) || 0);
}

/** The survivors among the boxes `index`, best score first. */
export function nms(boxes, scores, iou_threshold, index = arange(scores.length)) {
  const order = by_falling_score(scores, index);
  const sides = columns(boxes, order);
  const gone = new Uint8Array(order.length);
  const keep = [];
  for (let i = 0; i < order.length; i++) {
    if (gone[i]) continue;
    keep.push(order[i]);
    suppress(sides, i, gone, iou_threshold);
  }
  return keep;
}

/** The boxes of a list column by column, with their areas: x1, y1, x2, y2, area; and on shelves. */
function columns(boxes, order) {
  const [x1, y1, x2, y2, area] = arange(5).map(() => new Float32Array(order.length));
  order.forEach((box, i) => {
    x1[i] = boxes[4 * box]; y1[i] = boxes[4 * box + 1];
    x2[i] = boxes[4 * box + 2]; y2[i] = boxes[4 * box + 3];
    area[i] = f32(f32(x2[i] - x1[i]) * f32(y2[i] - y1[i]));
  });
  return { x1, y1, x2, y2, area, shelved: shelves(x1, x2) };
}

/** Mark all boxes after box i that overlap it by more than the threshold, which is not negative. */
function suppress({ x1, y1, x2, y2, area, shelved }, i, gone, iou_threshold) {
  const left = x1[i], top = y1[i], right = x2[i], bottom = y2[i];
  each_between(shelved, left, right, (j) => {
    if (j <= i || gone[j] || y1[j] >= bottom || y2[j] <= top) return; // an IoU of 0, or 0/0, is not above it
    const width = f32(Math.min(right, x2[j]) - Math.max(left, x1[j]));
    const height = f32(Math.min(bottom, y2[j]) - Math.max(top, y1[j]));
    if (width <= 0) return;
    const shared = f32(width * height);
    const union = f32(f32(area[i] + area[j]) - shared);
    if (f32(shared / union) > iou_threshold) gone[j] = 1;
  });
}

/** NMS within each group alone, best score first over all groups. */
export function batched_nms(boxes, scores, idxs, iou_threshold, index = arange(scores.length)) {
  const kept = new Set([...grouped(idxs, index).values()].flatMap(
    (member) => nms(boxes, scores, iou_threshold, member)));
  return by_falling_score(scores, index.filter((i) => kept.has(i)));
}

/** The indices of each group: Map from group to list. */
export function grouped(idxs, index) {
  const members = new Map();
  for (const i of index) {
    if (!members.has(idxs[i])) members.set(idxs[i], []);
    members.get(idxs[i]).push(i);
  }
  return members;
}

/** Which kept box dropped box i, and at which IoU: the first by score that overlaps it too much. */
export function suppressor(boxes, scores, keep, iou_threshold, i) {
  const own = box_at(boxes, i);
  for (const by of by_falling_score(scores, keep)) {
    const iou = box_iou(own, box_at(boxes, by));
    if (by !== i && iou > iou_threshold) return { by, iou };
  }
  return null;
}
