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
  for (const row of fresh) putInPlace(rows, row);
  rows.prepend(...fresh);
  document.getElementById("door-news").textContent =
    fresh.length === 1 ? "One more was refused." : `${fresh.length} more were refused.`;
}

// An address stands here once a form: its newer row takes the older one's place, and its tick.
function putInPlace(rows, fresh) {
  const old = rows.querySelector(`[data-whose="${fresh.dataset.whose}"]`);
  const box = fresh.querySelector("input");
  if (box && old?.querySelector("input:checked")) box.checked = true;
  old?.remove();
}

setTimeout(look, EVERY_MS);
