// Looks every second how far it has come, and shows that in place; at the end the whole page is shown anew.
// Without it the page is loaded again every few seconds.
const EVERY_MS = 1000;

async function look() {
  const live = document.getElementById("live");
  let found;
  try {
    const answer = await fetch(location.href, { credentials: "same-origin" });
    found = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("live");
  } catch {
    setTimeout(look, EVERY_MS); // the line was lost for a moment
    return;
  }
  if (!found || found.querySelector("h2").textContent !== live.querySelector("h2").textContent) {
    location.reload();
    return;
  }
  live.querySelector("progress").value = found.querySelector("progress").value;
  live.querySelector("p").textContent = found.querySelector("p").textContent;
  setTimeout(look, EVERY_MS);
}

if (document.getElementById("live")) setTimeout(look, EVERY_MS);
