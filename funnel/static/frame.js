// Within a frame: tells the page around how high we are, and nothing else. Its height is 0 when the reader pressed Escape.
{
  const said = (height) => window.parent.postMessage({ funnelHeight: height }, "*");
  if (window.parent !== window) {
    new ResizeObserver(() => said(Math.ceil(document.body.getBoundingClientRect().height))).observe(document.body);
    document.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && !event.isComposing) said(0);
    });
  }
  // A browser lets no frame of another site take the focus by itself; after a press in here it is ours to move.
  requestAnimationFrame(() => requestAnimationFrame(() => {
    if (document.activeElement === document.body) document.querySelector("[autofocus]")?.focus();
  }));
  // What can be read beside the form opens beside it, so that nothing typed is lost. Where a sandbox forbids that, in here.
  for (const link of document.querySelectorAll("[data-beside]")) {
    link.addEventListener("click", (event) => {
      const beside = window.open(link.dataset.beside, "_blank");
      if (!beside) return;
      beside.opener = null;
      event.preventDefault();
    });
  }
  // The page that comes next belongs to the whole window. Where a sandbox forbids that, the link opens in here.
  document.querySelector(".onward a")?.addEventListener("click", (event) => {
    try {
      window.top.location.href = event.currentTarget.href;
      event.preventDefault();
    } catch {
      // The link goes on as a link does.
    }
  });
}
