// A trace in the page: every anchor, RoI and candidate by its number, with its boxes and scores.
//
//     anchor --decode, clip, select--> proposal = RoI --one for each class--> candidate --select--> detection
//
// All boxes are in pixels of the resized picture, as the network saw it.

import { unpack_all } from "./arrays.js";
import { box_at, clip_boxes_to_image, decode } from "./boxes.js";
import { arange } from "./nms.js";
import { rank_levels } from "./selection.js";

/** The record of minimaskrcnn/explorer/record.py, with its arrays unpacked. */
export async function open_trace(record) {
  return new Trace(record, await unpack_all(record.arrays));
}

export class Trace {
  constructor(record, arrays) {
    Object.assign(this, record, { arrays });
    this.anchor_count = arrays.objectness.length;
    this.class_count = record.arrays.class_scores.shape[1];
    this.roi_count = arrays.proposal_anchor.length;
    this.rpn = this.#rpn();
    this.candidates = this.#candidates();
    this.roi_of_anchor = new Map([...arrays.proposal_anchor].map((anchor, roi) => [anchor, roi]));
    this.is_background = arange(this.roi_count).map((roi) => {
      const scores = this.class_scores(roi);
      return scores.indexOf(Math.max(...scores)) === 0;
    });
    this.mask_of_candidate = new Map([...arrays.detection_candidate].map((candidate, i) => [candidate, i]));
    this.mask_side = record.arrays.mask_probs?.shape[1] ?? 0;
    const size = this.mask_side ** 2;
    this.masks = size ? arange(this.mask_of_candidate.size).map((row) =>
      arrays.mask_probs.subarray(row * size, (row + 1) * size)) : [];
  }

  /** What `select_proposals` needs: exact boxes and scores of all anchors that may enter NMS. */
  #rpn() {
    const { objectness, anchor_level, entrants, entrant_clipped, entrant_score } = this.arrays;
    const clipped = new Float32Array(4 * this.anchor_count), scores = new Float32Array(this.anchor_count);
    this.exact = new Uint8Array(this.anchor_count);
    entrants.forEach((anchor, i) => {
      clipped.set(entrant_clipped.subarray(4 * i, 4 * i + 4), 4 * anchor);
      scores[anchor] = entrant_score[i];
      this.exact[anchor] = 1;
    });
    const ranked = rank_levels(objectness, anchor_level);
    this.most_entrants = Math.max(...ranked.map((level) => level.filter((i) => this.exact[i]).length), 1);
    return { clipped, scores, levels: anchor_level, ranked };
  }

  /** Every pair of an RoI and a foreground class, RoI by RoI. */
  #candidates() {
    const classes = this.class_count - 1, count = this.roi_count * classes;
    const labels = new Uint16Array(count), rois = new Uint16Array(count), scores = new Float32Array(count);
    for (let i = 0; i < count; i++) {
      rois[i] = Math.floor(i / classes);
      labels[i] = (i % classes) + 1;
      scores[i] = this.arrays.class_scores[rois[i] * this.class_count + labels[i]];
    }
    return { boxes: this.arrays.candidate_box, labels, scores, rois };
  }

  anchor(i) {
    const { anchors } = this.arrays, count = this.anchor_count;
    return [anchors[i], anchors[count + i], anchors[2 * count + i], anchors[3 * count + i]];
  }

  deltas(i) {
    const [scale] = this.arrays.rpn_deltas_scale;
    return box_at(this.arrays.rpn_deltas, i).map((value) => value * scale);
  }

  decoded(i) {
    return decode(this.deltas(i), this.anchor(i));
  }

  /** The box that the RPN made of an anchor: exact for those that may enter NMS. */
  clipped(i) {
    if (this.exact[i]) return box_at(this.rpn.clipped, i);
    return clip_boxes_to_image(this.decoded(i), this.resized_size);
  }

  probability(i) {
    return 1 / (1 + Math.exp(-this.arrays.objectness[i]));
  }

  level_name(level) {
    return this.levels[level].name;
  }

  class_scores(roi) {
    return [...this.arrays.class_scores.subarray(roi * this.class_count, (roi + 1) * this.class_count)];
  }

  class_name(label) {
    return this.class_names[label];
  }

  proposal(roi) {
    return this.clipped(this.arrays.proposal_anchor[roi]);
  }

  candidate(i) {
    const { boxes, labels, scores, rois } = this.candidates;
    return { box: box_at(boxes, i), label: labels[i], score: scores[i], roi: rois[i] };
  }

  /** The candidates of one RoI, best first. */
  candidates_of(roi) {
    const classes = this.class_count - 1, { scores } = this.candidates;
    return arange(classes).map((k) => roi * classes + k).sort((a, b) => scores[b] - scores[a]);
  }

  /** The recorded mask of a candidate (side x side), or null where the mask head did not see it. */
  mask(candidate) {
    return this.masks[this.mask_of_candidate.get(candidate)] ?? null;
  }

  /** One recorded channel: its cells in 0 ... 255, and the two numbers that these stand for. */
  channel(map, place) {
    const [, height, width] = map.shape, size = height * width;
    const cells = this.arrays[map.array].subarray(place * size, (place + 1) * size);
    return { cells, height, width, low: map.low[place], high: map.high[place] };
  }
}
