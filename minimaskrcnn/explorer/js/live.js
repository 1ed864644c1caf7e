// What the detector finds with the settings of this moment: both selections, run again at every change.
//
//     recall = objects found / objects,   found: a detection of its class with IoU >= 1/2
//
// The box head saw the proposals of the recorded run only. A proposal that other settings let through is counted,
// but nothing is known of what it would have become.

import { match, overlap } from "./average_precision.js";
import { anchor_fates, candidate_fates, select_detections, select_proposals, suppressed_by } from "./selection.js";

export const FOUND = 0.5; // IoU from which a box covers an object

export class Live {
  constructor(trace) {
    this.trace = trace;
    this.mask_threshold = 0.5;
    this.select({ ...trace.settings });
  }

  /** Run both funnels. */
  select(settings) {
    const { trace } = this, { proposal_anchor } = trace.arrays;
    this.proposals = this.#proposals(settings);
    this.settings = settings;
    const kept = new Set(this.proposals.kept);
    this.detections = select_detections(trace.candidates, settings, (roi) => kept.has(proposal_anchor[roi]));
    this.new_proposals = this.proposals.kept.filter((anchor) => !trace.roi_of_anchor.has(anchor));
    this.rois = [...proposal_anchor.keys()].filter((roi) => kept.has(proposal_anchor[roi]));
    this.fates = {};
    this.verdict = trace.truth ? this.#judge() : null;
  }

  /** The funnel of the RPN; where nothing before its limit has changed, the last one is cut anew. */
  #proposals(settings) {
    const before = ["rpn_pre_nms_top_n", "rpn_min_size", "rpn_score_thresh", "rpn_nms_thresh"];
    if (!before.every((name) => settings[name] === this.settings?.[name])) return select_proposals(this.trace.rpn, settings);
    return { ...this.proposals, kept: this.proposals.after_nms.slice(0, settings.rpn_post_nms_top_n) };
  }

  /** The fate of every anchor, worked out when it is first asked for. */
  get anchor_fate() {
    return (this.fates.anchor ??= anchor_fates(this.trace.anchor_count, this.proposals));
  }

  /** The fate of every candidate, likewise. */
  get candidate_fate() {
    const { rois } = this.trace.candidates;
    return (this.fates.candidate ??= candidate_fates([...rois], this.trace.is_background, this.detections));
  }

  /** Who pushed an anchor's box out of the RPN's NMS: {by, iou} or null. */
  anchor_suppressor(i) {
    const { clipped, scores, levels } = this.trace.rpn;
    return suppressed_by(clipped, scores, levels, this.proposals.after_nms, this.settings.rpn_nms_thresh, i);
  }

  /** Who pushed a candidate out of the NMS of its class: {by, iou} or null. */
  candidate_suppressor(i) {
    const { boxes, scores, labels } = this.trace.candidates;
    return suppressed_by(boxes, scores, labels, this.detections.after_nms, this.settings.box_nms_thresh, i);
  }

  /** Which detection took which object: {taken[g]: candidate or -1, lost, doubled: objects, false_alarms}. */
  #judge() {
    const { boxes, labels } = this.trace.truth, { kept } = this.detections;
    const taken = boxes.map(() => -1);
    for (const label of new Set(labels)) {
      const mine = kept.filter((i) => this.trace.candidates.labels[i] === label);
      const theirs = [...boxes.keys()].filter((g) => labels[g] === label);
      const winners = match(mine.map((i) => this.trace.candidate(i).box), theirs.map((g) => boxes[g]), FOUND);
      winners.forEach((g, d) => { if (g >= 0) taken[theirs[g]] = mine[d]; });
    }
    const lost = [...boxes.keys()].filter((g) => taken[g] < 0);
    const doubled = [...boxes.keys()].filter((g) => this.#covering(g).length > 1);
    const false_alarms = kept.filter((i) => !taken.includes(i));
    return { taken, lost, doubled, false_alarms };
  }

  /** The detections of the class of object g that cover it. */
  #covering(g) {
    const { boxes, labels } = this.trace.truth;
    return this.detections.kept.filter((i) => {
      const { label, box } = this.trace.candidate(i);
      return label === labels[g] && overlap(box, boxes[g]) >= FOUND;
    });
  }
}
