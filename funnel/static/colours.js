// Beside a colour that is typed stands the browser's own way to choose one, and a press takes the one that is offered.
for (const field of document.querySelectorAll("[data-colours]")) {
  const typed = field.querySelector("input");
  const chosen = Object.assign(document.createElement("input"), { type: "color", className: "swatch" });
  chosen.setAttribute("aria-label", "Choose the colour");
  const show = () => {
    if (/^#[0-9a-f]{6}$/i.test(typed.value.trim())) chosen.value = typed.value.trim().toLowerCase();
  };
  const take = (colour) => {
    typed.value = colour;
    typed.dispatchEvent(new Event("input", { bubbles: true }));
    show();
  };
  chosen.value = "#1d5c54";
  show();
  typed.addEventListener("input", show);
  chosen.addEventListener("input", () => take(chosen.value));
  typed.after(chosen);
  for (const button of field.querySelectorAll("[data-take]")) {
    button.hidden = false;
    button.addEventListener("click", () => take(button.dataset.take));
  }
}
