// SPDX-License-Identifier: Apache-2.0
// Greedy token ids of a portable bundle on onnxruntime-node: portable.mjs BUNDLE 1,2,3 NEW_TOKENS
import { readFileSync } from "node:fs";
import ort from "onnxruntime-node";

const [folder, prompt, count] = process.argv.slice(2);
const info = JSON.parse(readFileSync(`${folder}/bundle.json`, "utf8"));
const caches = info.routing.layers.map((l) => l.cache);
const session = await ort.InferenceSession.create(`${folder}/model.onnx`, { logSeverityLevel: 3 });
const i64 = (values, dims) => new ort.Tensor("int64", BigInt64Array.from(values.map(BigInt)), dims ?? [values.length]);
const past = caches.flatMap((c, i) => ["key", "value"].map((part) => ({ layer: i, part, heads: c.kv_heads, size: c.head_dim, entries: [] })));
let lengths = caches.map(() => 0);
let length = 0;
let ids = prompt.split(",").map(Number);
const made = [];

function cacheTensor({ heads, size, entries }) {
  const data = new Float32Array(heads * entries.length * size);
  for (let h = 0; h < heads; h++) {
    entries.forEach((e, t) => data.set(e.subarray(h * size, (h + 1) * size), (h * entries.length + t) * size));
  }
  return new ort.Tensor("float32", data, [1, heads, entries.length, size]);
}

while (made.length < Number(count)) {
  const n = ids.length;
  const first = length === 0;
  const candidates = ids.map((_, i) => Number(first && info.routing.candidates === "prompt" && i > 0 && i < n - 1));
  const given = {
    input_ids: i64(ids),
    position_ids: i64(ids.map((_, i) => length + i)),
    row_lengths: i64([n]),
    row_starts: i64([length]),
    logits_at: i64([n - 1]),
    cache_lengths: i64(lengths, [caches.length, 1]),
    candidates: new ort.Tensor("bool", Uint8Array.from(candidates), [n]),
  };
  for (const c of past) {
    given[`past_key_values.${c.layer}.${c.part}`] = cacheTensor(c);
  }
  for (const name of Object.keys(given)) {
    if (!session.inputNames.includes(name)) delete given[name];
  }
  const out = await session.run(given);
  for (const c of past) {
    const added = out[`new.${c.layer}.${c.part}`];
    const width = c.heads * c.size;
    for (let t = 0; t < added.dims[0]; t++) c.entries.push(added.data.slice(t * width, (t + 1) * width));
  }
  lengths = Array.from(out.present_lengths.data, Number);
  length += n;
  const logits = out.logits.data;
  let best = 0;
  for (let i = 1; i < logits.length; i++) if (logits[i] > logits[best]) best = i;
  made.push(best);
  ids = [best];
}
console.log(made.join(","));
