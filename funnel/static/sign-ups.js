// Draws the sign-ups anew from the table beside them, to point at, to walk through by keyboard, and to pick days from.
// Without it the picture made by the server stays. The numbers are read from the table, so that the two cannot differ.

const [LOWEST, HIGHEST] = [208, 336];
const LABEL_WIDTH = 88; // of a date on the axis
const LEAST_DRAG = 8; // pixels; less is a click

const figure = document.querySelector("[data-chart]");
if (figure && window.uPlot) draw(figure);

function draw(figure) {
  const table = document.getElementById(figure.dataset.chart);
  const names = [...table.tHead.rows[0].cells].slice(1, -1).map((cell) => cell.textContent.trim());
  const colours = [...table.tHead.rows[0].cells].slice(1, -1).map((cell) => cell.dataset.colour);
  const bars = [...table.tBodies[0].rows].reverse().map((row) => ({
    said: row.cells[0].textContent.trim(),
    from: row.dataset.from,
    to: row.dataset.to,
    counts: [...row.cells].slice(1).map((cell) => Number(cell.dataset.count)),
  }));

  const host = document.createElement("div");
  const said = document.createElement("p");
  host.className = "live-chart";
  said.className = "small said";
  figure.before(said, host);
  figure.hidden = true;
  const hint = matchMedia("(hover: none)").matches ? figure.dataset.tap : figure.dataset.hint;
  say(null);

  const chart = new uPlot(options(), stacked(), host);
  let chosen = null; // by keyboard: the bar to which the selection reaches from the cursor's
  new ResizeObserver(() => chart.setSize(size())).observe(host);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => chart.redraw());
  makeWalkable();

  function size() {
    return { width: host.clientWidth, height: Math.min(HIGHEST, Math.max(LOWEST, Math.round(host.clientWidth * 0.5))) };
  }

  function colour(name) {
    return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
  }

  // A bar of each source stands before the sum of it and those under it, so the largest sum is drawn first.
  function stacked() {
    const sums = bars.map((bar) => {
      let sum = 0;
      return bar.counts.slice(0, -1).map((count) => (sum += count));
    });
    return [bars.map((_, place) => place), ...names.map((_, at) => sums.map((row) => row[names.length - 1 - at]))];
  }

  function options() {
    const axis = { stroke: () => colour("soft"), font: "14px sans-serif", ticks: { show: false } };
    const lines = { stroke: () => colour("line"), width: 1 };
    return {
      ...size(),
      padding: [12, 12, 0, 0],
      legend: { show: false },
      scales: {
        x: { time: false, range: [-0.6, bars.length - 0.4] },
        y: { range: (_, __, most) => [0, Math.max(2, Math.ceil(most * 1.08))] },
      },
      axes: [
        { ...axis, grid: { show: false }, size: 32, splits: dates, values: (_, at) => at.map((place) => bars[place].said) },
        { ...axis, grid: lines, size: 44, incrs: [1, 2, 5].flatMap((one) => [one, one * 10, one * 100, one * 1000, one * 1e4]).sort((a, b) => a - b), space: 36 },
      ],
      series: [
        {},
        ...names.map((_, at) => ({
          fill: () => colour(colours[names.length - 1 - at]),
          width: 0,
          points: { show: false },
          paths: uPlot.paths.bars({ size: [0.76, 64], radius: 0.08 }),
        })),
      ],
      cursor: { y: false, points: { show: false }, drag: { x: true, y: false, setScale: false, dist: LEAST_DRAG } },
      hooks: { setCursor: [(self) => say(self.cursor.idx)], setSelect: [pick] },
    };
  }

  function dates(self) {
    const room = Math.max(2, Math.floor(self.bbox.width / devicePixelRatio / LABEL_WIDTH));
    const every = Math.max(1, Math.ceil(bars.length / room));
    return bars.map((_, place) => place).filter((place) => place % every === Math.floor(((bars.length - 1) % every) / 2));
  }

  function words(place) {
    const { said, counts } = bars[place];
    const total = counts[counts.length - 1];
    const by = names.length > 1 ? names.map((name, at) => counts[at] && `${name} ${counts[at].toLocaleString("en-GB")}`) : [];
    const all = `${total.toLocaleString("en-GB")} ${total === 1 ? "sign-up" : "sign-ups"}`;
    return `${said}: ${[all, ...by.filter(Boolean)].join(" · ")}`;
  }

  function say(place) {
    said.textContent = place === null || place === undefined ? hint : words(place);
  }

  // The page of the days from one bar to another.
  function look(one, other) {
    const [first, last] = [Math.min(one, other), Math.max(one, other)];
    const page = new URL(figure.dataset.page, location.href);
    page.searchParams.set("from", bars[first].from);
    page.searchParams.set("to", bars[last].to);
    location.assign(page);
  }

  function pick(self) {
    const { left, width } = self.select;
    if (width < LEAST_DRAG) return;
    const [first, last] = [left, left + width].map((at) => Math.round(self.posToVal(at, "x")));
    look(Math.max(0, first), Math.min(bars.length - 1, last));
  }

  // Arrows go from bar to bar, with Shift they choose several, Enter looks at those chosen.
  function makeWalkable() {
    host.tabIndex = 0;
    host.setAttribute("role", "slider");
    host.setAttribute("aria-label", figure.dataset.label);
    host.setAttribute("aria-valuemin", 1);
    host.setAttribute("aria-valuemax", bars.length);
    let at = bars.length - 1;
    tell(at);
    host.addEventListener("focus", () => host.matches(":focus-visible") && go(at));
    host.addEventListener("blur", () => { chosen = null; mark(null); say(null); });
    host.addEventListener("keydown", (event) => {
      const steps = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1, PageDown: -7, PageUp: 7, Home: -bars.length, End: bars.length };
      if (event.key in steps) {
        const to = Math.min(bars.length - 1, Math.max(0, at + steps[event.key]));
        chosen = event.shiftKey ? chosen ?? at : null;
        go(to);
      } else if (event.key === "Enter") look(at, chosen ?? at);
      else if (event.key === "Escape") { chosen = null; go(at); }
      else return;
      event.preventDefault();
    });

    function go(to) {
      at = to;
      chart.setCursor({ left: chart.valToPos(at, "x"), top: 0 });
      mark(chosen);
      tell(at);
    }

    function mark(from) {
      if (from === null) return chart.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
      const [left, right] = [Math.min(at, from) - 0.5, Math.max(at, from) + 0.5].map((place) => chart.valToPos(place, "x"));
      return chart.setSelect({ left, top: 0, width: right - left, height: chart.over.clientHeight }, false);
    }

    function tell(place) {
      host.setAttribute("aria-valuenow", place + 1);
      host.setAttribute("aria-valuetext", words(place));
    }
  }
}
