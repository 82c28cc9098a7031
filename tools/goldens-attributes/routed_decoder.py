# SPDX-License-Identifier: Apache-2.0
"""A Llama-like decoder with Mixture-of-Depths layers in NumPy float64, for one row at a time, written from the definitions
in `io.github.depthc.ir.mod.Routing` and nothing else."""

import json
import math
import re

import numpy as np
from safetensors.numpy import load_file

PRIME = 2**31 - 1
WORD = 2**64


def rms(x, weight, eps):
    return x / np.sqrt((x * x).mean(-1, keepdims=True) + eps) * weight


def softmax(x):
    e = np.exp(x - x.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def rotate(x, positions, theta):
    """x [heads, tokens, size]."""
    half = x.shape[-1] // 2
    angle = positions[:, None] / theta ** (np.arange(half) / half)[None]
    cos, sin = np.cos(angle), np.sin(angle)
    a, b = x[..., :half], x[..., half:]
    return np.concatenate([a * cos - b * sin, b * cos + a * sin], -1)


def random_key(seed, layer, index):
    """Two rounds of x <- ((a x + b) mod p)^5 mod p; a and b from the splitmix64 sequence of seed and layer."""
    state = (layer * 2**32 + seed) % WORD
    drawn = []
    for _ in range(4):
        state = (state + 0x9E3779B97F4A7C15) % WORD
        z = state
        z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9 % WORD
        z = (z ^ z >> 27) * 0x94D049BB133111EB % WORD
        drawn.append(1 + (z ^ z >> 31) % (PRIME - 1))
    x = index
    for a, b in (drawn[:2], drawn[2:]):
        x = pow((a * x + b) % PRIME, 5, PRIME)
    return x


def choice(text):
    """`top_k(ratio=0.5)` as its name and its components."""
    name, inner = re.fullmatch(r"(\w+)(?:\((.*)\))?", text).groups()
    return name, {k: json.loads(v) for k, v in re.findall(r"(\w+)=([^,]+)", inner or "")}


class Cache:
    """One layer's keys and values [kv heads, entries, size] and each entry's place in the sequence."""

    def __init__(self, kv_heads, size):
        self.keys = self.values = np.zeros((kv_heads, 0, size))
        self.index = np.zeros(0, int)

    def append(self, keys, values, index):
        self.keys = np.concatenate([self.keys, keys], 1)
        self.values = np.concatenate([self.values, values], 1)
        self.index = np.concatenate([self.index, index])


class Decoder:
    """`routings`: layer -> attribute -> text, as in a golden's routing.txt; `routers`: the weights of scores and skip paths."""

    def __init__(self, folder, routings=None, routers=None):
        self.config = c = json.loads((folder / "config.json").read_text())
        self.weights = {k: v.astype(np.float64) for k, v in load_file(folder / "model.safetensors").items()}
        self.routings = routings or {}
        self.routers = {k: v.astype(np.float64) for k, v in (routers or {}).items()}
        self.heads, self.kv_heads = c["num_attention_heads"], c["num_key_value_heads"]
        self.size = c.get("head_dim") or c["hidden_size"] // self.heads
        self.window = c.get("sliding_window") or 0
        self.reset()

    def reset(self):
        self.caches = [Cache(self.kv_heads, self.size) for _ in range(self.config["num_hidden_layers"])]
        self.seen = 0
        self.margin = math.inf  # the least distance from any selection boundary so far
        self.kept = {}

    def w(self, layer, name):
        return self.weights[f"model.layers.{layer}.{name}.weight"]

    def norm(self, layer, name, x):
        return rms(x, self.w(layer, name), self.config["rms_norm_eps"])

    def project(self, layer, name, h, heads):
        return (h @ self.w(layer, f"self_attn.{name}").T).reshape(len(h), heads, self.size).transpose(1, 0, 2)

    def probabilities(self, q, k, visible):
        """q [heads, n, size], k [kv heads, m, size], visible [n, m]."""
        scores = q @ np.repeat(k, self.heads // self.kv_heads, 0).transpose(0, 2, 1) / math.sqrt(self.size)
        return softmax(np.where(visible, scores, -np.inf))

    def attend(self, layer, x, index, positions, all_x=None, all_index=None):
        """Attention of the tokens x at those places of the sequence. Their keys and values are cached, or those of all_x."""
        theta, cache = self.config["rope_theta"], self.caches[layer]
        keys_of = x if all_x is None else all_x
        key_index, key_positions = (index, positions) if all_x is None else (all_index, all_index)
        h = self.norm(layer, "input_layernorm", keys_of)
        cache.append(rotate(self.project(layer, "k_proj", h, self.kv_heads), key_positions, theta),
                     self.project(layer, "v_proj", h, self.kv_heads), key_index)
        if not len(x):
            return x
        h = self.norm(layer, "input_layernorm", x)
        q = rotate(self.project(layer, "q_proj", h, self.heads), positions, theta)
        distance = index[:, None] - cache.index[None]
        visible = distance >= 0
        if self.window:
            visible &= distance < self.window
        values = np.repeat(cache.values, self.heads // self.kv_heads, 0)
        out = (self.probabilities(q, cache.keys, visible) @ values).transpose(1, 0, 2).reshape(len(x), -1)
        return x + out @ self.w(layer, "self_attn.o_proj").T

    def mlp(self, layer, r):
        h = self.norm(layer, "post_attention_layernorm", r)
        gate, up = h @ self.w(layer, "mlp.gate_proj").T, h @ self.w(layer, "mlp.up_proj").T
        return (gate * sigmoid(gate) * up) @ self.w(layer, "mlp.down_proj").T

    def score(self, layer, text, x, index):
        name, c = choice(text)
        router = lambda part: self.routers[f"layers.{layer}.score.{part}"]
        if name == "linear":
            return x @ router("weight")[0] + (router("bias")[0] if c["bias"] else 0)
        if name == "shared_linear":
            return softmax(self.norm(layer, "input_layernorm", x) @ router("weight").T)[:, 1]
        if name == "attention_received":
            h, theta = self.norm(layer, "input_layernorm", x), self.config["rope_theta"]
            q = rotate(self.project(layer, "q_proj", h, self.heads), index, theta)
            k = rotate(self.project(layer, "k_proj", h, self.kv_heads), index, theta)
            causal = np.tril(np.ones((len(x), len(x)), bool))
            return self.probabilities(q, k, causal)[:, -c["observers"]:].sum(1).mean(0)
        assert name == "none"
        return None

    @staticmethod
    def gate(text, score, candidates):
        name, c = choice(text)
        gate = np.ones(len(candidates))
        if name == "one" or not candidates.any():
            return gate
        s = score[candidates]
        gate[candidates] = s if name == "probability" else \
            c["alpha"] * {"tanh": np.tanh, "sigmoid": sigmoid, "softmax": softmax}[name](s) + c["beta"]
        return gate

    def keep(self, layer, routing, index, candidates, score, gate):
        """Which tokens are kept, as flags; narrows the margin."""
        name, c = choice(routing["selection"])
        kept, chosen = ~candidates, np.flatnonzero(candidates)
        if name == "threshold":
            single = len(index) == 1
            limit = c["single" if single else "prompt"]
            passes = score >= limit if single else score > limit
            if len(chosen):
                self.margin = min(self.margin, np.abs(score[chosen] - limit).min())
            return kept | passes
        m = len(chosen)
        k = int(np.float32(m) * np.float32(c["ratio"]))
        if name == "evenly_spaced":
            best = [t for j, t in enumerate(chosen) if (j + 1) * k // m > j * k // m]
        elif name == "most_recent":
            best = chosen[m - k:]
        elif name == "random":
            best = sorted(chosen, key=lambda t: -random_key(c["seed"], layer, int(index[t])))[:k]
        else:
            key = score if routing["gate"] == "one" else gate
            order = chosen[np.argsort(-key[chosen], kind="stable")]
            best = order[:k]
            # Keys that are equal for every token are so in any arithmetic.
            if 0 < k < m and np.ptp(key[chosen]) > 0:
                self.margin = min(self.margin, key[order[k - 1]] - key[order[k]])
        kept[best] = True
        return kept

    def skipped(self, layer, routing, norm, x, gate):
        """What every token becomes that skips what begins with this norm."""
        if routing["skip"] == "identity":
            return x.copy()
        if routing["skip"] == "gated":
            return gate[:, None] * x
        path = lambda name: self.routers[f"layers.{layer}.skip.{name}"]
        return x + self.norm(layer, norm, x) @ path("down").T @ path("up").T + path("bias")

    def routed(self, layer, routing, x, index, candidates):
        score = self.score(layer, routing["score"], x, index)
        gate = self.gate(routing["gate"], score, candidates)
        kept = np.flatnonzero(self.keep(layer, routing, index, candidates, score, gate))
        self.kept[layer] = kept
        g = gate[kept, None]
        part = routing.get("part", "layer")
        if part == "mlp":
            r = self.attend(layer, x, index, index)
            y = self.skipped(layer, routing, "post_attention_layernorm", r, gate)
            y[kept] = r[kept] + g * self.mlp(layer, r[kept])
            return y
        y = self.skipped(layer, routing, "input_layernorm", x, gate)
        positions = index[kept] if routing["positions"] == "original" else len(self.caches[layer].index) + np.arange(len(kept))
        everything = (x, index) if routing["kv"] == "keep" else ()
        r = self.attend(layer, x[kept], index[kept], positions, *everything)
        if part == "attention":
            y[kept] = x[kept] + g * (r - x[kept])
            return y + self.mlp(layer, y)
        if routing["placement"] == "mlp":
            y[kept] = r + g * self.mlp(layer, r)
        else:
            y[kept] = x[kept] + g * (r + self.mlp(layer, r) - x[kept])
        return y

    def run(self, ids, candidates):
        """Logits [n, vocab] of new tokens; `candidates` are flags of those tokens."""
        index = self.seen + np.arange(len(ids))
        self.seen += len(ids)
        self.kept = {}
        x = self.weights["model.embed_tokens.weight"][ids]
        for layer in range(len(self.caches)):
            if layer in self.routings:
                x = self.routed(layer, self.routings[layer], x, index, candidates)
            else:
                r = self.attend(layer, x, index, index)
                x = r + self.mlp(layer, r)
        return rms(x, self.weights["model.norm.weight"], self.config["rms_norm_eps"]) @ self.weights["lm_head.weight"].T

    def lengths(self):
        return [len(c.index) for c in self.caches]
