# SPDX-License-Identifier: Apache-2.0
"""Recomputes every golden from its checkpoint with a plain NumPy decoder, written from the stated definition and not
from the reference code, in float64. Needs numpy and safetensors only. Exits with 1 when a golden disagrees."""

import argparse
import json
import math
import sys
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file

TOLERANCE = 2e-4


def rms(x, weight, eps):
    return x / np.sqrt((x * x).mean(-1, keepdims=True) + eps) * weight


def rotate(x, positions, theta):
    """x [heads, tokens, size]."""
    half = x.shape[-1] // 2
    # The reference holds the angles in float32.
    inverse = (1.0 / (theta ** (np.arange(0, 2 * half, 2) / (2 * half)))).astype(np.float32)
    angle = (positions.astype(np.float32)[:, None] * inverse[None]).astype(np.float64)
    cos, sin = np.cos(angle), np.sin(angle)
    a, b = x[..., :half], x[..., half:]
    return np.concatenate([a * cos - b * sin, b * cos + a * sin], -1)


class Decoder:
    def __init__(self, folder):
        self.config = json.loads((folder / "config.json").read_text())
        self.weights = {k: v.astype(np.float64) for k, v in load_file(folder / "model.safetensors").items()}
        c = self.config
        self.layers, self.heads, self.kv = c["num_hidden_layers"], c["num_attention_heads"], c["num_key_value_heads"]
        self.size = c["hidden_size"] // self.heads
        self.eps, self.theta = c["rms_norm_eps"], c.get("rope_theta", 10000.0)
        self.gamma = c["model_type"] == "mod_llava_llama"
        self.converted = {}
        if self.gamma:
            copies = [v for k, v in self.weights.items() if k.endswith("router.weight")]
            assert all((v == copies[0]).all() for v in copies), "router copies differ"
            self.router = copies[0]
            self.converted = {i: None for i in c["mod"]["mod_layers_idx"]}
        else:
            self.converted = self.ratios()
            assert sorted(self.converted) == c["mod_target_layer_indices"]
        self.reset()

    def ratios(self):
        c, text, a = self.config, self.config["mod_target_layers"], self.config["mod_router_factor"]
        if "_decay_" in text:
            kind, rest = text.split("_decay_")
            high, low = map(float, rest.split("_"))
            curve = {"shiftedcos": lambda i: math.cos(i * math.pi / 31) / 2 + a,
                     "shiftedlinear": lambda i: (-i / 31 + 0.5) + a}[kind]
            return {i: max(curve(i), low) for i in range(self.layers) if curve(i) <= high}
        chosen = {"interleave": range(1, self.layers, 2), "deep_all": range(2, self.layers - 1),
                  "deep_all_include_last": range(2, self.layers)}[text]
        return {i: a for i in chosen}

    def reset(self):
        empty = np.zeros((self.kv, 0, self.size))
        self.keys, self.values = [empty] * self.layers, [empty] * self.layers
        self.seen = 0

    def w(self, layer, name):
        wrapped = f"model.layers.{layer}.decoder_layer.{name}.weight"
        return self.weights[wrapped if wrapped in self.weights else f"model.layers.{layer}.{name}.weight"]

    def attend(self, layer, x, positions):
        split = lambda y, n: y.reshape(len(x), n, self.size).transpose(1, 0, 2)
        h = rms(x, self.w(layer, "input_layernorm"), self.eps)
        q = rotate(split(h @ self.w(layer, "self_attn.q_proj").T, self.heads), positions, self.theta)
        k = rotate(split(h @ self.w(layer, "self_attn.k_proj").T, self.kv), positions, self.theta)
        v = split(h @ self.w(layer, "self_attn.v_proj").T, self.kv)
        past = self.keys[layer].shape[1]
        self.keys[layer] = np.concatenate([self.keys[layer], k], 1)
        self.values[layer] = np.concatenate([self.values[layer], v], 1)
        group = self.heads // self.kv
        keys, values = np.repeat(self.keys[layer], group, 0), np.repeat(self.values[layer], group, 0)
        scores = q @ keys.transpose(0, 2, 1) / math.sqrt(self.size)
        future = np.arange(keys.shape[1])[None] > past + np.arange(len(x))[:, None]
        scores = np.where(future, -np.inf, scores)
        scores = np.exp(scores - scores.max(-1, keepdims=True))
        out = (scores / scores.sum(-1, keepdims=True)) @ values
        out = out.transpose(1, 0, 2).reshape(len(x), -1) @ self.w(layer, "self_attn.o_proj").T
        return x + out

    def mlp(self, layer, r):
        h = rms(r, self.w(layer, "post_attention_layernorm"), self.eps)
        gate, up = h @ self.w(layer, "mlp.gate_proj").T, h @ self.w(layer, "mlp.up_proj").T
        return (gate / (1 + np.exp(-gate)) * up) @ self.w(layer, "mlp.down_proj").T

    def gates(self, scores):
        parts = self.config["mod_weight_norm"].split("_")
        alpha, beta = (float(parts[1]), float(parts[2])) if len(parts) == 3 else (1.0, 1.0)
        shifted = np.exp(scores - scores.max())
        value = {"tanh": np.tanh(scores), "sigmoid": 1 / (1 + np.exp(-scores)), "none": scores,
                 "softmax": shifted / shifted.sum()}[parts[0]]
        return value * alpha + beta

    def run(self, ids, candidates):
        n, positions = len(ids), self.seen + np.arange(len(ids))
        self.seen += n
        x = self.weights["model.embed_tokens.weight"][ids]
        kept_sets = {}
        for layer in range(self.layers):
            if layer in self.converted and self.gamma:
                logits = rms(x, self.w(layer, "input_layernorm"), self.eps) @ self.router.T
                p = 1 / (1 + np.exp(logits[:, 0] - logits[:, 1]))
                kept = np.flatnonzero(p >= 0.5 if n == 1 else p > 0.005)
                kept_sets[layer] = kept
                if len(kept):
                    own = self.keys[layer].shape[1] + np.arange(len(kept))
                    r = self.attend(layer, x[kept], own)
                    x = x.copy()
                    x[kept] = r + p[kept, None] * self.mlp(layer, r)
            elif layer in self.converted and candidates.any():
                prefix = f"model.layers.{layer}.router.router"
                scores = x @ self.weights[f"{prefix}.weight"][0]
                if self.config["mod_bias_enabled"]:
                    scores = scores + self.weights[f"{prefix}.bias"]
                chosen = np.flatnonzero(candidates)
                gate = np.ones(n)
                gate[chosen] = self.gates(scores[chosen])
                count = int(np.float32(len(chosen)) * np.float32(self.converted[layer]))
                best = chosen[np.argsort(-gate[chosen], kind="stable")[:count]]
                kept = np.sort(np.concatenate([np.flatnonzero(~candidates), best]))
                kept_sets[layer] = kept
                y = gate[:, None] * x
                if len(kept):
                    r = self.attend(layer, x[kept], positions[kept])
                    y[kept] = gate[kept, None] * self.mlp(layer, r) + r
                x = y
            else:
                kept_sets[layer] = np.arange(n)
                r = self.attend(layer, x, positions)
                x = r + self.mlp(layer, r)
        return rms(x, self.weights["model.norm.weight"], self.eps) @ self.weights["lm_head.weight"].T, kept_sets


def check(folder):
    decoder, expected = Decoder(folder), load_file(folder / "expected.safetensors")
    worst, problems = 0.0, []
    for case in json.loads((folder / "expected.json").read_text())["cases"]:
        c = case["case"]
        decoder.reset()
        candidates = expected[f"{c}.candidates"].astype(bool)
        logits, kept = decoder.run(expected[f"{c}.ids"], candidates)
        worst = max(worst, float(np.abs(logits - expected[f"{c}.logits"]).max()))
        for layer in decoder.converted:
            if not np.array_equal(kept[layer], expected[f"{c}.layer{layer}.kept"]):
                problems.append(f"{c} layer {layer}: kept set")
        lengths = [[k.shape[1] for k in decoder.keys]]
        for step, token in enumerate(expected[f"{c}.decode_ids"]):
            logits, kept = decoder.run(np.array([token]), np.zeros(1, bool))
            worst = max(worst, float(np.abs(logits[0] - expected[f"{c}.decode_logits"][step]).max()))
            lengths.append([k.shape[1] for k in decoder.keys])
            if decoder.gamma and [len(kept[i]) for i in range(decoder.layers)] != \
                    expected[f"{c}.decode_kept"][step].tolist():
                problems.append(f"{c} step {step}: kept flags")
        if lengths != expected[f"{c}.cache_lengths"].tolist():
            problems.append(f"{c}: cache lengths")
    if worst > TOLERANCE:
        problems.append(f"logits differ by {worst}")
    return worst, problems


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--goldens", required=True, help="folder with one folder per golden")
    failed = False
    for folder in sorted(p for p in Path(parser.parse_args().goldens).iterdir() if p.is_dir()):
        worst, problems = check(folder)
        failed |= bool(problems)
        print(f"{folder.name}: largest logit difference {worst:.2e} {'; '.join(problems) or 'ok'}")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
