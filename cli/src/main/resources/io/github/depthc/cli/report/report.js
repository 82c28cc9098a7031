// SPDX-License-Identifier: Apache-2.0
// Draws the charts of report.html with Chart.js, from the numbers in the page, in the colours of its style sheet.
"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const print = matchMedia("print");
  let charts = [];
  let style;

  const colour = (name) => style.getPropertyValue(`--${name}`).trim();
  const percent = (share) => `${Math.round(share * 1000) / 10}%`;
  const number = (value) => Number(value.toPrecision(4)).toLocaleString("en-US");

  /** The colour between two, at a share from 0 to 1. */
  function between(from, to, share) {
    const part = (hex, i) => parseInt(hex.slice(1 + 2 * i, 3 + 2 * i), 16);
    return `rgb(${[0, 1, 2].map((i) => Math.round(part(from, i) + (part(to, i) - part(from, i)) * share)).join(",")})`;
  }

  function axis(title, more) {
    return {
      title: { display: title !== "", text: title, color: colour("muted") },
      border: { color: colour("plain") },
      ...more,
      grid: { color: colour("grid"), ...more?.grid },
      ticks: { color: colour("muted"), maxRotation: 0, autoSkipPadding: 8, ...more?.ticks },
    };
  }
  const layerAxis = () => axis("layer", { grid: { display: false } });
  const shareAxis = (title, more) => axis(title, { min: 0, max: 1, ...more, ticks: { callback: percent, stepSize: 0.25 } });

  function legend(shown) {
    return { display: shown, align: "start", labels: { color: colour("muted"), boxWidth: 12, boxHeight: 12, useBorderRadius: true, borderRadius: 2 } };
  }

  /** Texts at the ends of bars. */
  const texts = (of, place) => ({
    id: "texts",
    afterDatasetsDraw(chart) {
      const context = chart.ctx;
      context.save();
      context.font = `600 11px ${Chart.defaults.font.family}`;
      context.fillStyle = colour("text");
      context.strokeStyle = colour("card");
      context.lineWidth = 4;
      context.lineJoin = "round";
      chart.data.datasets.forEach((dataset, d) => chart.getDatasetMeta(d).data.forEach((bar, i) => {
        const text = of(d, i);
        if (text !== undefined && dataset.data[i] !== null) {
          place(context, bar, text, chart.chartArea);
        }
      }));
      context.restore();
    },
  });
  function write(context, text, x, y) {
    context.strokeText(text, x, y);
    context.fillText(text, x, y);
  }

  function draw(id, config) {
    const canvas = document.getElementById(`chart-${id}`);
    config.options = { responsive: true, maintainAspectRatio: false, animation: false, ...config.options };
    charts.push(new Chart(canvas, config));
  }

  function layers({ layers: all }) {
    const kinds = [
      ["dense", "dense", "plain"],
      ["mod", "Mixture-of-Depths", "accent"],
      ["bound", "at most (threshold)", "bound"],
    ].filter(([kind]) => all.some((l) => l.kind === kind));
    const datasets = kinds.map(([kind, label, name]) => ({ label, backgroundColor: colour(name), data: all.map((l) => (l.kind === kind ? l.share : null)) }));
    if (all.some((l) => l.kind === "mod" && l.share < 1)) {
      datasets.push({ label: "tokens skipped", backgroundColor: colour("skipped"), data: all.map((l) => (l.kind === "mod" ? 1 - l.share : null)) });
    }
    datasets.forEach((d) => Object.assign(d, { categoryPercentage: all.length > 200 ? 1 : 0.8, barPercentage: 1, maxBarThickness: 72 }));
    const label = (d, i) => (kinds[d]?.[0] === "mod" ? all[i].label : undefined);
    draw("layers", {
      type: "bar",
      data: { labels: all.map((l) => l.layer), datasets },
      options: {
        scales: { x: { ...layerAxis(), stacked: true }, y: shareAxis("share of the tokens", { stacked: true }) },
        plugins: { legend: legend(true), tooltip: { callbacks: { title: ([item]) => `Layer ${item.label}`, label: (item) => all[item.dataIndex].tip } } },
      },
      plugins: [texts(label, (context, bar, text, area) => {
        if (context.measureText(text).width < (area.right - area.left) / all.length - 4) {
          context.textAlign = "center";
          write(context, text, bar.x, bar.y - 6);
        }
      })],
    });
  }

  function arank({ values }) {
    draw("arank", {
      type: "line",
      data: {
        labels: values.map((_, i) => i),
        datasets: [{ label: "ARank", data: values, borderColor: colour("mark"), backgroundColor: colour("mark"), borderWidth: 2, pointRadius: values.length > 100 ? 1 : 3 }],
      },
      options: {
        scales: { x: layerAxis(), y: axis("mean rank", { beginAtZero: true }) },
        plugins: { legend: legend(false), tooltip: { callbacks: { title: ([item]) => `Layer ${item.label}`, label: (item) => `ARank ${item.raw.toFixed(1)}` } } },
      },
    });
  }

  function totals({ bars }) {
    const most = Math.max(1, ...bars.map((b) => b.share));
    draw("totals", {
      type: "bar",
      data: { labels: bars.map((b) => b.label), datasets: [{ label: "of dense", data: bars.map((b) => b.share), backgroundColor: colour("accent"), maxBarThickness: 22 }] },
      options: {
        indexAxis: "y",
        layout: { padding: { right: 60 } },
        scales: { x: shareAxis("share of the dense model's", { max: most > 1 ? undefined : 1 }), y: axis("", { grid: { display: false } }) },
        plugins: { legend: legend(false), tooltip: { callbacks: { label: (item) => bars[item.dataIndex].tip } } },
      },
      plugins: [texts((_, i) => bars[i].text, (context, bar, text) => {
        context.textBaseline = "middle";
        write(context, text, bar.x + 6, bar.y);
      })],
    });
  }

  function cost(id, part, title) {
    // pairs of bars that thin cannot be told apart: then the dense ones become a line
    const line = part.labels.length > 64 ? { type: "line", borderColor: colour("plain"), borderWidth: 2, pointRadius: 0, stepped: "middle" } : {};
    draw(id, {
      type: "bar",
      data: {
        labels: part.labels,
        datasets: [
          { label: "as converted", data: part.plan, backgroundColor: colour("accent") },
          { label: "dense", data: part.dense, backgroundColor: colour("plain"), ...line },
        ].map((d) => ({ ...d, categoryPercentage: 0.8, barPercentage: 1, maxBarThickness: 36 })),
      },
      options: {
        scales: { x: layerAxis(), y: axis(part.unit, { beginAtZero: true }) },
        plugins: {
          legend: legend(true),
          tooltip: { callbacks: { title: ([item]) => `Layer ${item.label}, ${title}`, label: (item) => `${item.dataset.label}: ${number(item.raw)} ${part.unit}` } },
        },
      },
    });
  }

  function tried(part) {
    const at = (p) => ({ x: p.share, y: Math.max(p.loss, part.low), tip: p.tip });
    const points = (label, name, some, more) => ({ label, data: some.map(at), backgroundColor: colour(name), borderColor: colour(name), pointRadius: 3.5, ...more });
    const low = Math.min(part.budget, ...part.points.map((p) => p.share));
    const high = Math.max(part.budget, ...part.points.map((p) => p.share));
    const decade = (v) => Math.abs(Math.log10(v) - Math.round(Math.log10(v))) < 1e-9;
    draw("tried", {
      type: "scatter",
      data: {
        datasets: [
          points("chosen", "mark", part.chosen, { backgroundColor: "transparent", borderWidth: 2.5, pointRadius: 8, pointHoverRadius: 8 }),
          points("nothing tried beats these", "accent", part.front, { showLine: true, borderWidth: 2, pointRadius: 0, pointHitRadius: 0, pointStyle: "line" }),
          points("one layer skips", "plain", part.points.filter((p) => p.layers <= 1)),
          points("several do", "accent", part.points.filter((p) => p.layers > 1)),
          {
            label: `budget ${percent(part.budget)}`,
            data: [{ x: part.budget, y: part.low }, { x: part.budget, y: part.high }],
            showLine: true, borderColor: colour("mark"), borderDash: [5, 4], borderWidth: 1.5, pointRadius: 0, pointHitRadius: 0, pointStyle: "line",
          },
        ].filter((d) => d.data.length > 0),
      },
      options: {
        scales: {
          x: axis(part.x, { min: Math.floor(low * 20) / 20, max: Math.ceil(high * 20) / 20, ticks: { callback: percent } }),
          y: axis(part.y, {
            type: "logarithmic", min: part.low, max: part.high,
            grid: { color: (tick) => (decade(tick.tick.value) ? colour("grid") : "transparent") },
            ticks: { autoSkip: false, callback: (v) => (decade(v) ? (v < 1e-4 ? v.toExponential(0) : String(Number(v.toPrecision(1)))) : "") },
          }),
        },
        plugins: {
          legend: { ...legend(true), labels: { ...legend(true).labels, usePointStyle: true, boxHeight: 8, pointStyleWidth: 11 } },
          tooltip: { filter: (item) => item.raw.tip !== undefined, callbacks: { label: (item) => wrap(item.raw.tip) } },
        },
      },
    });
  }

  /** A text in lines that fit a tooltip. */
  function wrap(text) {
    const lines = [""];
    for (const word of text.split(" ")) {
      if (lines.at(-1).length + word.length > 44) {
        lines.push("");
      }
      lines[lines.length - 1] += (lines.at(-1) === "" ? "" : " ") + word;
    }
    return lines;
  }

  /** A cell is a bar from one position to the next, in its layer's row. */
  function kept(part) {
    const cells = part.layers.flatMap((l) => l.shares.map((share, c) => {
      const from = c * part.width;
      return { x: [from, Math.min(from + part.width, part.longest)], y: String(l.layer), share };
    }));
    draw("kept", {
      type: "bar",
      data: {
        labels: part.layers.map((l) => String(l.layer)),
        datasets: [{
          data: cells, grouped: false, categoryPercentage: 1, barPercentage: part.layers.length > 60 ? 1 : 0.92, inflateAmount: 0.4,
          backgroundColor: cells.map((c) => between(colour("never"), colour("always"), c.share)),
        }],
      },
      options: {
        indexAxis: "y",
        scales: { x: axis("position in the prompt", { min: 0, max: part.longest, grid: { display: false } }), y: axis("layer", { grid: { display: false } }) },
        plugins: {
          legend: legend(false),
          tooltip: {
            callbacks: {
              title: ([item]) => `Layer ${item.raw.y}`,
              label: ({ raw: { x: [from, to], share } }) => `${to - from === 1 ? `position ${from}` : `positions ${from} to ${to - 1}`}: kept ${percent(share)}`,
            },
          },
        },
      },
    });
  }

  function all() {
    charts.forEach((c) => c.destroy());
    charts = [];
    style = getComputedStyle(document.documentElement);
    Chart.defaults.font.family = getComputedStyle(document.body).fontFamily;
    const parts = {
      layers, arank, totals, tried, kept,
      flops: (p) => cost("flops", p, "FLOPs"), kv: (p) => cost("kv", p, "KV cache"), time: (p) => cost("time", p, "time"),
    };
    Object.entries(data).forEach(([name, part]) => parts[name](part));
  }

  all();
  dark.addEventListener("change", all);
  print.addEventListener("change", all);
})();
