# SPDX-License-Identifier: Apache-2.0
"""Writes goldens of Mixture-of-Depths attributes: see README.md. Needs numpy and safetensors only."""

import argparse
import json
from pathlib import Path
from typing import NamedTuple

import numpy as np
from safetensors.numpy import load_file, save_file

from routed_decoder import Decoder, choice

ROOT = Path(__file__).resolve().parents[2]
HIDDEN, HEADS, KV_HEADS, INTERMEDIATE, LAYERS, VOCAB = 32, 4, 2, 48, 4, 64
STEPS, MORE = 6, 9
MARGIN = 1e-3
EFFECT = 1e-2
SEEDS = 2000

PLAIN = {"score": "none", "gate": "one", "placement": "mlp", "selection": "evenly_spaced(ratio=0.5)", "candidates": "prompt",
         "kv": "drop", "positions": "original", "skip": "identity", "decode": "dense"}


def plain(**changed):
    return PLAIN | changed


def top(ratio, **changed):
    return plain(score="linear(bias=false)", selection=f"top_k(ratio={ratio})", **changed)


def received(observers, ratio, **changed):
    return plain(score=f"attention_received(observers={observers})", selection=f"top_k(ratio={ratio})", **changed)


def threshold(score, prompt, single, **changed):
    return plain(score=score, selection=f"threshold(prompt={prompt}, single={single})", candidates="all", **changed)


def random(ratio, seed, **changed):
    return plain(selection=f"random(ratio={ratio}, seed={seed})", **changed)


def evenly(ratio, **changed):
    return plain(selection=f"evenly_spaced(ratio={ratio})", **changed)


def recent(ratio, **changed):
    return plain(selection=f"most_recent(ratio={ratio})", **changed)


def every(routings, **changed):
    return {layer: r | changed for layer, r in routings.items()}


SIGMOID = "sigmoid(alpha=1.0, beta=0.0)"
TANH = "tanh(alpha=0.2, beta=1.0)"
BIAS = "linear(bias=true)"
LINEAR_SKIP = {1: top(0.5, skip="linear(rank=4)"), 3: top(0.3, gate=TANH, skip="linear(rank=4)")}
RECEIVED = {1: received(4, 0.5), 2: received(1, 0.6), 3: received(100, 0.4, gate="probability", placement="block")}
WINDOW = {1: top(0.6, gate=TANH, skip="gated"), 2: top(0.5, gate=SIGMOID, placement="block"), 3: evenly(0.4)}
ROUTED_DECODE = {1: threshold("linear(bias=true)", 0.0, 0.3, gate="tanh(alpha=0.5, beta=1.0)"),
                 2: threshold("shared_linear", 0.4, 0.5, gate="probability", skip="gated")}

ATTENTION = {0: evenly(0.5), 1: recent(0.3, skip="linear(rank=4)"), 2: received(4, 0.5),
             3: top(0.4, gate=SIGMOID, placement="block", skip="gated")}
MLP = {0: evenly(0.5, skip="linear(rank=4)"), 1: top(0.5, gate=TANH, skip="gated"), 2: received(4, 0.4), 3: top(0.3, gate=SIGMOID, placement="block")}

# case -> checkpoint, routings
CASES = {
    "plain": ("llama", {1: evenly(0.5), 2: evenly(0.3), 3: evenly(0.02)}),
    "most-recent": ("llama", {1: recent(0.5), 2: recent(0.3, kv="keep"), 3: recent(0.02)}),
    "plain-keep": ("llama", every({0: evenly(0.5), 2: evenly(0.3), 3: evenly(0.02)}, kv="keep")),
    "plain-linear-skip": ("llama", {1: evenly(0.5, skip="linear(rank=4)"), 2: evenly(0.3, kv="keep", skip="linear(rank=1)")}),
    "original": ("llama", every({1: top(0.5), 3: top(0.125)}, gate=SIGMOID, placement="block")),
    "original-keep": ("llama", every({1: top(0.5), 3: top(0.3)}, gate=SIGMOID, placement="block", score=BIAS, kv="keep")),
    "mlp-identity": ("llama", every({0: top(0.5), 2: top(0.7)}, gate="sigmoid(alpha=2.0, beta=-0.5)", candidates="given")),
    "gate-probability": ("llama", every({1: top(0.5), 2: top(0.4)}, gate="probability", score=BIAS, skip="gated")),
    "gate-one-gated-skip": ("llama", every({1: top(0.5), 2: top(0.4)}, skip="gated", candidates="vision")),
    "linear-skip": ("llama", LINEAR_SKIP),
    "linear-skip-keep": ("llama", every(LINEAR_SKIP, kv="keep")),
    "attention-received": ("llama", RECEIVED),
    "attention-received-keep": ("llama", every(RECEIVED, kv="keep")),
    "threshold-routed-decode": ("llama", every(ROUTED_DECODE, decode="threshold")),
    "threshold-routed-decode-keep": ("llama", every(ROUTED_DECODE, decode="threshold", kv="keep", placement="block")),
    "threshold-routed-decode-renumbered": ("llama", every(ROUTED_DECODE, decode="threshold", positions="renumbered",
                                                          skip="linear(rank=4)")),
    "threshold-dense-decode": ("llama", every(ROUTED_DECODE, candidates="given")),
    "fixed-share-routed-decode": ("llama", every({0: evenly(0.5), 1: top(1.0, gate=TANH, skip="gated"), 2: random(0.5, 3),
                                                  3: top(0.5, skip="gated", gate=SIGMOID)}, decode="threshold", candidates="all")),
    "random": ("llama", {1: random(0.5, 7), 2: random(0.5, 7), 3: random(0.3, 2147483647)}),
    "random-gated": ("llama", every({1: random(0.5, 0), 3: random(0.4, 12345)}, score=BIAS, gate=TANH, skip="gated", kv="keep")),
    "softmax": ("llama", every({1: top(0.5), 3: top(0.4)}, gate="softmax(alpha=6.0, beta=0.5)", skip="gated")),
    "softmax-block-keep": ("llama", every({0: top(0.5), 2: top(0.4)}, gate="softmax(alpha=6.0, beta=0.0)", placement="block",
                                          kv="keep", candidates="all")),
    "tanh-block-gated": ("llama", every({1: top(0.5), 2: top(0.4)}, gate="tanh(alpha=0.7, beta=0.8)", placement="block", score=BIAS,
                                        skip="gated")),
    "every-layer": ("llama", {0: top(0.7, gate=TANH, skip="gated"), 1: evenly(0.5, kv="keep"), 2: random(0.6, 1),
                              3: received(8, 0.5, gate="tanh(alpha=1.0, beta=0.5)", kv="keep", placement="block")}),
    "equal-scores": ("llama", every({1: top(0.5), 3: top(0.3)}, score=BIAS, gate="tanh(alpha=0.4, beta=1.0)", skip="gated")),
    "nothing-kept": ("llama", every({0: evenly(0.0), 1: top(0.02, gate=TANH, skip="gated"),
                                     2: threshold("linear(bias=true)", 1000.0, 1000.0)}, candidates="all")),
    "renumbered": ("llama", every({1: top(0.5), 2: top(0.4)}, gate=SIGMOID, positions="renumbered")),
    "window": ("mistral", WINDOW),
    "window-keep": ("mistral", every(WINDOW, kv="keep")),
    "window-renumbered": ("mistral", every(WINDOW, positions="renumbered")),
    "window-routed-decode": ("mistral", every(ROUTED_DECODE, decode="threshold")),
    "window-routed-decode-keep": ("mistral", every(ROUTED_DECODE, decode="threshold", kv="keep")),
    "attention-alone": ("llama", every(ATTENTION, part="attention")),
    "attention-alone-keep": ("llama", every(ATTENTION, part="attention", kv="keep")),
    "attention-alone-renumbered": ("llama", every(ATTENTION, part="attention", positions="renumbered")),
    "attention-alone-window": ("mistral", every(ATTENTION, part="attention")),
    "mlp-alone": ("llama", every(MLP, part="mlp", kv="keep")),
    "mlp-alone-window": ("mistral", every(MLP, part="mlp", kv="keep")),
    "parts-routed-decode": ("llama", every({0: threshold(BIAS, 0.0, 0.3, part="attention"),
                                            2: threshold("shared_linear", 0.4, 0.5, gate="probability", skip="gated", kv="keep", part="mlp")},
                                           decode="threshold")),
}
# Routers that give every token one score: which are kept is decided by the tie rule alone.
CONSTANT_SCORE = {"equal-scores"}


class Prompt(NamedTuple):
    """A prompt, the tokens fed one by one after it, and then a second part of the prompt."""
    ids: np.ndarray
    candidates: np.ndarray
    by_rule: bool  # the candidates are those of the routing's own rule
    decode_ids: np.ndarray
    more_ids: np.ndarray
    more_candidates: np.ndarray


class Result(NamedTuple):
    """Logits of each part of a prompt, cache lengths after every call, kept sets of the first part."""
    logits: np.ndarray
    decode_logits: np.ndarray
    more_logits: np.ndarray
    cache_lengths: np.ndarray
    kept: dict


def f32(x):
    return np.asarray(x, np.float32)


def write_checkpoint(folder, model_type, rng):
    config = {
        "architectures": [{"llama": "LlamaForCausalLM", "mistral": "MistralForCausalLM"}[model_type]],
        "attention_dropout": 0.0, "bos_token_id": 1, "dtype": "float32", "eos_token_id": 2, "head_dim": HIDDEN // HEADS,
        "hidden_act": "silu", "hidden_size": HIDDEN, "initializer_range": 0.02, "intermediate_size": INTERMEDIATE,
        "max_position_embeddings": 128, "model_type": model_type, "num_attention_heads": HEADS, "num_hidden_layers": LAYERS,
        "num_key_value_heads": KV_HEADS, "pad_token_id": 0, "rms_norm_eps": 1e-5, "rope_theta": 10000.0,
        "tie_word_embeddings": False, "transformers_version": "4.57.3", "use_cache": True, "vocab_size": VOCAB}
    config |= {"llama": {"attention_bias": False, "mlp_bias": False, "pretraining_tp": 1, "rope_scaling": None},
               "mistral": {"sliding_window": 6}}[model_type]
    matrix = lambda out, inner, scale: f32(rng.normal(0, scale / np.sqrt(inner), (out, inner)))
    norm = lambda: f32(rng.normal(1, 0.2, HIDDEN))
    kv = HIDDEN // HEADS * KV_HEADS
    tensors = {"lm_head.weight": matrix(VOCAB, HIDDEN, 2.0), "model.embed_tokens.weight": f32(rng.normal(0, 1, (VOCAB, HIDDEN))),
               "model.norm.weight": norm()}
    for layer in range(LAYERS):
        for name, value in {
                "input_layernorm": norm(), "post_attention_layernorm": norm(),
                "self_attn.q_proj": matrix(HIDDEN, HIDDEN, 1.5), "self_attn.k_proj": matrix(kv, HIDDEN, 1.5),
                "self_attn.v_proj": matrix(kv, HIDDEN, 1.0), "self_attn.o_proj": matrix(HIDDEN, HIDDEN, 1.0),
                "mlp.gate_proj": matrix(INTERMEDIATE, HIDDEN, 1.0), "mlp.up_proj": matrix(INTERMEDIATE, HIDDEN, 1.0),
                "mlp.down_proj": matrix(HIDDEN, INTERMEDIATE, 1.0)}.items():
            tensors[f"model.layers.{layer}.{name}.weight"] = value
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps(config, indent=2, sort_keys=True) + "\n")
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})


def check_dense(goldens):
    """The decoder without routing against what HuggingFace transformers computed."""
    for name in ("llama", "mistral"):
        decoder, expected = Decoder(goldens / name), load_file(goldens / name / "expected.safetensors")
        for p in range(3):
            decoder.reset()
            ids = expected[f"p{p}.ids"]
            assert np.abs(decoder.run(ids, np.zeros(len(ids), bool)) - expected[f"p{p}.logits"]).max() < 1e-4, name
            for token, logits in zip(expected[f"p{p}.decode_ids"], expected[f"p{p}.decode_logits"]):
                assert np.abs(decoder.run(np.array([token]), np.zeros(1, bool))[0] - logits).max() < 1e-4, name


def make_routers(routings, constant, rng):
    tensors = {}
    for layer, routing in routings.items():
        name, c = choice(routing["score"])
        if name == "linear":
            tensors[f"layers.{layer}.score.weight"] = f32(rng.normal(0, 0 if constant else 1.5 / np.sqrt(HIDDEN), (1, HIDDEN)))
            if c["bias"]:
                tensors[f"layers.{layer}.score.bias"] = f32(rng.normal(0, 0.3, 1))
        elif name == "shared_linear":
            tensors[f"layers.{layer}.score.weight"] = f32(rng.normal(0, 1.5 / np.sqrt(HIDDEN), (2, HIDDEN)))
        name, c = choice(routing["skip"])
        if name == "linear":
            tensors[f"layers.{layer}.skip.down"] = f32(rng.normal(0, 1 / np.sqrt(HIDDEN), (c["rank"], HIDDEN)))
            tensors[f"layers.{layer}.skip.up"] = f32(rng.normal(0, 1 / np.sqrt(c["rank"]), (HIDDEN, c["rank"])))
            tensors[f"layers.{layer}.skip.bias"] = f32(rng.normal(0, 0.3, HIDDEN))
    return tensors


def by_rule(rule, n):
    flags = np.zeros(n, bool)
    if rule == "prompt":
        flags[1:n - 1] = True
    elif rule == "all":
        flags[:] = True
    return flags


def make_prompts(rule, rng):
    """Prompts of several lengths and candidates."""
    ids = lambda n: rng.integers(3, VOCAB, n)
    scattered = rng.random(19) < 0.6
    flags = [(scattered, False), (np.ones(14, bool), False), (np.zeros(10, bool), False), (np.ones(1, bool), False),
             (by_rule(rule, 17), True)]
    return [Prompt(ids(len(f)), f, ruled, ids(STEPS), ids(MORE), rng.random(MORE) < 0.7) for f, ruled in flags]


def decode_flag(routings):
    return np.array([next(iter(routings.values()))["decode"] == "threshold"])


def run(decoder, prompt):
    decoder.reset()
    logits = decoder.run(prompt.ids, prompt.candidates)
    kept, lengths, steps = decoder.kept, [decoder.lengths()], []
    flag = decode_flag(decoder.routings) if decoder.routings else np.zeros(1, bool)
    for token in prompt.decode_ids:
        steps.append(decoder.run(np.array([token]), flag)[0])
        lengths.append(decoder.lengths())
    more = decoder.run(prompt.more_ids, prompt.more_candidates)
    lengths.append(decoder.lengths())
    return Result(logits, np.array(steps), more, np.array(lengths), kept)


def distance(a, b):
    """The largest difference in the logits of each part."""
    return [np.abs(x - y).max() for x, y in zip(a[:3], b[:3])]


def check_effects(case, folder, routings, routers, prompts, results):
    """Routing must move the logits where there are candidates and nothing where there are none; each attribute must matter."""
    dense = Decoder(folder)
    for prompt, result in zip(prompts, results):
        moved = distance(result, run(dense, prompt))
        if not prompt.candidates.any():
            assert moved[0] < 1e-9, f"{case}: differs from dense without candidates"
        elif len(prompt.ids) > 1:
            assert min(moved) > EFFECT, f"{case}: differs from dense by {moved}"
    others = {}
    parts = [r.get("part", "layer") for r in routings.values()]
    if set(parts) != {"layer"}:
        others["part"] = every(routings, part="layer")
    if "mlp" not in parts and all(r["positions"] == "original" for r in routings.values()):
        others["kv"] = {layer: r | {"kv": "drop" if r["kv"] == "keep" else "keep"} for layer, r in routings.items()}
    if all(r["kv"] == "drop" for r in routings.values()):
        others["positions"] = {layer: r | {"positions": "original" if r["positions"] == "renumbered" else "renumbered"}
                               for layer, r in routings.items()}
    if set(parts) == {"layer"} and case != "nothing-kept" and any(r["gate"] != "one" for r in routings.values()):
        others["placement"] = {layer: r | {"placement": "mlp" if r["placement"] == "block" else "block"}
                               for layer, r in routings.items()}
    if any(r["skip"] != "identity" and (r["gate"], r["skip"]) != ("one", "gated") for r in routings.values()):
        others["skip"] = every(routings, skip="identity")
    for what, other in others.items():
        decoder = Decoder(folder, other, routers)
        moved = max(max(distance(r, run(decoder, p))) for p, r in zip(prompts, results))
        assert moved > EFFECT, f"{case}: {what} moves logits by {moved} only"


def find(case, folder, routings):
    """The first seed whose selections all have the margin."""
    rule = next(iter(routings.values()))["candidates"]
    for seed in range(SEEDS):
        rng = np.random.default_rng([seed, *case.encode()])
        routers = make_routers(routings, case in CONSTANT_SCORE, rng)
        prompts = make_prompts(rule, rng)
        decoder, results = Decoder(folder, routings, routers), []
        for prompt in prompts:
            results.append(run(decoder, prompt))
            if decoder.margin < MARGIN:
                break
        else:
            return seed, routers, prompts, results
    raise SystemExit(f"{case}: no seed below {SEEDS} has a margin of {MARGIN}")


def write_case(out, case, checkpoint, routings):
    seed, routers, prompts, results = find(case, out / checkpoint, routings)
    check_effects(case, out / checkpoint, routings, routers, prompts, results)
    folder = out / case
    folder.mkdir(exist_ok=True)
    lines = [f"checkpoint {checkpoint}"]
    lines += [f"{layer} {{" + ", ".join(f"{k}={v}" for k, v in r.items()) + "}" for layer, r in routings.items()]
    (folder / "routing.txt").write_text("\n".join(lines) + "\n")
    if routers:
        save_file(routers, folder / "routers.safetensors")
    tensors = {}
    for i, (prompt, result) in enumerate(zip(prompts, results)):
        for name, value in (prompt._asdict() | result._asdict()).items():
            if name == "kept":
                tensors |= {f"c{i}.layer{layer}.kept": kept for layer, kept in value.items()}
            elif name == "by_rule":
                tensors[f"c{i}.by_rule"] = np.array([value], np.uint8)
            else:
                tensors[f"c{i}.{name}"] = value.astype({"b": np.uint8, "f": np.float32, "i": np.int64}[value.dtype.kind])
    save_file(tensors, folder / "expected.safetensors")
    print(f"{case}: seed {seed}; kept of {[len(p.ids) for p in prompts]}: "
          + "; ".join(f"layer {layer} {[len(r.kept[layer]) for r in results]}" for layer in routings))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=ROOT / "integration/src/test/resources/goldens-attributes")
    parser.add_argument("--dense", type=Path, default=ROOT / "frontend/src/test/resources/goldens",
                        help="goldens of dense models, which the decoder must reproduce first")
    options = parser.parse_args()
    check_dense(options.dense)
    for i, name in enumerate(("llama", "mistral")):
        write_checkpoint(options.out / name, name, np.random.default_rng(i))
    for case, (checkpoint, routings) in CASES.items():
        write_case(options.out, case, checkpoint, routings)


if __name__ == "__main__":
    main()
