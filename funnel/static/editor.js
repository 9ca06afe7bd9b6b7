// The editor keeps what is typed: as a draft with us, and in this browser for as long as we cannot be reached.
const form = document.querySelector("form[data-editor]");
const QUIET_MS = 1200; // after the last key
const RETRY_MS = 4000; // after we could not be reached
const said = form.querySelector("[data-state]");
const names = form.dataset.fields.split(" ");
const main = form.elements.body ?? form.elements[names[0]];
const place = `funnel editor ${location.pathname}`;
let timer, keptAt, words = "", busy = false, stopped = false;

const typed = () => Object.fromEntries(names.map((name) => [name, form.elements[name].value]));
const same = (one, other) => names.every((name) => one[name].trim() === other[name].trim());
let last = typed();

function store(content) {
  try {
    localStorage.setItem(place, JSON.stringify({ content, at: Date.now() }));
  } catch {
    // A browser that keeps nothing: the draft with us is all there is.
  }
}

function stored() {
  try {
    return JSON.parse(localStorage.getItem(place));
  } catch {
    return null;
  }
}

function forget() {
  try {
    localStorage.removeItem(place);
  } catch {
    // as above
  }
}

function ago(seconds) {
  if (seconds < 5) return "just now";
  if (seconds < 60) return `${Math.floor(seconds / 5) * 5} s ago`;
  const minutes = Math.floor(seconds / 60);
  return minutes < 60 ? `${minutes} min ago` : `${Math.floor(minutes / 60)} h ago`;
}

function tell(text, state) {
  said.dataset.state = state;
  if (said.textContent !== text) said.textContent = text;
}

function tick() {
  if (keptAt) tell(`Saved as a draft ${ago((Date.now() - keptAt) / 1000)}. ${words}`.trim(), "kept");
}

async function send(content) {
  const body = new URLSearchParams({
    ...content,
    based_on: form.elements.based_on.value,
    version: form.elements.version.value,
    csrf_token: form.elements.csrf_token.value,
  });
  return fetch(form.dataset.draft, { method: "POST", body, redirect: "manual", headers: { Accept: "application/json" } });
}

// After a new sign-in in another window the page's token is not the session's any more.
async function fresh() {
  const page = await fetch(location.href, { redirect: "manual" });
  if (!page.ok) return false;
  const found = new DOMParser().parseFromString(await page.text(), "text/html").querySelector("form[data-editor]");
  if (!found) return false;
  for (const field of document.querySelectorAll('input[name="csrf_token"]')) {
    field.value = found.elements.csrf_token.value;
  }
  return true;
}

async function keep() {
  clearTimeout(timer);
  if (busy || stopped) return;
  const content = typed();
  busy = true;
  keptAt = undefined;
  try {
    let answer = await send(content);
    if (answer.status === 400 && (await fresh())) answer = await send(content);
    if (answer.ok) await kept(answer, content);
    else if (answer.status === 409) moved((await answer.json()).words);
    else if (answer.status === 401 || answer.type === "opaqueredirect") later("You have been signed out. Sign in again in another window.");
    else if (answer.status === 403) refused();
    else later("Not saved just now.");
  } catch {
    later("We cannot be reached.");
  } finally {
    busy = false;
  }
}

async function kept(answer, content) {
  const told = await answer.json();
  form.elements.version.value = told.version;
  last = content;
  words = told.words;
  if (told.version) {
    keptAt = Date.now();
    tick();
  } else tell(told.words, "kept");
  if (same(content, typed())) forget();
  else wait();
}

function moved(text) {
  stopped = true;
  tell(text, "stopped");
}

function refused() {
  stopped = true;
  tell("You may look here, but change nothing. What you type stays in this browser only.", "stopped");
}

function later(why) {
  tell(`${why} What you type is kept in this browser, and goes on by itself.`, "away");
  timer = setTimeout(keep, RETRY_MS);
}

function wait() {
  clearTimeout(timer);
  timer = setTimeout(keep, QUIET_MS);
}

form.addEventListener("input", (event) => {
  if (!names.includes(event.target.name)) return;
  store(typed());
  if (!busy) wait();
});
form.addEventListener("submit", (event) => {
  if (event.submitter?.formTarget) return; // it leads to a frame or a window beside this one
  stopped = true;
  clearTimeout(timer);
  store(typed());
});
form.querySelector("[data-keep]").addEventListener("click", (event) => {
  event.preventDefault();
  stopped = false;
  keep();
});
window.addEventListener("online", keep);
window.addEventListener("pageshow", (event) => {
  if (event.persisted) stopped = false;
});
setInterval(tick, 5000);

const before = stored();
if (before && same(before.content, last)) forget();
else if (before) {
  const template = document.querySelector("template[data-offer]");
  const offer = template.content.firstElementChild.cloneNode(true);
  template.replaceWith(offer);
  offer.querySelector("[data-when]").textContent = `, typed ${ago((Date.now() - before.at) / 1000)}`;
  offer.querySelector("[data-take]").addEventListener("click", () => {
    for (const name of names) form.elements[name].value = before.content[name];
    offer.remove();
    main.dispatchEvent(new Event("input", { bubbles: true }));
    main.focus();
  });
  offer.querySelector("[data-drop]").addEventListener("click", () => {
    forget();
    offer.remove();
    main.focus();
  });
}

// What can be filled in: a list to read, or with script buttons that put it where one was typing.
let typing = main;
form.addEventListener("focusin", (event) => {
  if (names.includes(event.target.name) && event.target.setRangeText) typing = event.target;
});
form.querySelector("[data-needs-script]")?.removeAttribute("hidden");
for (const tag of form.querySelectorAll("[data-insert]")) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "tag";
  button.textContent = tag.dataset.insert;
  button.addEventListener("click", () => {
    // What stands alone on its line gets one of its own.
    const put = "alone" in tag.dataset ? `\n\n${tag.dataset.insert}\n\n` : tag.dataset.insert;
    typing.setRangeText(put, typing.selectionStart, typing.selectionEnd, "end");
    typing.dispatchEvent(new Event("input", { bubbles: true }));
    typing.focus();
  });
  tag.replaceWith(button);
}
