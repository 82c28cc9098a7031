// SPDX-License-Identifier: Apache-2.0
// Uses the page of a server as somebody with a keyboard does: check.mjs URL EXPECTED_TEXT SCREENSHOT.png
import { writeFileSync } from "node:fs";
import puppeteer from "puppeteer-core";

const [url, expected, screenshot] = process.argv.slice(2);
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

try {
  await page.setViewport({ width: 1000, height: 900 });
  await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: "light" }]);
  await page.goto(url, { waitUntil: "networkidle0" });
  require((await text("#model")).length > 0, "the page does not show the model's name");
  const light = await page.$eval("body", (e) => getComputedStyle(e).backgroundColor);

  // By keyboard alone: to the prompt, write, run.
  await page.focus("#prompt");
  await page.keyboard.down("Control");
  await page.keyboard.press("KeyA");
  await page.keyboard.up("Control");
  await page.keyboard.type("Once upon a time");
  await page.keyboard.press("Tab");
  require(await page.$eval("#tokens", (e) => e === document.activeElement), "Tab does not lead from the prompt to the number of tokens");
  await page.keyboard.type("40");
  await page.$eval("#tokens", (e) => (e.value = 40));
  await page.keyboard.down("Control");
  await page.keyboard.press("Enter");
  await page.keyboard.up("Control");
  await finished();
  require((await text("#answer")) === expected, `the answer is ${JSON.stringify(await text("#answer"))}, expected ${JSON.stringify(expected)}`);

  // A longer prompt: which tokens each layer processed.
  await page.$eval("#prompt", (e) => (e.value = "Once upon a time there was a little dog who lived near a park. Every day he played with a red ball, and every day he ran to the big tree. One day the ball was gone. The dog"));
  await page.focus("#run");
  await page.keyboard.press("Space");
  await page.waitForSelector("#routing:not([hidden]) #layers input");
  await finished();
  const layers = await page.$$("#layers input");
  require(layers.length > 1, "no layers are shown");
  const colours = await page.$$eval("#tokens-of-prompt span", (spans) => new Set(spans.map((s) => getComputedStyle(s).backgroundColor)).size);
  require(colours > 1, "all tokens have one colour, though layers skip some");
  writeFileSync(screenshot, await page.screenshot({ clip: await clip() }));

  // With the arrow keys to the last layer, which skips.
  await layers[0].focus();
  for (let i = 1; i < layers.length; i++) {
    await page.keyboard.press("ArrowDown");
  }
  const skipped = await page.$$eval("#tokens-of-prompt span.skipped", (spans) => spans.length);
  const all = await page.$$eval("#tokens-of-prompt span", (spans) => spans.length);
  require(skipped > 0 && skipped < all, `the last layer is shown to skip ${skipped} of ${all} tokens`);

  // Stop.
  await page.$eval("#tokens", (e) => (e.value = 400));
  await page.focus("#run");
  await page.keyboard.press("Enter");
  await page.waitForFunction(() => !document.getElementById("stop").disabled);
  await page.keyboard.press("Escape");
  await page.waitForFunction(() => !document.getElementById("run").disabled);

  // What the server refuses is shown.
  await page.$eval("#tokens", (e) => (e.value = 100000));
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
} finally {
  await browser.close();
}
