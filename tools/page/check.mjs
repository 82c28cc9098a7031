// SPDX-License-Identifier: Apache-2.0
// Uses the page of a server as somebody with a keyboard does: check.mjs URL EXPECTED_TEXT SCREENSHOT.png. And that of one whose model takes pictures:
// check.mjs URL --pictures PICTURE QUESTION EXPECTED_OF_PICTURE EXPECTED_OF_CHAT
import { readFileSync, writeFileSync } from "node:fs";
import puppeteer from "puppeteer-core";

const [url, ...expectations] = process.argv.slice(2);
const browser = await puppeteer.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: ["--no-sandbox"] });
const page = await browser.newPage();
const problems = [];
page.on("pageerror", (error) => problems.push(`error: ${error.message}`));
page.on("console", (message) => message.type() === "error" && problems.push(`console: ${message.text()}`));

function require(is, what) {
  if (!is) {
    throw new Error(`${what}${problems.length ? `; ${problems.join("; ")}` : ""}`);
  }
}
const text = (selector) => page.$eval(selector, (e) => e.textContent);
/** The page down to where its content ends. */
const clip = async () => ({ x: 0, y: 0, width: 1000, height: await page.$eval("main", (e) => Math.ceil(e.getBoundingClientRect().bottom) + 24) });
const finished = () => page.waitForFunction(() => !document.getElementById("run").disabled && document.getElementById("answer").textContent, { timeout: 60000 });

const value = (selector, text) => page.$eval(selector, (e, text) => (e.value = text), text);
const answered = async (expected) => require((await text("#answer")) === expected, `the answer is ${JSON.stringify(await text("#answer"))}, expected ${JSON.stringify(expected)}`);
/** Replaces what a field has by what is typed. */
async function type(selector, text) {
  await page.focus(selector);
  await page.keyboard.down("Control");
  await page.keyboard.press("KeyA");
  await page.keyboard.up("Control");
  await page.keyboard.type(text);
}
/** Drops a file that came from elsewhere on an element; gives whether the page took the event over, without which the browser would leave the page. */
const dropped = (selector, name, type, base64) => page.$eval(selector, (e, name, type, base64) => {
  const files = new DataTransfer();
  files.items.add(new File([Uint8Array.from(atob(base64), (c) => c.charCodeAt(0))], name, { type }));
  return ["dragover", "drop"].every((kind) => !e.dispatchEvent(new DragEvent(kind, { bubbles: true, cancelable: true, dataTransfer: files })));
}, name, type, base64);
/** The contrast of an element's colour, as in WCAG 2.2, to what is behind it. */
const contrast = (selector, property, behind) => page.evaluate((selector, property, behind) => {
  const luminance = (element, property) => getComputedStyle(document.querySelector(element))[property].match(/\d+/g).slice(0, 3).map(Number)
    .map((c) => (c /= 255) <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4).reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
  const [low, high] = [luminance(selector, property), luminance(behind, "backgroundColor")].sort((a, b) => a - b);
  return (high + 0.05) / (low + 0.05);
}, selector, property, behind);
async function legible(theme) {
  await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: theme }]);
  for (const [selector, property, behind, least] of [["#tokens-of-prompt > s", "color", "body", 4.5], ["#prompt", "borderTopColor", "body", 3],
    ["#prompt", "borderTopColor", "#prompt", 3], ["#tokens", "borderTopColor", "body", 3], ["#stop", "borderTopColor", "body", 3]]) {
    const found = await contrast(selector, property, behind);
    require(found >= least, `in ${theme}, ${property} of ${selector} has a contrast of ${found.toFixed(2)}, expected ${least} or more`);
  }
}

try {
  await (expectations[0] === "--pictures" ? pictures(...expectations.slice(1)) : words(...expectations));
} finally {
  await browser.close();
}

/** Chooses a picture, drops one, and uses the chat switch. */
async function pictures(picture, question, seen, chatted) {
  const base64 = readFileSync(picture).toString("base64");
  await page.goto(url, { waitUntil: "networkidle0" });
  await page.waitForSelector("#pictures-label:not([hidden])");
  await value("#tokens", 12);
  await type("#prompt", question);
  await page.click("#chat");
  await page.click("#run");
  await finished();
  await answered(chatted);
  await page.click("#chat");
  const chosen = await page.$("#pictures");
  await chosen.uploadFile(picture);
  await page.click("#run");
  await finished();
  await answered(seen);
  // No picture, so that the next answer is that of the one dropped.
  await page.$eval("#pictures", (e) => (e.value = ""));
  require(await dropped("#answer", "notes.txt", "text/plain", ""), "the browser opens a text that is dropped");
  require((await text("#status")).startsWith("notes.txt is no picture"), `after a text was dropped the page says ${await text("#status")}`);
  require(await dropped("#answer", "photo.jpg", "image/jpeg", base64), "the browser opens a picture that is dropped");
  require((await page.$eval("#pictures", (e) => e.files[0]?.name)) === "photo.jpg", "the picture that was dropped is not among those chosen");
  await page.click("#run");
  await finished();
  await answered(seen);
  require(problems.length === 0, "the page has problems");
  console.log("page: pictures chosen and dropped, a chat without one");
}

async function words(expected, screenshot) {
  await page.setViewport({ width: 1000, height: 900 });
  await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: "light" }]);
  await page.goto(url, { waitUntil: "networkidle0" });
  require((await text("#model")).length > 0, "the page does not show the model's name");
  const light = await page.$eval("body", (e) => getComputedStyle(e).backgroundColor);

  await page.$eval("#answer", (e) => {
    window.whileChanged = [];
    new MutationObserver(() => whileChanged.push(e.ariaBusy)).observe(e, { childList: true });
  });

  // By keyboard alone: to the prompt, write, run.
  await type("#prompt", "Once upon a time");
  await page.keyboard.press("Tab");
  require(await page.$eval("#tokens", (e) => e === document.activeElement), "Tab does not lead from the prompt to the number of tokens");
  await page.keyboard.type("40"); // instead of what it had, which Tab has selected
  await page.keyboard.down("Control");
  await page.keyboard.press("Enter");
  await page.keyboard.up("Control");
  await finished();
  require(await page.evaluate(() => whileChanged.length > 0 && whileChanged.every((busy) => busy === "true")), "screen readers are not told that the answer is not whole yet");
  require((await page.$eval("#answer", (e) => e.ariaBusy)) === "false", "screen readers are not told that the answer is whole");
  await answered(expected);

  require(await dropped("#answer", "photo.jpg", "image/jpeg", ""), "the browser opens a picture that is dropped");
  require((await text("#status")) === "this model takes no pictures", `after a picture was dropped the page says ${await text("#status")}`);

  // A longer prompt: which tokens each layer processed.
  await value("#prompt", "Once upon a time there was a little dog who lived near a park. Every day he played with a red ball, and every day he ran to the big tree. One day the ball was gone. The dog");
  await page.focus("#run");
  await page.keyboard.press("Space");
  await page.waitForSelector("#routing:not([hidden]) #layers input");
  await finished();
  const layers = await page.$$("#layers input");
  require(layers.length > 1, "no layers are shown");
  const colours = await page.$$eval("#tokens-of-prompt > *", (spans) => new Set(spans.map((s) => getComputedStyle(s).backgroundColor)).size);
  require(colours > 1, "all tokens have one colour, though layers skip some");
  writeFileSync(screenshot, await page.screenshot({ clip: await clip() }));

  // With the arrow keys to the last layer, which skips.
  await layers[0].focus();
  for (let i = 1; i < layers.length; i++) {
    await page.keyboard.press("ArrowDown");
  }
  const skipped = await page.$$eval("#tokens-of-prompt > s", (tokens) => tokens.length);
  const all = await page.$$eval("#tokens-of-prompt > *", (tokens) => tokens.length);
  require(skipped > 0 && skipped < all, `the last layer is shown to skip ${skipped} of ${all} tokens`);
  require(await page.$$eval("#tokens-of-prompt > s", (tokens) => tokens.every((t) => t.textContent.endsWith(" (skipped)"))), "screen readers are not told of tokens that were skipped");
  await legible("dark");
  await legible("light");

  // Stop.
  await value("#tokens", 400);
  await page.focus("#run");
  await page.keyboard.press("Enter");
  await page.waitForFunction(() => !document.getElementById("stop").disabled);
  await page.keyboard.press("Escape");
  await page.waitForFunction(() => !document.getElementById("run").disabled);

  // What the server refuses is shown.
  await value("#tokens", 100000);
  await page.focus("#run");
  await page.keyboard.press("Enter");
  await page.waitForSelector("#status.error");
  require((await text("#status")).includes("100000"), `the error is ${await text("#status")}`);
  problems.splice(0, problems.length, ...problems.filter((p) => !p.includes("400")));

  await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: "dark" }]);
  const dark = await page.$eval("body", (e) => getComputedStyle(e).backgroundColor);
  require(light !== dark, "the page looks the same in light and dark");
  require(problems.length === 0, "the page has problems");
  console.log(`page: ${await browser.version()}: text streams, ${layers.length - 1} layers, ${skipped} of ${all} tokens skipped in the last one; keyboard, stop, errors, light and dark`);
}
