// Has the browser solve the puzzle of a form that looks risky, while its reader looks it over once more.
// Where that cannot be done, the form stands as it is without a script: the tap alone counts, with lower limits.
import "./vendor/altcha.min.js";

const place = document.querySelector("[data-puzzle]");
const form = place.closest("form");
const { worker, language } = place.dataset;

globalThis.$altcha.algorithms.set("PBKDF2/SHA-256", () => new Worker(worker));
globalThis.$altcha.i18n.set(language, { ...globalThis.$altcha.i18n.get("en"), ...JSON.parse(place.dataset.words) });

const widget = document.createElement("altcha-widget");
widget.setAttribute("language", language);
widget.addEventListener("load", () => {
  widget.configure({
    challenge: place.dataset.puzzle,
    hideFooter: true,
    hideLogo: true,
    humanInteractionSignature: false, // how somebody moves is nobody's business
    name: "altcha",
  });
  widget.verify();
});

// A tap while it is being solved goes through by itself a moment later. A second one while the first is on its way would
// bring the same page once more, with a puzzle that is spent: it goes nowhere, and the answer to the first one comes.
const ON_ITS_WAY_MS = 10_000; // a page that was stopped can be sent again
let wanted = false;
let gone = false;
let state = "verifying";
form.addEventListener("submit", (event) => {
  if (state === "verifying") wanted = true;
  else if (!gone) {
    gone = true;
    setTimeout(() => (gone = false), ON_ITS_WAY_MS);
    return;
  }
  event.preventDefault();
});
addEventListener("pageshow", () => (gone = false)); // back again by the browser's button
widget.addEventListener("statechange", (event) => {
  state = event.detail.state;
  if (state === "error") place.remove();
  if (wanted && (state === "verified" || state === "error")) {
    wanted = false;
    requestAnimationFrame(() => form.requestSubmit());
  }
});
place.append(widget);
