// Counts whom a rule gathers while it is made. Without it a button does.

{
  const REST_MS = 400; // after the last change

  for (const rule of document.querySelectorAll("[data-rule]")) {
    const form = rule.closest("form");
    const outcome = document.getElementById("rule-outcome");
    if (!form || !outcome) continue;
    let rest, asking;
    for (const button of rule.querySelectorAll("[data-show]")) button.hidden = true;

    const ask = async () => {
      asking?.abort();
      asking = new AbortController();
      const body = new FormData(form);
      body.delete("name");
      outcome.setAttribute("aria-busy", "true");
      try {
        const answer = await fetch(rule.dataset.rule, { method: "POST", body, signal: asking.signal });
        const found = new DOMParser().parseFromString(await answer.text(), "text/html");
        // A sign-in or an error is a whole page, which has no place here.
        if (!answer.ok || answer.redirected || !found.querySelector("[data-count]")) throw new Error("no count");
        for (const part of ["[data-count]", "[data-sample]"]) {
          outcome.querySelector(part).innerHTML = found.querySelector(part).innerHTML;
        }
      } catch (error) {
        if (error.name === "AbortError") return;
        outcome.querySelector("[data-count]").textContent = "This could not be counted just now. Please try again.";
      }
      outcome.removeAttribute("aria-busy");
    };

    const changed = () => {
      clearTimeout(rest);
      rest = setTimeout(ask, REST_MS);
    };
    rule.addEventListener("input", changed);
    rule.addEventListener("change", changed);
  }
}
