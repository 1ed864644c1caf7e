// The live thresholds, and the funnel: how many boxes are left after each filter.
//
//     recall = objects found / objects
//
// A slider runs the whole selection again; the answer is that of the package with this setting.

import { digits, element, fill, plural, slider, button } from "./dom.js";

/** The sliders: the setting's name, words for it, its ends and step; a count is a whole number. */
function sliders_of(trace) {
  const { settings } = trace, counts = (n) => Math.max(n, 1);
  return [
    ["rpn_pre_nms_top_n", "top-k of each level", 1, trace.most_entrants, 1],
    ["rpn_nms_thresh", "NMS of the RPN, IoU", 0, 1, 0.01],
    ["rpn_post_nms_top_n", "number of proposals", 1, counts(Math.max(settings.rpn_post_nms_top_n, trace.roi_count)), 1],
    ["box_score_thresh", "score", 0, 1, 0.01],
    ["box_nms_thresh", "NMS of each class, IoU", 0, 1, 0.01],
    ["box_detections_per_img", "detections per picture", 1, counts(settings.box_detections_per_img), 1],
  ];
}

/** The panel; `changed()` is called after every change of a setting. */
export function threshold_panel({ trace, live }, changed) {
  const funnel = element("div", { class: "funnel" }), verdict = element("div", { class: "verdict" });
  const update = (name, value) => {
    live.select({ ...live.settings, [name]: value });
    changed();
  };
  const rows = sliders_of(trace).map(([name, label, min, max, step]) => {
    const value = Math.min(live.settings[name], max), format = (n) => (step === 1 ? String(n) : digits(n));
    return [name, slider({ label, min, max, step, value, format, on_change: (n) => update(name, n) })];
  });
  if (trace.mask_side) {
    rows.push(["mask_threshold", slider({ label: "mask threshold", min: 0, max: 1, step: 0.01, value: 0.5, format: digits,
      on_change: (n) => { live.mask_threshold = n; changed(); } })]);
  }
  const reset = button("Settings of the model", () => {
    live.mask_threshold = 0.5;
    live.select({ ...trace.settings });
    rows.forEach(([name, row]) => row.set(name === "mask_threshold" ? 0.5 : trace.settings[name]));
    changed();
  });
  const panel = element("section", { class: "thresholds", "aria-labelledby": "thresholds" },
    element("h2", { id: "thresholds" }, "Thresholds"), element("div", { class: "sliders" }, rows.map(([, row]) => row)),
    reset, element("h3", {}, "How many are left"), funnel, verdict);
  panel.refresh = () => {
    fill(funnel, funnel_rows(trace, live));
    fill(verdict, verdict_words(trace, live).map((words) => element("p", {}, words)));
  };
  panel.refresh();
  return panel;
}

/** The funnel as a table whose bars are on a logarithmic scale. */
function funnel_rows(trace, live) {
  const { proposals, detections } = live;
  const steps = [
    ["anchors", trace.anchor_count], ["in the top-k of their level", proposals.top_k.length],
    ["no slivers", proposals.large.length], ["after NMS of each level", proposals.after_nms.length],
    ["proposals", proposals.kept.length], ["pairs of RoI and class", detections.known.length],
    ["above the score", detections.confident.length], ["after NMS of each class", detections.after_nms.length],
    ["detections", detections.kept.length],
  ];
  const most = Math.log1p(Math.max(...steps.map(([, count]) => count)));
  return element("table", {}, element("caption", {}, "The funnel; bars are logarithmic"), element("tbody", {},
    steps.map(([words, count]) => element("tr", {}, element("th", { scope: "row" }, words),
      element("td", {}, count.toLocaleString("en")),
      element("td", { "aria-hidden": "true" }, bar(Math.log1p(count) / most))))));
}

function bar(share) {
  const made = element("div", { class: "bar" });
  made.style.width = `${100 * share}%`; // set from the script, which the policy allows
  return made;
}

/** Recall and what was lost or doubled, and how many proposals are not known. */
function verdict_words(trace, live) {
  const words = [];
  if (live.verdict) {
    const { lost, doubled, false_alarms } = live.verdict, all = trace.truth.boxes.length;
    words.push(`Recall at IoU 0.5: ${all - lost.length} of ${plural(all, "object")}. Lost: ${names(trace, lost)}. ` +
      `Found more than once: ${names(trace, doubled)}. False alarms: ${false_alarms.length}.`);
  } else words.push("The true objects of this picture are not known, so there is no recall.");
  if (live.new_proposals.length) {
    words.push(`${plural(live.new_proposals.length, "proposal")} were not among those of the recorded run: the box ` +
      "head did not see them, and they go no further here.");
  }
  return words;
}

function names(trace, objects) {
  if (!objects.length) return "none";
  const some = objects.slice(0, 6).map((g) => `${trace.class_name(trace.truth.labels[g])} ${g}`).join(", ");
  return objects.length > 6 ? `${some} and ${objects.length - 6} more` : some;
}
