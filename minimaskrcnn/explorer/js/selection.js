// The two funnels: from all anchors to proposals, and from all (RoI, class) pairs to detections.
//
//     anchors    -> top-k of each level -> no slivers -> probable enough -> NMS of each level -> best P
//     candidates -> score above threshold -> no slivers -> NMS of each class -> best D
//
// As minimaskrcnn/models/rpn.py and postprocess.py, index by index. What leaves at which filter is its fate.

import { remove_small_boxes } from "./boxes.js";
import { arange, batched_nms, grouped, suppressor } from "./nms.js";

/** Why a box survived or not, as minimaskrcnn/detection/fates.py says it. */
export const FATES = {
  KEPT: "it survived every filter of this stage",
  BELOW_TOP_K: "too many boxes of its level have a higher objectness (top-k before NMS)",
  TOO_SMALL: "a side is shorter than the minimum once the box is clipped to the picture",
  LOW_SCORE: "its score does not pass the score threshold",
  SUPPRESSED: "a better box of the same group overlaps it by more than the NMS threshold",
  OVER_LIMIT: "it survived NMS, but enough boxes with higher scores fill the limit",
  BACKGROUND: "its class is background, which is never a detection",
  NOT_RECORDED: "its proposal was not among those of the recorded run, so the box head never saw it",
};

/** Anchors of each level by falling logit: sorted once, so that a slider only cuts the lists. */
export function rank_levels(objectness, levels) {
  const members = [...grouped(levels, arange(levels.length)).entries()].sort(([a], [b]) => a - b);
  return members.map(([, index]) => index.sort((a, b) => objectness[b] - objectness[a] || a - b));
}

/** Filter the clipped boxes; `ranked` is what `rank_levels` returns. */
export function select_proposals({ clipped, scores, levels, ranked }, settings) {
  const top_k = ranked.flatMap((level) => level.slice(0, settings.rpn_pre_nms_top_n));
  const large = remove_small_boxes(clipped, top_k, settings.rpn_min_size);
  const confident = large.filter((i) => scores[i] >= settings.rpn_score_thresh);
  const after_nms = batched_nms(clipped, scores, levels, settings.rpn_nms_thresh, confident);
  const kept = after_nms.slice(0, settings.rpn_post_nms_top_n);
  return { top_k, large, confident, after_nms, kept };
}

/** Filter the candidates of the RoIs for which `has_roi` is true. */
export function select_detections({ boxes, labels, scores, rois }, settings, has_roi = () => true) {
  const known = [];
  let roi = -1, is_known = false;
  for (let i = 0; i < labels.length; i++) { // RoI by RoI
    if (rois[i] !== roi) [roi, is_known] = [rois[i], has_roi(rois[i])];
    if (is_known) known.push(i);
  }
  const confident = known.filter((i) => scores[i] > settings.box_score_thresh);
  const large = remove_small_boxes(boxes, confident, settings.box_min_size);
  const after_nms = batched_nms(boxes, scores, labels, settings.box_nms_thresh, large);
  const kept = after_nms.slice(0, settings.box_detections_per_img);
  return { known, confident, large, after_nms, kept };
}

/** Read off the filters, given in order as [fate of those it drops, who passed], what became of each box. */
export function read_fates(count, filters) {
  const fate = new Array(count).fill(filters[0][0]);
  filters.forEach(([, passed], step) => {
    const next = step + 1 < filters.length ? filters[step + 1][0] : "KEPT";
    for (const i of passed) fate[i] = next;
  });
  return fate;
}

/** The fate of every anchor. */
export function anchor_fates(count, { top_k, large, confident, after_nms, kept }) {
  return read_fates(count, [
    ["BELOW_TOP_K", top_k], ["TOO_SMALL", large], ["LOW_SCORE", confident],
    ["SUPPRESSED", after_nms], ["OVER_LIMIT", kept]]);
}

/** The fate of every candidate; `is_background[roi]` where background is the likeliest class of an RoI. */
export function candidate_fates(rois, is_background, { known, confident, large, after_nms, kept }) {
  const fate = read_fates(rois.length, [
    ["NOT_RECORDED", known], ["LOW_SCORE", confident], ["TOO_SMALL", large],
    ["SUPPRESSED", after_nms], ["OVER_LIMIT", kept]]);
  return fate.map((one, i) => (one === "LOW_SCORE" && is_background[rois[i]] ? "BACKGROUND" : one));
}

/** Which box of its group pushed box i out: {by, iou}, or null where none did. */
export function suppressed_by(boxes, scores, groups, after_nms, iou_threshold, i) {
  const winners = after_nms.filter((j) => groups[j] === groups[i]);
  return suppressor(boxes, scores, winners, iou_threshold, i);
}
