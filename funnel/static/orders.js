// Whoever fills in a part of the form means it: its choice is made with it.

{
  const form = document.querySelector("form.orders");
  const choose = (name, value) => {
    const choice = form.querySelector(`input[name="${name}"][value="${value}"]`);
    if (choice) choice.checked = true;
  };
  const when = form.querySelector('input[name="when"][value="now"]');
  form.addEventListener("input", ({ target }) => {
    if (target.closest("[data-rule]")) choose("whom", "rule");
    if ((target.name === "day" || target.name === "time") && target.value && when.checked) choose("when", "at");
    if (target.name === "subject_b") choose("two", "1");
  });
}
