// Shows how much of a file has been sent. Without it the browser's own sign has to do.
for (const form of document.querySelectorAll("form[data-upload]")) {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const bar = form.querySelector("progress");
    const button = form.querySelector("button");
    const request = new XMLHttpRequest();
    request.open("POST", form.action);
    request.upload.addEventListener("progress", (sent) => {
      bar.hidden = false;
      bar.value = sent.lengthComputable ? (100 * sent.loaded) / sent.total : 0;
    });
    request.addEventListener("load", () => {
      if (request.status < 400) {
        location.assign(request.responseURL);
        return;
      }
      document.documentElement.replaceWith(
        new DOMParser().parseFromString(request.responseText, "text/html").documentElement,
      );
    });
    request.addEventListener("error", () => form.submit()); // the browser says then what is the matter
    button.disabled = true;
    request.send(new FormData(form));
  });
}
