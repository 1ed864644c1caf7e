// Two boxes to drag, and how much they overlap.
//
//     iou = intersection / union,   union = area a + area b - intersection

import { box_area, box_iou, intersection } from "../boxes.js";
import { style_of } from "../colours.js";
import { digits, element } from "../dom.js";
import { board } from "./board.js";
import { world } from "./world.js";

/** The world of IoU. */
export function iou_world() {
  const a = { name: "a", box: [60, 40, 180, 140], ...style_of(0) }, b = { name: "b", box: [110, 70, 260, 170], ...style_of(1) };
  const words = element("p", { class: "status", role: "status" });
  const tell = () => {
    const shared = intersection(a.box, b.box), both = box_area(a.box) + box_area(b.box) - shared;
    words.textContent = `Intersection ${digits(shared, 0)}, union ${digits(both, 0)}: IoU ` +
      `${digits(box_iou(a.box, b.box), 3)}.`;
  };
  const made = world({ id: "iou", name: "Overlap of two boxes",
    text: "Two boxes go in, one number comes out: 1 where they are the same, 0 where they do not touch. A shift by a " +
      "third of the side already costs half of it.",
    formula: "IoU = intersection / union", code: "detection.boxes.box_iou" }, board([220, 360], [a, b], tell), words);
  tell();
  return made;
}
