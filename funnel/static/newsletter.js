// A newsletter's page, kept up to date: the countdown until it leaves, and how far it is. Without it “Look again” does.

{
  const EVERY_MS = 2000;
  const SAY_EVERY_MS = 20000; // to who hears the page

  const until = document.querySelector("[data-until]");
  if (until) {
    const at = Date.parse(until.dataset.until);
    const tick = () => {
      const seconds = Math.ceil((at - Date.now()) / 1000);
      if (seconds <= 0) {
        until.textContent = "It begins now.";
        setTimeout(() => location.reload(), EVERY_MS);
        return;
      }
      until.hidden = false;
      until.textContent = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")} left.`;
      setTimeout(tick, 1000);
    };
    tick();
  }

  const card = document.querySelector("[data-progress]");
  if (card) {
    const bar = card.querySelector("progress");
    const spoken = card.querySelector("[data-spoken]");
    let saidAt = Date.now();
    card.querySelector("[data-plain]").hidden = true;

    const show = (told) => {
      bar.max = Math.max(told.planned, 1);
      bar.value = told.ended;
      for (const place of card.querySelectorAll("[data-told]")) {
        const words = place.dataset.told.split(".").reduce((found, name) => found[name], told);
        if (place.textContent !== words) place.textContent = words;
      }
      if (Date.now() - saidAt < SAY_EVERY_MS) return;
      saidAt = Date.now();
      spoken.textContent = `${told.said}. ${told.rate}`;
    };

    const look = async () => {
      try {
        const answer = await fetch(card.dataset.progress, { headers: { Accept: "application/json" } });
        if (answer.redirected) return location.reload(); // signed out
        const told = await answer.json();
        if (told.state !== card.dataset.state || told.settled) return location.reload();
        show(told);
      } catch {
        // The line was lost for a moment.
      }
      setTimeout(look, EVERY_MS);
    };
    setTimeout(look, EVERY_MS);
  }
}
