// Whoever fills in a part of the form means it: its choice is made with it. And who gets it is told as one chooses.

{
  const REST_MS = 500; // after the last change
  const WHOM = /^(whom|topic|with_course|rule-)/;

  const form = document.querySelector("form.orders");
  const outlook = form.querySelector(".outlook");
  const when = form.querySelector('input[name="when"][value="now"]');
  let rest, asking;
  form.querySelector("[data-count-again]").hidden = true;

  const choose = (name, value) => {
    const choice = form.querySelector(`input[name="${name}"][value="${value}"]`);
    if (choice) choice.checked = true;
  };

  const count = async () => {
    asking?.abort();
    asking = new AbortController();
    const body = new FormData(form);
    body.set("rule-do", "show"); // the same page, with nothing sent
    outlook.setAttribute("aria-busy", "true");
    try {
      const answer = await fetch(form.action, { method: "POST", body, signal: asking.signal });
      const found = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector(".outlook");
      if (!answer.ok || !found) throw new Error("no count");
      outlook.innerHTML = found.innerHTML;
    } catch (error) {
      if (error.name === "AbortError") return;
      outlook.textContent = "This could not be counted just now. The next page tells it before anything is sent.";
    }
    outlook.removeAttribute("aria-busy");
  };

  form.addEventListener("input", ({ target }) => {
    if (target.closest("[data-rule]")) choose("whom", "rule");
    if ((target.name === "day" || target.name === "time") && target.value && when.checked) choose("when", "at");
    if (target.name === "subject_b") choose("two", "1");
    if (!WHOM.test(target.name)) return;
    clearTimeout(rest);
    rest = setTimeout(count, REST_MS);
  });
}
