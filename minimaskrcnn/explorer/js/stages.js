// The stages in the order of the forward pass: what goes in, what comes out, by which formula and which function.
//
// `nodes(app)` are the boxes that can be pointed at, best first; `paint(app, view)` draws the stage on the picture;
// `controls` names what can be picked: a map and channel, a level, or a box.

import {
  cell_anchors, confident, detections, entered_nms, paint_cell, paint_decoded, paint_detections, paint_map,
  paint_mask_grid, paint_masks, paint_nms, paint_objectness, paint_proposals, paint_refined, paint_rois,
  paint_scores, paint_truth, proposals, rois, rois_by_score, top_anchors, top_anchors_of_level,
} from "./marks.js";

export const STAGES = [
  {
    id: "input", name: "Input",
    text: "A picture of any size goes in. It is normalised and resized to what the network was trained on, and this " +
      "is the only picture that the network sees.",
    formula: "x = resize((image - mean) / std)", code: "models.transform.ImageTransform",
    nodes: () => [], paint: paint_truth,
  },
  {
    id: "backbone", name: "Backbone maps",
    text: "The picture goes into a stack of convolutions. Out come maps, each coarser than the one before, in which " +
      "a cell no longer holds a colour but says how strongly one pattern is present there: a channel for each pattern.",
    formula: "C_l = relu(x + F(x)), stage by stage; stride doubles", code: "models.resnet.ResNet",
    nodes: () => [], controls: "backbone", paint: paint_map,
  },
  {
    id: "pyramid", name: "Feature pyramid",
    text: "The coarse maps know what is there, the fine ones know where. Each level adds the coarser level, doubled " +
      "in size, to its own map, so that small objects are described as well as large ones.",
    formula: "P_l = conv3x3(conv1x1(C_l) + upsample(P_{l+1}))", code: "models.fpn.FPN",
    nodes: () => [], controls: "pyramid", paint: paint_map,
  },
  {
    id: "anchors", name: "Anchors of a cell",
    text: "Every cell of every level gets the same few boxes, before anything about the picture is known. The network " +
      "never invents a box; it only judges and moves these.",
    hint: "Click the picture to see the anchors of another cell.",
    formula: "w = s / sqrt(r),  h = s * sqrt(r)", code: "detection.anchors.AnchorGenerator",
    nodes: cell_anchors, controls: "cell", paint: paint_cell,
  },
  {
    id: "objectness", name: "Objectness",
    text: "A small network slides over each level and gives each anchor a number. The sigmoid makes it the " +
      "probability that the anchor covers an object; a bright cell has at least one anchor that does.",
    formula: "p = 1 / (1 + e^-logit)", code: "models.rpn.RPNHead",
    nodes: top_anchors_of_level, controls: "level", paint: paint_objectness,
  },
  {
    id: "decoded", name: "Decoded and clipped",
    text: "With its probability each anchor gets four deltas, which move its centre and stretch its sides. The moved " +
      "boxes (solid; anchors dashed) are cut off at the edges of the picture.",
    formula: "x' = x + dx w,  w' = w e^dw;  clip to the picture", code: "detection.coder.BoxCoder.decode",
    nodes: top_anchors, paint: paint_decoded,
  },
  {
    id: "proposals", name: "Proposals",
    text: "Thousands of boxes go in, most of them copies of each other. The best of each level go through NMS, which " +
      "drops every box that a better one overlaps, and the best that are left are the proposals.",
    hint: "Point at a box to see its numbers; click it for its story.",
    formula: "top-k of each level -> NMS of each level -> best P", code: "models.rpn.RegionProposalNetwork.select_proposals",
    nodes: proposals, paint: paint_proposals,
  },
  {
    id: "rois", name: "RoIs and their levels",
    text: "Each proposal reads a grid of features from one level: a large box from a coarse map, a small one from a " +
      "fine map. RoIAlign reads between the cells, so that nothing is rounded.",
    formula: "level = floor(k0 + log2(sqrt(w h) / s0))", code: "detection.levels.LevelMapper, ops.roi_align",
    nodes: rois, paint: paint_rois,
  },
  {
    id: "scores", name: "Class scores",
    text: "The box head turns the features of an RoI into one number for each class. The softmax makes them " +
      "probabilities, of which background is one: most proposals end there.",
    formula: "p_k = e^z_k / sum_j e^z_j", code: "models.box_head.BoxHead",
    nodes: rois_by_score, paint: paint_scores,
  },
  {
    id: "refined", name: "Refined boxes",
    text: "For each class the head also says how the box should move if it were that class. Here are the boxes whose " +
      "score passes the threshold, with an arrow from the proposal (dashed) to the refined box.",
    formula: "x' = x + dx w / 10,  w' = w e^(dw / 5)", code: "models.postprocess.BoxPostprocess.refine",
    nodes: confident, paint: paint_refined,
  },
  {
    id: "nms", name: "NMS of each class",
    text: "Many proposals end on the same object. Within a class the best box stays (solid) and removes those that " +
      "overlap it too much (dotted); boxes of different classes never remove each other.",
    formula: "drop i if iou(i, kept) > threshold, within a class", code: "detection.nms.batched_nms",
    nodes: entered_nms, paint: paint_nms,
  },
  {
    id: "masks", name: "28x28 masks",
    text: "A second head reads a finer grid inside each detection and answers with one small mask for each class. " +
      "Only that of the detection's own class is used: classes do not compete for pixels.",
    formula: "p = sigmoid(logit of the own class)", code: "models.mask_head.MaskHead",
    nodes: detections, needs_masks: true, paint: paint_mask_grid,
  },
  {
    id: "pasted", name: "Pasted masks",
    text: "Each small mask is stretched over its box and read at the pixels of the picture. Where the probability is " +
      "above the threshold, the pixel belongs to the object.",
    formula: "m(x, y) = p((x + 1/2 - x1) / (x2 - x1) * M - 1/2) > t", code: "models.paste",
    nodes: detections, needs_masks: true, paint: paint_masks,
  },
  {
    id: "detections", name: "Detections",
    text: "What is left is the answer: a class, a score and a box for each object, and its mask where there is a mask " +
      "head. Everything else left on the way, and every box can say where.",
    hint: "Click a box to follow it back to the anchor that it started from.",
    formula: "best D over all classes", code: "models.mask_rcnn.MaskRCNN.predict",
    nodes: detections, paint: paint_detections,
  },
];

/** The stages that a trace has: without a pyramid or a mask head there are fewer. */
export function stages_of(trace) {
  const parts = new Set(trace.maps.map((map) => map.part));
  return STAGES.filter((stage) =>
    (stage.id !== "pyramid" || parts.has("pyramid")) && (!stage.needs_masks || trace.mask_side));
}
