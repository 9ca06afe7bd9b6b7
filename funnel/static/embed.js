// Puts a sign-up form into a page of another site: in place, as a slide-in once half is read, or behind a button.
//   <script async src="https://…/embed.js" data-form="back-care" data-look="inline|slide-in|button"></script>
// No cookie, no request but for the frame. What a reader closed stays closed: this browser keeps that, and nothing else.
(() => {
  if (window.funnelForms) return window.funnelForms();
  const begun = new WeakSet(); // script elements
  const standing = new Map(); // those whose form stands in the page, and how it is taken out
  const closed = new Set(); // for as long as this page lives
  const STYLE = `
    :host { all: initial; display: block; font: 600 16px/1.25 system-ui, sans-serif; color-scheme: inherit; }
    :host([hidden]), [hidden] { display: none !important; }
    .panel { position: relative; }
    .over { position: fixed; z-index: 2147483000; inset: auto 12px 12px auto; box-sizing: border-box; width: 384px;
      max-width: calc(100vw - 24px); max-height: calc(100vh - 24px); max-height: calc(100dvh - 24px); overflow: auto;
      background: Canvas; border-radius: 12px; box-shadow: 0 8px 40px rgb(0 0 0 / 35%); animation: in .3s ease-out; }
    iframe { display: block; width: 100%; border: 0; scroll-margin-top: 5em; }
    .news { position: fixed; inset: 0 auto auto 0; width: 1px; height: 1px; margin: 0; overflow: hidden; clip-path: inset(50%); }
    button { min-width: 44px; min-height: 44px; font: inherit; cursor: pointer; border: 0; }
    button:focus-visible { outline: 3px solid Highlight; outline-offset: 2px; }
    .close { position: absolute; z-index: 1; inset: 2px 2px auto auto; padding: 0; font-size: 26px; line-height: 1;
      color: GrayText; background: transparent; border-radius: 8px; }
    .over .close { position: sticky; float: inline-end; margin: 2px 2px -46px; }
    .open { position: fixed; z-index: 9990; inset: auto 12px 12px auto; max-width: calc(100vw - 24px);
      padding: 12px 20px; border-radius: 24px; box-shadow: 0 4px 20px rgb(0 0 0 / 30%); }
    @keyframes in { from { transform: translateY(40px); opacity: 0; } }
    @media (prefers-reduced-motion: reduce) { .over { animation: none; } }
    @media (forced-colors: active) { .over, button { color: ButtonText; border: 1px solid; } }`;

  const made = (name, values) => Object.assign(document.createElement(name), values);

  // Words on the button that can be read on its colour.
  const onto = (colour) => {
    const [red, green, blue] = [1, 3, 5].map((at) => (parseInt(colour.slice(at, at + 2), 16) / 255) ** 2.2);
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue > 0.18 ? "#000" : "#fff";
  };

  const isClosed = (key) => {
    try {
      return closed.has(key) || localStorage.getItem(key) !== null;
    } catch {
      return false; // a browser that keeps nothing
    }
  };

  const close = (key) => {
    closed.add(key);
    try {
      localStorage.setItem(key, "1");
    } catch {
      // closed for as long as this page lives
    }
  };

  // A browser in the dark on a page that stays light: then the form stays light too.
  const isLight = (place) => {
    const declared = `${getComputedStyle(place).colorScheme} ${document.querySelector("meta[name=color-scheme]")?.content}`;
    for (let one = place; one; one = one.parentElement) {
      const [red, green, blue, opaque = 1] = getComputedStyle(one).backgroundColor.match(/[\d.]+/g)?.map(Number) ?? [];
      if (opaque > 0.5) return red + green + blue > 380;
    }
    return !declared.includes("dark");
  };

  const nameOf = (tag) => tag.dataset.title || "Sign up";

  // The frame says how high it is, and 0 when Escape was pressed in it; from anybody else nothing is taken. When it goes on to
  // its next page, the reader is led to where that begins.
  const hear = (frame, home, signal, escaped) => {
    let before = false;
    frame.style.height = matchMedia("(min-width: 30em)").matches ? "420px" : "520px";
    frame.addEventListener("load", () => {
      const [top, edge] = [frame, frame.parentElement].map((one) => one?.getBoundingClientRect().top);
      if (before && top < Math.max(0, edge ?? 0)) frame.scrollIntoView();
      before = true;
    });
    window.addEventListener("message", ({ source, origin, data }) => {
      const height = data?.funnelHeight;
      if (source !== frame.contentWindow || origin !== home || typeof height !== "number") return;
      if (height > 0) frame.style.height = `${Math.min(Math.max(height, 100), 20000)}px`;
      else escaped();
    }, { signal });
  };

  const framed = (tag, over, signal, escaped) => {
    const address = new URL(`/f/${encodeURIComponent(tag.dataset.form)}/embed`, tag.src);
    const asked = new URLSearchParams(location.search);
    const place = asked.get("src") || tag.dataset.src;
    if (place) address.searchParams.set("src", place);
    for (const [name, value] of asked) if (name.startsWith("utm_")) address.searchParams.set(name, value);
    const isDark = matchMedia("(prefers-color-scheme: dark)").matches;
    if (isDark && isLight(over ? document.body : tag.parentElement)) address.searchParams.set("scheme", "light");
    const frame = made("iframe", { src: address, title: nameOf(tag), loading: "lazy" });
    hear(frame, address.origin, signal, escaped);
    return frame;
  };

  // The block of the text with which half of its words are read.
  const middle = (tag) => {
    const kinds = "article, main, [role=main]";
    const text = tag.closest(kinds) ?? document.querySelector(kinds) ?? document.body;
    const blocks = [...text.querySelectorAll("p, h2, h3, li, blockquote, pre")];
    let left = blocks.reduce((sum, block) => sum + block.textContent.length, 0) / 2;
    return blocks.find((block) => (left -= block.textContent.length) <= 0) ?? text;
  };

  // Half is read once its middle has been on the screen, and the reader has moved: never at once.
  const afterHalf = (tag, signal, act) => {
    let block, read = false, moved = false;
    const watch = new IntersectionObserver((seen) => {
      read ||= seen.some((one) => one.isIntersecting);
      if (read && moved) act();
    }, { root: document, rootMargin: "1000000px 0px 0px 0px" });
    const again = () => {
      if (block?.isConnected) return;
      watch.disconnect();
      watch.observe((block = middle(tag)));
    };
    for (const kind of ["wheel", "touchmove", "keydown", "pointerdown"]) {
      window.addEventListener(kind, () => {
        moved = true;
        if (read) act();
      }, { signal, passive: true });
    }
    signal.addEventListener("abort", () => watch.disconnect());
    again();
    return again;
  };

  // How high something else of the page stands in that corner, such as its question about cookies; 0 when nothing does.
  const taken = (tag) => {
    const over = (one) => {
      if (!one || one.contains(tag)) return 0;
      const isFixed = ["fixed", "sticky"].includes(getComputedStyle(one).position) && one.offsetWidth > 200;
      return isFixed && one.textContent.trim() ? innerHeight - one.getBoundingClientRect().top : over(one.parentElement);
    };
    return Math.max(...[12, 40, 90].map((high) => over(document.elementFromPoint(innerWidth - 40, innerHeight - high))));
  };

  // What a browser of before 2023 gets, where its code stands.
  const bare = (tag) => {
    const control = new AbortController(), frame = framed(tag, false, control.signal, () => {});
    Object.assign(frame.style, { display: "block", width: "100%", border: "0" });
    standing.set(tag, { end: () => (control.abort(), frame.remove(), standing.delete(tag)) });
    tag.after(frame);
  };

  // The panel and its cross, in a shadow.
  const build = (tag, over) => {
    const host = made("div", {}), root = host.attachShadow({ mode: "open" }), sheet = new CSSStyleSheet();
    const panel = made("div", { className: over ? "panel over" : "panel", hidden: over, tabIndex: -1 });
    const shut = made("button", { type: "button", className: "close", textContent: "×" });
    sheet.replaceSync(STYLE);
    root.adoptedStyleSheets = [sheet];
    shut.setAttribute("aria-label", tag.dataset.close || "Close");
    if (over) {
      panel.setAttribute("role", tag.dataset.look === "button" ? "dialog" : "region");
      panel.setAttribute("aria-label", nameOf(tag));
    }
    panel.append(shut);
    root.append(panel);
    return { host, root, panel, shut };
  };

  // How it comes and goes: for good, or folded behind its `opener`.
  const raise = (tag, key, over) => {
    const control = new AbortController(), one = { ...build(tag, over), signal: control.signal };
    const { host, panel, shut, signal } = one;
    let before, frame;
    one.end = () => {
      control.abort();
      host.remove();
      standing.delete(tag);
    };
    const forGood = () => {
      const inside = host === document.activeElement;
      close(key);
      one.end();
      if (inside) before?.focus?.();
    };
    const fold = () => {
      if (!over || panel.hidden) return;
      if (!one.opener) return forGood();
      panel.hidden = true;
      one.opener.hidden = false;
      one.opener.focus();
    };
    one.show = () => {
      frame ??= panel.appendChild(framed(tag, over, signal, fold));
      panel.hidden = false;
      if (one.opener) one.opener.hidden = true;
    };
    shut.addEventListener("click", forGood);
    host.addEventListener("focusin", ({ relatedTarget }) => (before = relatedTarget ?? before));
    window.addEventListener("keydown", ({ key }) => key === "Escape" && fold(), { signal });
    standing.set(tag, one);
    return one;
  };

  const asButton = (tag, one) => {
    const { words, colour = "" } = tag.dataset, ground = /^#[0-9a-f]{6}$/i.test(colour) ? colour : "#1d5c54";
    const opener = made("button", { type: "button", className: "open", textContent: words || nameOf(tag) });
    Object.assign(opener.style, { background: ground, color: onto(ground) });
    opener.addEventListener("click", () => {
      one.show();
      one.panel.focus();
    });
    one.root.append((one.opener = opener));
  };

  // Told, since it takes no focus.
  const asSlideIn = (tag, one) => {
    const title = nameOf(tag), half = new AbortController(), told = made("p", { className: "news" });
    told.setAttribute("role", "status");
    one.root.append(told);
    one.signal.addEventListener("abort", () => half.abort());
    one.tend = afterHalf(tag, half.signal, () => {
      const foot = taken(tag);
      if (foot > innerHeight / 4) return; // until the reader moves again
      half.abort();
      delete one.tend;
      if (foot) Object.assign(one.panel.style, { bottom: `${foot + 12}px`, maxHeight: `${innerHeight - foot - 24}px` });
      one.show();
      const { news, close } = tag.dataset;
      told.textContent = news || (close ? title : `“${title}” is now at the end of this page. Escape closes it.`);
    });
  };

  const begin = (tag) => {
    const { form, look = "inline" } = tag.dataset, key = `funnel closed ${look} ${form}`, over = look !== "inline";
    if (isClosed(key)) return;
    if (!("adoptedStyleSheets" in document)) return over || bare(tag);
    const one = raise(tag, key, over);
    if (look === "button") asButton(tag, one);
    else if (look === "slide-in") asSlideIn(tag, one);
    else one.show();
    over ? document.body.append(one.host) : tag.after(one.host);
  };

  const find = () => {
    for (const [tag, one] of standing) {
      if (!tag.isConnected) one.end(); // another page of a site that loads none
      else one.tend?.();
    }
    for (const tag of document.querySelectorAll("script[data-form][src]")) {
      const waits = document.readyState === "loading" && tag.dataset.look && tag.dataset.look !== "inline";
      if (begun.has(tag) || waits || !new URL(tag.src).pathname.endsWith("/embed.js")) continue;
      begun.add(tag);
      if (!tag.closest("head") || (tag.dataset.look ?? "inline") !== "inline") begin(tag);
    }
  };

  let asked = false;
  window.funnelForms = find;
  document.addEventListener("DOMContentLoaded", find);
  new MutationObserver(() => {
    if (asked) return;
    asked = true;
    requestAnimationFrame(() => {
      asked = false;
      find();
    });
  }).observe(document.documentElement, { childList: true, subtree: true });
  find();
})();
