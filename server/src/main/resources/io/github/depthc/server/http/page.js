// SPDX-License-Identifier: Apache-2.0
"use strict";

const element = (id) => document.getElementById(id);
const form = element("form");
let running = null;
let takesPictures = false;

start();

async function start() {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    run();
  });
  element("stop").addEventListener("click", () => running?.abort());
  document.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      form.requestSubmit();
    } else if (event.key === "Escape") {
      running?.abort();
    }
  });
  element("key").addEventListener("change", models);
  document.addEventListener("dragover", (event) => {
    if (hasFiles(event)) {
      event.preventDefault();
      event.dataTransfer.dropEffect = takesPictures ? "copy" : "none";
    }
  });
  document.addEventListener("drop", drop);
  await models();
}

function headers() {
  const key = element("key").value;
  return key ? { Authorization: `Bearer ${key}` } : {};
}

async function models() {
  const response = await fetch("/v1/models", { headers: headers() });
  element("key-label").hidden = response.ok && !element("key").value;
  if (response.ok) {
    const model = (await response.json()).data[0];
    element("model").textContent = model.id;
    takesPictures = model.input_modalities.includes("image");
    element("pictures-label").hidden = !takesPictures;
    say("");
  } else {
    say((await response.json()).error.message, true);
  }
}

/** Whether something dragged has files: texts are dropped where the browser says. */
function hasFiles(event) {
  return event.dataTransfer?.types.includes("Files") ?? false;
}

/** Takes pictures, wherever on the page they are dropped; without this the browser would go to the file and leave the page. */
function drop(event) {
  if (!hasFiles(event)) {
    return;
  }
  event.preventDefault();
  const field = element("pictures");
  const types = field.accept.split(",");
  const others = [...event.dataTransfer.files].filter((file) => !types.includes(file.type));
  if (!takesPictures) {
    say("this model takes no pictures", true);
  } else if (others.length) {
    say(`${others[0].name} is no picture that the model takes, expected JPEG, PNG or WebP`, true);
  } else {
    field.files = event.dataTransfer.files;
    say("");
  }
}

function say(text, wrong = false) {
  element("status").textContent = text;
  element("status").classList.toggle("error", wrong);
}

async function run() {
  if (running) {
    return;
  }
  const mine = new AbortController();
  running = mine;
  busy(true);
  element("answer").textContent = "";
  element("routing").hidden = true;
  say("waiting …");
  const begin = performance.now();
  try {
    const usage = await generate(mine.signal, () => say(""));
    const seconds = ((performance.now() - begin) / 1000).toFixed(2);
    if (usage) {
      say(`${usage.prompt_tokens} tokens of prompt, ${usage.completion_tokens} new, ${seconds} s; ${usage.tokens_skipped} skipped, summed over the layers`);
    }
  } catch (problem) {
    say(problem.name === "AbortError" ? "stopped" : problem.message, problem.name !== "AbortError");
  } finally {
    running = null;
    busy(false);
  }
}

function busy(is) {
  element("run").disabled = is;
  element("stop").disabled = !is;
  // Read out as a whole, not piece by piece.
  element("answer").ariaBusy = String(is);
}

async function request() {
  const prompt = element("prompt").value;
  const pictures = await Promise.all([...element("pictures").files].map(dataUrl));
  // Pictures are shown by messages alone.
  const chat = element("chat").checked || pictures.length > 0;
  const content = pictures.length ? [...pictures.map((url) => ({ type: "image_url", image_url: { url } })), { type: "text", text: prompt }] : prompt;
  const body = {
    max_tokens: Number(element("tokens").value),
    temperature: Number(element("temperature").value),
    stream: true,
    stream_options: { include_usage: true, include_routing: true },
  };
  return chat ? ["/v1/chat/completions", { ...body, messages: [{ role: "user", content }] }] : ["/v1/completions", { ...body, prompt }];
}

/** A file as a URL that has it in it. */
function dataUrl(file) {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result);
    reader.onerror = () => reject(reader.error);
    reader.readAsDataURL(file);
  });
}

/** Streams the answer; gives what it cost. */
async function generate(signal, first) {
  const [path, body] = await request();
  const response = await fetch(path, { method: "POST", headers: { "Content-Type": "application/json", ...headers() }, body: JSON.stringify(body), signal });
  if (!response.ok) {
    throw new Error((await response.json()).error.message);
  }
  let usage = null;
  for await (const event of events(response.body)) {
    if (event.error) {
      throw new Error(event.error.message);
    }
    if (event.routing) {
      showRouting(event.routing);
    }
    const choice = event.choices?.[0];
    const text = choice?.text ?? choice?.delta?.content ?? "";
    if (text) {
      first();
      element("answer").textContent += text;
    }
    usage = event.usage ?? usage;
  }
  return usage;
}

async function* events(stream) {
  const reader = stream.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) {
      return;
    }
    const lines = (rest + value).split("\n");
    rest = lines.pop();
    for (const line of lines) {
      if (line.startsWith("data: ") && line !== "data: [DONE]") {
        yield JSON.parse(line.slice("data: ".length));
      }
    }
  }
}

/** @param routing tokens: the prompt's, as text; layers: for each its number and, where it skips any, the indices of the tokens that it processed */
function showRouting({ tokens, layers }) {
  const kept = layers.map((layer) => (layer.kept ? new Set(layer.kept) : null));
  const processed = tokens.map((_, token) => kept.filter((set) => !set || set.has(token)).length);
  const choices = element("layers");
  choices.querySelectorAll("label").forEach((label) => label.remove());
  choices.append(choice("all", "all layers", tokens.length, processed.reduce((a, b) => a + b, 0) / layers.length, true));
  layers.forEach((layer, i) => choices.append(choice(i, `layer ${layer.layer}`, tokens.length, kept[i] ? kept[i].size : tokens.length, false)));
  choices.onchange = () => draw(choices.querySelector("input:checked").value);
  draw("all");
  element("routing").hidden = false;

  function draw(which) {
    const all = which === "all";
    element("legend").textContent = all
      ? `The stronger the colour, the more of the ${layers.length} layers processed a token of the prompt.`
      : kept[which] ? `Layer ${layers[which].layer} processed ${kept[which].size} of ${tokens.length} tokens; the others, struck through, passed it by.`
        : `Layer ${layers[which].layer} is dense: it processed all ${tokens.length} tokens.`;
    element("tokens-of-prompt").replaceChildren(...tokens.map((text, token) => {
      const skipped = !all && kept[which] !== null && !kept[which].has(token);
      // Screen readers tell what is struck through.
      const span = document.createElement(skipped ? "s" : "span");
      // One of an image's tokens stands beside hundreds of others.
      span.textContent = /^⟨image \d+⟩$/.test(text) ? "▪" : text;
      span.title = `token ${token}${span.textContent === text ? "" : ` ${text}`}: processed by ${processed[token]} of ${layers.length} layers`;
      if (all) {
        span.style.setProperty("--share", processed[token] / layers.length);
      }
      if (skipped) {
        span.append(hidden(" (skipped)"));
      }
      return span;
    }));
  }
}

/** Words for screen readers alone. */
function hidden(words) {
  const span = document.createElement("span");
  span.className = "hidden";
  span.textContent = words;
  return span;
}

function choice(value, name, most, count, checked) {
  const label = document.createElement("label");
  const radio = Object.assign(document.createElement("input"), { type: "radio", name: "layer", value, checked });
  const meter = Object.assign(document.createElement("meter"), { min: 0, max: most, value: count });
  const number = document.createElement("span");
  number.textContent = `${Math.round((100 * count) / most)} %`;
  const words = document.createElement("span");
  words.textContent = name;
  label.append(radio, words, meter, number);
  return label;
}
