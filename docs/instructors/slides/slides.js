// Keys: arrows, page keys and space turn the slides, Home and End jump, N shows the speaker's notes.
"use strict";

const slides = [...document.querySelectorAll(".slide")];

function here() {
  const distance = (slide) => Math.abs(slide.getBoundingClientRect().top);
  return slides.reduce((best, slide, k) => (distance(slide) < distance(slides[best]) ? k : best), 0);
}

function show(number) {
  const slide = slides[Math.max(0, Math.min(slides.length - 1, number))];
  slide.scrollIntoView();
  slide.focus({ preventScroll: true });
  history.replaceState(null, "", "#" + slide.id);
}

const keys = {
  ArrowRight: () => show(here() + 1),
  ArrowDown: () => show(here() + 1),
  PageDown: () => show(here() + 1),
  ArrowLeft: () => show(here() - 1),
  ArrowUp: () => show(here() - 1),
  PageUp: () => show(here() - 1),
  Home: () => show(0),
  End: () => show(slides.length - 1),
  n() {
    const place = here();
    document.body.classList.toggle("notes");
    show(place);
  },
};
keys[" "] = keys.ArrowRight;
keys.N = keys.n;

addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || !(event.key in keys)) return;
  event.preventDefault();
  event.shiftKey && event.key === " " ? keys.ArrowLeft() : keys[event.key]();
});
if (location.search === "?notes") document.body.classList.add("notes");
