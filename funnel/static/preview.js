// Shows a mail while it is typed: a copy of the form goes into a fresh frame, and what is said of it is asked for again.
// Everything here is a button on the page too.

{
  const REST_MS = 500; // after the last key
  const AGAIN_MS = 1500; // while links are being looked at

  for (const pane of document.querySelectorAll("[data-preview]")) {
    const form = document.getElementById(pane.dataset.preview);
    const part = (name) => document.querySelector(`[data-part="${name}"]`);
    let rest, again, asking;
    let place = 0;

    const show = () => {
      const before = pane.querySelector("iframe:last-of-type");
      // A frame that is new has no past: the browser's way back is not filled with previews.
      const frame = before.cloneNode();
      frame.name = `preview-${Date.now()}`;
      frame.removeAttribute("src");
      frame.className = "coming";
      before.after(frame);
      frame.addEventListener("load", () => {
        if (!frame.isConnected || frame.contentWindow.location.href === "about:blank") return;
        const shown = pane.querySelector("iframe:not(.coming)");
        // Behind a page that tells what is wrong, the mail comes back to its place.
        const old = shown?.contentWindow;
        if (old && !("fault" in old.document.documentElement.dataset)) place = old.scrollY;
        // Those before it are older; one behind it has been asked for since, and is still to come.
        for (const other of [...pane.querySelectorAll("iframe")]) {
          if (other.compareDocumentPosition(frame) & Node.DOCUMENT_POSITION_FOLLOWING) other.remove();
        }
        frame.className = "";
        frame.name = "preview";
        frame.contentWindow.scrollTo(0, place);
      });
      const copy = document.createElement("form");
      Object.assign(copy, { method: "post", action: pane.dataset.show, target: frame.name, hidden: true });
      for (const [name, value] of new FormData(form)) {
        if (typeof value !== "string") continue;
        const field = document.createElement("textarea");
        Object.assign(field, { name, value });
        copy.append(field);
      }
      document.body.append(copy);
      copy.submit();
      copy.remove();
    };

    const ask = async (address, name) => {
      const into = part(name);
      if (!into) return;
      clearTimeout(again);
      if (name === "ready") asking?.abort();
      const control = new AbortController();
      if (name === "ready") asking = control;
      try {
        const answer = await fetch(address, {
          method: "POST",
          body: new FormData(form),
          headers: { "X-Part": "1" },
          signal: control.signal,
        });
        const words = await answer.text();
        // A sign-in or an error is a whole page, which has no place here.
        if (answer.redirected || /<!doctype/i.test(words)) throw new Error("no part of a page");
        const open = into.querySelector("details")?.open;
        into.innerHTML = words;
        if (open) into.querySelector("details")?.setAttribute("open", "");
        link(into);
        if (into.querySelector("[data-again]")) again = setTimeout(() => ask(pane.dataset.checks, name), AGAIN_MS);
      } catch (error) {
        if (error.name === "AbortError") return;
        const said = document.createElement("p");
        said.className = "notice warn";
        said.textContent = "This could not be asked just now. What you typed is still here; please try again.";
        into.replaceChildren(said);
      }
    };

    // A line that is named leads to it.
    const link = (into) => {
      for (const named of into.querySelectorAll("[data-line]")) {
        const field = form.elements[named.dataset.field];
        if (!field?.setSelectionRange) continue;
        const button = document.createElement("button");
        Object.assign(button, { type: "button", className: "plain", textContent: named.textContent });
        button.addEventListener("click", () => {
          const lines = field.value.split("\n");
          const start = lines.slice(0, named.dataset.line - 1).join("\n").length + (named.dataset.line > 1 ? 1 : 0);
          field.focus();
          field.setSelectionRange(start, start + (lines[named.dataset.line - 1] || "").length);
        });
        named.replaceChildren(button);
      }
    };

    const refresh = () => {
      show();
      ask(pane.dataset.checks, "ready");
    };

    const people = async (field) => {
      const found = await fetch(`${pane.dataset.people}?q=${encodeURIComponent(field.value)}`);
      if (found.redirected || !found.ok) return;
      const offered = (await found.json()).map((words) => new Option(words, words));
      field.list?.replaceChildren(...offered);
    };

    const changed = (event) => {
      if (event.target.form !== form || event.target.name === "width") return;
      clearTimeout(rest);
      rest = setTimeout(() => {
        if (event.target.name === "test_to") return;
        if (event.target.name === "reader_words") {
          form.elements.reader.value = "person";
          people(event.target).catch(() => {}); // it is only an offer: the field works without
        }
        refresh();
      }, REST_MS);
    };

    document.addEventListener("input", changed);
    form.addEventListener("submit", (event) => {
      const pressed = event.submitter;
      if (pressed?.hasAttribute("data-refresh")) {
        event.preventDefault();
        refresh();
      } else if (pressed?.dataset.live) {
        event.preventDefault();
        ask(pressed.formAction, pressed.dataset.live);
      }
    });
    refresh();
  }
}
