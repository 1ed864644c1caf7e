// The story of a box: where it came from and what became of it, sentence by sentence.
//
//     detection -> candidate -> proposal -> anchor, and the same way forwards
//
// As minimaskrcnn/inspection/stories.py. A sentence names the box it speaks of, {kind, index}, so that a click on
// it leads there.

import { overlap } from "./average_precision.js";
import { digits, plural } from "./dom.js";
import { FOUND } from "./live.js";
import { FATES } from "./selection.js";

const SHOWN = 0.5; // score from which a detection is shown to a user

/** "32x20 px at (50, 14)" */
export function box_words([x1, y1, x2, y2]) {
  const whole = (value) => digits(value, 0);
  return `${whole(x2 - x1)}x${whole(y2 - y1)} px at (${whole((x1 + x2) / 2)}, ${whole((y1 + y2) / 2)})`;
}

/** The sentences about a box: {title, lines: [{words, kind, index}], boxes: [{name, box}]}. */
export function story_of(live, { kind, index }) {
  if (kind === "truth") return missed_story(live, index);
  return kind === "anchor" ? anchor_story(live, index) : candidate_story(live, index);
}

function anchor_story(live, index) {
  const { trace } = live, lines = [...origin(live, index)];
  const boxes = [{ name: "anchor", box: trace.anchor(index) }, { name: "RPN box", box: trace.clipped(index) }];
  const fate = live.anchor_fate[index];
  if (fate === "SUPPRESSED") {
    const { by, iou } = live.anchor_suppressor(index);
    lines.push({ words: `Its fate: suppressed by the box of anchor ${by} at IoU ${digits(iou)}.`, kind: "anchor",
                 index: by });
    boxes.push({ name: "suppressor", box: trace.clipped(by) });
  } else if (fate !== "KEPT") {
    lines.push({ words: `Its fate: ${FATES[fate]}.` });
  }
  const roi = trace.roi_of_anchor.get(index);
  if (fate === "KEPT" && roi === undefined) lines.push({ words: `It became a proposal, but ${unseen()}.` });
  if (fate === "KEPT" && roi !== undefined) lines.push(...prospects(live, roi));
  return { title: `Anchor ${index}`, lines, boxes };
}

/** Where an anchor stood, how it scored and where its deltas moved it. */
function origin(live, index) {
  const { trace } = live, [dx, dy, dw, dh] = trace.deltas(index).map((value) => signed(value));
  const rank = trace.arrays.objectness.reduce((n, one) => n + (one > trace.arrays.objectness[index] ? 1 : 0), 1);
  const level = trace.level_name(trace.arrays.anchor_level[index]);
  const pushed = live.proposals.confident.filter((i) => live.anchor_fate[i] === "SUPPRESSED" &&
    overlap(trace.clipped(i), trace.clipped(index)) > live.settings.rpn_nms_thresh &&
    live.anchor_suppressor(i)?.by === index).length;
  return [
    { words: `Anchor ${index} on ${level}, ${box_words(trace.anchor(index))}, looked like an object with ` +
        `probability ${digits(trace.probability(index))} (number ${rank.toLocaleString("en")} of ` +
        `${trace.anchor_count.toLocaleString("en")}).`, kind: "anchor", index },
    { words: `Its deltas (dx ${dx}, dy ${dy}, dw ${dw}, dh ${dh}) moved it to ` +
        `${box_words(trace.clipped(index))}; NMS on its level let it push out ${others(pushed)}.`, kind: "anchor",
      index },
  ];
}

/** What the box head made of a proposal: its three best classes. */
function prospects(live, roi) {
  const { trace } = live, background = trace.class_scores(roi)[0];
  const level = trace.level_name(trace.arrays.roi_level[roi]);
  const lines = [{ words: `As proposal ${roi} it was read from ${level}; background ${digits(background)}.` }];
  for (const candidate of trace.candidates_of(roi).slice(0, 3)) {
    const { label, score } = trace.candidate(candidate);
    lines.push({ words: `As ${trace.class_name(label)} (${digits(score)}): ${candidate_fate(live, candidate)}.`,
                 kind: "candidate", index: candidate });
  }
  return lines;
}

function candidate_story(live, index) {
  const { trace } = live, { roi, label, score, box } = trace.candidate(index);
  const anchor = trace.arrays.proposal_anchor[roi], name = trace.class_name(label);
  const place = live.detections.kept.indexOf(index), proposal = trace.proposal(roi);
  const moved = box.reduce((sum, side, i) => sum + Math.abs(side - proposal[i]), 0) / 4;
  const pushed = live.detections.large.filter((i) => live.candidate_fate[i] === "SUPPRESSED" &&
    trace.candidates.labels[i] === label && live.candidate_suppressor(i)?.by === index).length;
  const lines = [
    ...origin(live, anchor),
    { words: `As proposal ${roi} it was read from ${trace.level_name(trace.arrays.roi_level[roi])}; the box head ` +
        `called it ${name} with ${digits(score)} (background ${digits(trace.class_scores(roi)[0])}) and moved its ` +
        `sides by ${digits(moved, 1)} px on average.`, kind: "candidate", index },
    { words: `NMS among boxes of class ${name} let it push out ${others(pushed)}. ` +
        `Its fate: ${candidate_fate(live, index)}.`, ...suppressor_link(live, index) },
  ];
  const boxes = [{ name: "anchor", box: trace.anchor(anchor) }, { name: "proposal", box: proposal },
                 { name: name, box }];
  const by = live.candidate_fate[index] === "SUPPRESSED" ? live.candidate_suppressor(index) : null;
  if (by) boxes.push({ name: `suppressor, IoU ${digits(by.iou)}`, box: trace.candidate(by.by).box });
  if (place >= 0 && trace.mask_side) {
    const mask = trace.mask(index);
    lines.push({ words: mask ? `Its mask is drawn where the probability is above ${digits(live.mask_threshold)}.`
      : "The recorded run did not detect it, so the mask head drew no mask of it." });
  }
  const title = place < 0 ? `Candidate ${index}: ${name}` : `Detection ${place}: ${name}`;
  return { title: `${title}, score ${digits(score)}`, lines, boxes };
}

function suppressor_link(live, index) {
  const by = live.candidate_fate[index] === "SUPPRESSED" ? live.candidate_suppressor(index) : null;
  return by ? { kind: "candidate", index: by.by } : {};
}

/** What became of a candidate, in words. */
export function candidate_fate(live, index) {
  const fate = live.candidate_fate[index];
  if (fate === "BACKGROUND") return "the box head finds background more likely";
  if (fate !== "SUPPRESSED") return FATES[fate];
  const { by, iou } = live.candidate_suppressor(index);
  return `suppressed by a box of score ${digits(live.trace.candidate(by).score)} at IoU ${digits(iou)}`;
}

/** What became of an anchor's box, in words. */
export function anchor_fate(live, index) {
  const fate = live.anchor_fate[index];
  if (fate !== "SUPPRESSED") return FATES[fate];
  const { by, iou } = live.anchor_suppressor(index);
  return `suppressed by that of anchor ${by} at IoU ${digits(iou)}`;
}

/** Where a true object was lost: no anchor, no proposal, another class, a low score, or NMS. */
function missed_story(live, index) {
  const { trace } = live, truth = trace.truth.boxes[index], label = trace.truth.labels[index];
  const title = `True object ${index}: ${trace.class_name(label)}, ${box_words(truth)}`;
  const boxes = [{ name: "truth", box: truth }], lines = [];
  const anchor = best(trace.anchor_count, (i) => overlap(trace.anchor(i), truth));
  lines.push({ words: `The best of ${trace.anchor_count.toLocaleString("en")} anchors covers it with IoU ` +
    `${digits(anchor.value)}.`, kind: "anchor", index: anchor.index });
  const refined = best(trace.anchor_count, (i) => overlap(trace.clipped(i), truth));
  lines.push({ words: `The best box the RPN made of an anchor has IoU ${digits(refined.value)}: ` +
    `${anchor_fate(live, refined.index)}.`, kind: "anchor", index: refined.index });
  boxes.push({ name: "RPN box", box: trace.clipped(refined.index) });
  const { kept } = live.proposals, proposal = best(kept.length, (i) => overlap(trace.clipped(kept[i]), truth));
  if (proposal.value < FOUND) {
    lines.push({ words: `No proposal covers it (best IoU ${digits(proposal.value)}): it was lost in the RPN.` });
    return { title, lines, boxes };
  }
  lines.push(...end_of_object(live, truth, label, boxes));
  return { title, lines, boxes };
}

/** The best candidate on an object that a proposal covers, and what became of it. */
function end_of_object(live, truth, label, boxes) {
  const { trace } = live, { known, kept } = live.detections;
  const near = known.filter((i) => overlap(trace.candidate(i).box, truth) >= FOUND);
  const wanted = near.filter((i) => trace.candidates.labels[i] === label);
  const found = kept.find((i) => wanted.includes(i));
  if (found !== undefined) {
    return [{ words: found_words(live, found), kind: "candidate", index: found }];
  }
  if (!wanted.length) return [{ words: "Proposals cover it, but every refined box moved away from it (IoU below 0.5)." }];
  const { index } = best(wanted.length, (i) => trace.candidates.scores[wanted[i]]), candidate = wanted[index];
  const { score, box } = trace.candidate(candidate), name = trace.class_name(label);
  boxes.push({ name: "candidate", box });
  const lines = [{ words: `The best candidate on it is ${name} with score ${digits(score)} and IoU ` +
    `${digits(overlap(box, truth))}: ${candidate_fate(live, candidate)}.`, kind: "candidate", index: candidate }];
  const winner = kept.find((i) => near.includes(i));
  if (winner !== undefined) {
    const other = trace.candidate(winner);
    lines.push({ words: `Something was detected there, but as ${trace.class_name(other.label)} ` +
      `(${digits(other.score)}).`, kind: "candidate", index: winner });
  }
  return lines;
}

/** Which detection covers an object, and whether its score is high enough for a user to see it. */
function found_words({ trace, detections }, candidate) {
  const { label, score } = trace.candidate(candidate), place = detections.kept.indexOf(candidate);
  const name = trace.class_name(label);
  if (score >= SHOWN) return `It was not missed: detection ${place}, ${name} with score ${digits(score)}, covers it.`;
  return `Detection ${place}, ${name}, covers it, but its score of ${digits(score)} is too low to be shown.`;
}

/** The number below `count` with the greatest value. */
function best(count, value_of) {
  let index = -1, value = 0;
  for (let i = 0; i < count; i++) {
    const one = value_of(i);
    if (index < 0 || one > value) [index, value] = [i, one];
  }
  return { index, value };
}

function others(count) {
  return count === 0 ? "no other box" : plural(count, "other box", "other boxes");
}

function signed(value) {
  return (value < 0 ? "" : "+") + digits(value);
}

function unseen() {
  return FATES.NOT_RECORDED;
}
