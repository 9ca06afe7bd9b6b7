// Ticks the whole page at once, and says how many are ticked.
const table = document.querySelector(".ticked");
const boxes = [...document.querySelectorAll('.ticked input[name="id"]')];
const button = document.querySelector(".deed button");

if (table && button && boxes.length) {
  const label = document.createElement("label");
  const every = document.createElement("input");
  every.type = "checkbox";
  label.className = "choice page-tick";
  label.append(every, " All on this page");
  table.before(label);

  const count = () => {
    const ticked = boxes.filter((box) => box.checked).length;
    every.checked = ticked === boxes.length;
    every.indeterminate = ticked > 0 && ticked < boxes.length;
    button.textContent = ticked ? `Next, with ${ticked}` : "Next";
  };
  every.addEventListener("change", () => {
    for (const box of boxes) box.checked = every.checked;
    count();
  });
  for (const box of boxes) box.addEventListener("change", count);
  count();
}
