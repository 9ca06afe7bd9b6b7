// A note that is being typed is kept in this browser until it has reached us.
const area = document.querySelector("textarea[name=words]");
const place = `funnel note ${location.pathname}`;

function kept() {
  try {
    return JSON.parse(localStorage.getItem(place));
  } catch {
    return null;
  }
}

function keep(words) {
  try {
    if (words.trim()) localStorage.setItem(place, JSON.stringify({ words, at: Date.now() }));
    else localStorage.removeItem(place);
  } catch {
    // A browser that keeps nothing: the button is all there is.
  }
}

function ago(minutes) {
  if (minutes < 1) return "just now";
  if (minutes < 60) return `${minutes} min ago`;
  return minutes < 48 * 60 ? `${Math.floor(minutes / 60)} h ago` : `${Math.floor(minutes / 60 / 24)} days ago`;
}

function offer(before) {
  const template = document.querySelector("template[data-offer]");
  const notice = template.content.firstElementChild.cloneNode(true);
  template.replaceWith(notice);
  notice.querySelector("[data-when]").textContent = `, typed ${ago(Math.floor((Date.now() - before.at) / 60000))}`;
  notice.querySelector("[data-take]").addEventListener("click", () => {
    area.value = before.words;
    notice.remove();
    area.focus();
  });
  notice.querySelector("[data-drop]").addEventListener("click", () => {
    keep("");
    notice.remove();
    area.focus();
  });
}

if (area) {
  const before = kept();
  const reached = [area, ...document.querySelectorAll(".jotted .typed")].map((one) => (one.value ?? one.textContent).trim());
  if (before && reached.includes(before.words.trim())) keep("");
  else if (before) offer(before);
  area.addEventListener("input", () => keep(area.value));
}
