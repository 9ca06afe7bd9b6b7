// Shows what was refused since the page was loaded, on top of it; what is ticked stays ticked.
// Without it the page is loaded again every half minute.
const EVERY_MS = 5000;

async function look() {
  try {
    if (document.visibilityState === "visible") await take(await fetch(location.href, { credentials: "same-origin" }));
  } catch {
    // the line was lost for a moment
  }
  setTimeout(look, EVERY_MS);
}

async function take(answer) {
  if (!answer.ok || answer.redirected) return;
  const found = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("door-rows");
  const rows = document.getElementById("door-rows");
  if (!found) return;
  if (!rows) {
    location.reload(); // the first one
    return;
  }
  const known = new Set([...rows.children].map((row) => row.dataset.id));
  const fresh = [...found.children].filter((row) => !known.has(row.dataset.id));
  if (!fresh.length || Number(fresh[0].dataset.id) < Number(rows.firstElementChild?.dataset.id)) return;
  rows.prepend(...fresh);
  document.getElementById("door-news").textContent =
    fresh.length === 1 ? "One more was refused." : `${fresh.length} more were refused.`;
}

setTimeout(look, EVERY_MS);
