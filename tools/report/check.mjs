// SPDX-License-Identifier: Apache-2.0
// Looks at reports as people with different screens do: check.mjs SCREENSHOT_DIR NAME=REPORT.html …
import { writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import puppeteer from "puppeteer-core";

const LEAST_CONTRAST = 4.5;
const [shots, ...reports] = process.argv.slice(2);
const browser = await puppeteer.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: ["--no-sandbox"] });

/** How many marks each chart must have, by the numbers in the page. */
function expected(data) {
  const marks = {
    layers: (d) => d.layers.length + d.layers.filter((l) => l.kind === "mod" && d.layers.some((o) => o.kind === "mod" && o.share < 1)).length,
    arank: (d) => d.values.filter((v) => v !== null).length,
    totals: (d) => d.bars.length,
    tried: (d) => d.points.length + d.front.length + d.chosen.length + 2,
    kept: (d) => d.layers.reduce((n, l) => n + l.shares.length, 0),
  };
  const cost = (d) => d.plan.length + d.dense.length;
  return Object.fromEntries(Object.entries(data).map(([name, part]) => [`chart-${name}`, (marks[name] ?? cost)(part)]));
}

/** In the page: its charts, the marks that are drawn, whether anything of them is to be seen, and the colours of their texts. */
function drawn() {
  const found = {};
  for (const canvas of document.querySelectorAll("canvas")) {
    const chart = Chart.getChart(canvas);
    const pixels = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
    let inked = 0;
    for (let i = 3; i < pixels.length; i += 4) {
      inked += pixels[i] > 0 ? 1 : 0;
    }
    const inside = (e) => {
      const { x, y } = e.getProps(["x", "y"], true);
      const a = chart?.chartArea;
      return Number.isFinite(x) && Number.isFinite(y) && x >= a.left - 1 && x <= a.right + 1 && y >= a.top - 1 && y <= a.bottom + 1;
    };
    const marks = (chart?.data.datasets ?? []).flatMap((d, i) => chart.getDatasetMeta(i).data.filter((e, j) => d.data[j] !== null && d.data[j] !== undefined && inside(e)));
    const options = chart?.options;
    const untitled = Object.entries(chart?.scales ?? {}).filter(([, s]) => s.type !== "category" && !s.options.title.display).map(([name]) => name);
    const texts = Object.entries(options?.scales ?? {}).flatMap(([name, s]) => [[`ticks of ${name}`, s.ticks.color], ...(s.title.display ? [[`title of ${name}`, s.title.color]] : [])]);
    if (options?.plugins.legend.display) {
      texts.push(["legend", options.plugins.legend.labels.color]);
    }
    if (chart?.config.plugins?.length) {
      texts.push(["values", getComputedStyle(document.documentElement).getPropertyValue("--text").trim()]);
    }
    const box = canvas.getBoundingClientRect();
    found[canvas.id] = { untitled, marks: marks.length, inked: inked / (canvas.width * canvas.height), texts, fits: box.right <= document.documentElement.clientWidth, width: box.width,
      plot: chart ? chart.chartArea.right - chart.chartArea.left : 0 };
  }
  return { found, card: getComputedStyle(document.querySelector(".card")).backgroundColor, overflow: document.documentElement.scrollWidth - document.documentElement.clientWidth,
    data: JSON.parse(document.getElementById("data").textContent) };
}

/** Texts of the page itself that are hard to read: in the page. */
function texts() {
  return [...document.querySelectorAll("p, dt, dd, th, td, h1, h2, figcaption, summary, li, code, caption, .kind")].filter((e) => e.textContent.trim() && e.offsetParent).map((e) => {
    let behind = e;
    while (behind && getComputedStyle(behind).backgroundColor === "rgba(0, 0, 0, 0)") {
      behind = behind.parentElement;
    }
    return [`${e.tagName.toLowerCase()} ${JSON.stringify(e.textContent.trim().slice(0, 30))}`, getComputedStyle(e).color, getComputedStyle(behind ?? document.body).backgroundColor];
  });
}

function channels(colour) {
  return colour.startsWith("#") ? [1, 3, 5].map((i) => parseInt(colour.slice(i, i + 2), 16)) : colour.match(/[\d.]+/g).slice(0, 3).map(Number);
}
function luminance(colour) {
  const [r, g, b] = channels(colour).map((c) => (c / 255 <= 0.03928 ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}
function contrast(a, b) {
  const [low, high] = [luminance(a), luminance(b)].sort((x, y) => x - y);
  return (high + 0.05) / (low + 0.05);
}

async function look(page, name, scheme, width) {
  const where = `${name}, ${scheme}, ${width} px`;
  const { found, card, overflow, data } = await page.evaluate(drawn);
  const wanted = expected(data);
  const bad = [];
  if (JSON.stringify(Object.keys(found).sort()) !== JSON.stringify(Object.keys(wanted).sort())) {
    bad.push(`charts are ${Object.keys(found)}, expected ${Object.keys(wanted)}`);
  }
  for (const [id, chart] of Object.entries(found)) {
    if (chart.marks !== wanted[id]) {
      bad.push(`${id} has ${chart.marks} marks, expected ${wanted[id]}`);
    }
    if (chart.untitled.length > 0) {
      bad.push(`${id} does not say what is along ${chart.untitled.join(", ")}`);
    }
    if (chart.inked < 0.005) {
      bad.push(`${id} is blank`);
    }
    if (!chart.fits || chart.plot < chart.width / 2) {
      bad.push(`${id} does not fit: ${chart.width} px, of which ${chart.plot} are the plot`);
    }
    for (const [text, colour] of chart.texts) {
      if (contrast(colour, card) < LEAST_CONTRAST) {
        bad.push(`${id}, ${text}: contrast of ${colour} on ${card} is ${contrast(colour, card).toFixed(2)}`);
      }
    }
  }
  for (const [text, colour, behind] of await page.evaluate(texts)) {
    if (contrast(colour, behind) < LEAST_CONTRAST) {
      bad.push(`${text}: contrast of ${colour} on ${behind} is ${contrast(colour, behind).toFixed(2)}`);
    }
  }
  if (overflow > 0) {
    bad.push(`the page is ${overflow} px too wide`);
  }
  return { charts: Object.keys(found).length, bad: bad.map((b) => `${where}: ${b}`), card };
}

const problems = [];
let charts = 0;
try {
  for (const report of reports) {
    const [name, file] = [report.slice(0, report.indexOf("=")), report.slice(report.indexOf("=") + 1)];
    const url = pathToFileURL(resolve(file)).href;
    const page = await browser.newPage();
    page.on("pageerror", (error) => problems.push(`${name}: error: ${error.message}`));
    page.on("console", (message) => ["error", "warning"].includes(message.type()) && problems.push(`${name}: console: ${message.text()}`));
    page.on("request", (request) => request.url() !== url && !request.url().startsWith("data:") && problems.push(`${name}: loads ${request.url()}`));
    const cards = {};
    for (const width of [1200, 400]) {
      await page.setViewport({ width, height: 900, deviceScaleFactor: width === 400 ? 2 : 1 });
      await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: "light" }]);
      await page.goto(url, { waitUntil: "load" });
      for (const scheme of ["light", "dark"]) {
        await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: scheme }]); // the second time on the open page, which draws anew
        await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
        const { charts: count, bad, card } = await look(page, name, scheme, width);
        charts += count;
        problems.push(...bad);
        cards[scheme] = card;
        writeFileSync(join(shots, `${name}-${scheme}-${width}.png`), await page.screenshot({ fullPage: true }));
        if (name === "plain" && width === 1200) {
          await page.setViewport({ width: 960, height: 900, deviceScaleFactor: 2 });
          await page.evaluate(() => new Promise((done) => setTimeout(done, 300)));
          writeFileSync(join(shots, `plan-${scheme}.png`), await (await page.$("#plan")).screenshot());
          await page.setViewport({ width, height: 900 });
        }
      }
    }
    if (cards.light === cards.dark) {
      problems.push(`${name}: looks the same in light and dark`);
    }
    // Without scripts: the tables, and a word about the charts.
    await page.setJavaScriptEnabled(false);
    await page.goto(url, { waitUntil: "load" });
    const plain = await page.$eval("body", (b) => b.innerText);
    if (!plain.includes("need scripts") || (await page.$$eval(".plot", (all) => all.some((p) => p.offsetParent)))) {
      problems.push(`${name}: without scripts there is no word about charts, or there are empty ones`);
    }
    await page.close();
  }
} finally {
  await browser.close();
}
if (problems.length > 0) {
  console.error(problems.join("\n"));
  process.exit(1);
}
console.log(`reports: ${reports.length} pages, ${charts} charts looked at in light and dark, 1200 and 400 px; screenshots in ${shots}`);
