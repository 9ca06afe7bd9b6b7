// Drives a Firefox over WebDriver BiDi for tests/firefox.py: an order a line on stdin, its answer a line on stdout.
//   node firefox.mjs <puppeteer-core's entry> <ws://… of the browser>
import { registerHooks } from "node:module";
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";

const [entry, address] = process.argv.slice(2);
// Named by puppeteer-core and not brought (tests/puppeteer.py): what translates for Chromium, and what tells of each step.
const INSTEAD = {
  "./BidiOverCdp.js": "export const connectBidiOverCdp = null",
  debug: "export default () => () => {}",
};
registerHooks({
  resolve: (name, about, next) =>
    name in INSTEAD ? { url: `data:text/javascript,${INSTEAD[name]}`, shortCircuit: true } : next(name, about),
});
const { connect } = await import(pathToFileURL(entry).href);
const PATIENCE_MS = 20_000;
const LOOK_MS = 50;

const socket = new WebSocket(`${address}/session`);
const transport = { send: (words) => socket.send(words), close: () => socket.close() };
socket.onmessage = ({ data }) => transport.onmessage?.(data);
socket.onclose = () => transport.onclose?.();
await new Promise((open, fail) => Object.assign(socket, { onopen: open, onerror: fail }));
const browser = await connect({ transport, protocol: "webDriverBiDi", defaultViewport: null });

const send = async (method, values) => (await browser.connection.send(method, values)).result;
const { contexts: [chrome] } = await send("browsingContext.getTree", { "moz:scope": "chrome" });
let context, page;

// The innermost frame whose address begins so, or the page itself.
const frame = (begins) => (begins ? page.frames().findLast((one) => one.url().startsWith(begins)) : page.mainFrame());

// Keys go to the document that has the focus: of several within each other, to the innermost.
const press = async (keys) => {
  let focused = page.mainFrame();
  for (const one of page.frames()) if (await one.evaluate("document.hasFocus()").catch(() => false)) focused = one;
  const actions = keys.flatMap((value) => [{ type: "keyDown", value }, { type: "keyUp", value }]);
  try {
    await send("input.performActions", { context: focused._id, actions: [{ type: "key", id: "keys", actions }] });
  } catch (error) {
    if (!error.message.includes("no such frame")) throw error; // the key went down, and took its frame away
  }
};

const orders = {
  // What only the browser's own window may do: its settings.
  async own({ expression }) {
    const target = { context: chrome.context };
    const { result, exceptionDetails } = await send("script.evaluate", { expression, target, awaitPromise: false });
    if (exceptionDetails) throw new Error(exceptionDetails.text);
    return result.value ?? null;
  },
  async open({ url, width, height }) {
    await context?.close();
    context = await browser.createBrowserContext();
    page = await context.newPage();
    if (width) await page.setViewport({ width, height });
    await page.goto(url, { waitUntil: "load" });
  },
  async see({ begins, expression }) {
    return (await frame(begins)?.evaluate(expression)) ?? null;
  },
  // Waits until it holds. While a frame goes from one page to the next there is nobody to be asked.
  async until({ begins, expression }) {
    const end = Date.now() + PATIENCE_MS;
    for (let said = "no such frame"; Date.now() < end; await new Promise((again) => setTimeout(again, LOOK_MS))) {
      try {
        said = await frame(begins)?.evaluate(expression);
        if (said) return said;
      } catch (error) {
        said = error.message;
      }
      if (Date.now() + LOOK_MS >= end) throw new Error(`not within ${PATIENCE_MS} ms: ${expression} is ${said}`);
    }
  },
  press: ({ keys }) => press([...keys]),
  cookies: async () => (await context.cookies()).length,
};

for await (const line of createInterface({ input: process.stdin })) {
  const { order, ...values } = JSON.parse(line);
  let answer;
  try {
    answer = { found: (await orders[order](values)) ?? null };
  } catch (error) {
    answer = { wrong: error.message };
  }
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
await browser.close();
process.exit();
