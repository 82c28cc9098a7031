#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes small random HuggingFace checkpoints and the logits the reference code gives for them.

    python hf_goldens.py --out <goldens folder> [--only name,name]

One folder per variant: config.json and model.safetensors as save_pretrained writes them, and
expected.safetensors (see README.md). Every number comes from an FP32, eager-attention run of the
checkpoint as loaded again from disk. Before a folder is kept the script checks that
  * decoding with the cache agrees with one uncached pass over prompt + decoded tokens,
  * switching each special feature of the variant off moves the logits (more than 1e-3),
  * disturbing any single parameter tensor moves the logits (more than 1e-3),
  * the FP32 logits lie near a run in FP64 (norms, softmax and angles stay FP32 inside transformers).
"""
import argparse
import copy
import json
import os
import shutil
import zlib

os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["TRANSFORMERS_VERBOSITY"] = "error"

import torch  # noqa: E402
import transformers  # noqa: E402
from safetensors.torch import load_file, save_file  # noqa: E402
from transformers import (AutoConfig, AutoModelForCausalLM, Gemma2Config, Gemma3TextConfig,  # noqa: E402
                          LlamaConfig, MistralConfig, Phi3Config, Qwen2Config, Qwen3Config)

VOCAB = 64
PROMPTS = (12, 5, 1)
DECODE = 6
EFFECT = 1e-3
SMALL = {"tanh gelu": 1e-4}  # erf against tanh: small, yet far above rounding

BASE = dict(vocab_size=VOCAB, hidden_size=32, intermediate_size=48, num_hidden_layers=3,
            num_attention_heads=4, num_key_value_heads=2, max_position_embeddings=128,
            bos_token_id=1, eos_token_id=2, pad_token_id=0,
            rms_norm_eps=1e-3)  # larger than the usual 1e-6 so that a wrong one shows


# ---- switching features off: each takes a config to edit, or a built model to edit -------------

def cfg(**changes):
    def edit(config):
        for k, v in changes.items():
            setattr(config, k, v)
    return ("config", edit)


def zero(suffix):
    def edit(model):
        hit = [p for n, p in model.named_parameters() if n.endswith(suffix)]
        assert hit, suffix
        for p in hit:
            p.data.zero_()
    return ("model", edit)


def identity(leaf):
    def edit(model):
        for layer in model.model.layers:
            owner = layer.self_attn if hasattr(layer.self_attn, leaf) else layer
            assert hasattr(owner, leaf), leaf
            setattr(owner, leaf, torch.nn.Identity())
    return ("model", edit)


def plain_norm_weight():
    """Reads a gemma norm weight w as w instead of 1 + w."""
    def edit(model):
        for n, p in model.named_parameters():
            if "norm" in n:
                p.data.sub_(1.0)
    return ("model", edit)


def unscaled_embedding():
    def edit(model):
        e = model.model.embed_tokens
        if hasattr(e, "embed_scale"):
            e.embed_scale.fill_(1.0)
        else:
            model.model.config.hidden_size = 1  # Gemma2Model.forward takes its square root
    return ("model", edit)


def swapped_fusion(leaf):
    """Reads the fused gate_up as up_gate."""
    def edit(model):
        for n, p in model.named_parameters():
            if leaf in n:
                a, b = p.data.chunk(2, 0)
                p.data = torch.cat([b, a], 0).contiguous()
    return ("model", edit)


def no_attention_factor():
    def edit(model):
        assert model.model.rotary_emb.attention_scaling != 1.0
        model.model.rotary_emb.attention_scaling = 1.0
    return ("model", edit)


def wider(n):
    """An off-by-one reading of the window must be visible as well."""
    return cfg(sliding_window=n)


# ---- the variants ------------------------------------------------------------------------------

LLAMA3 = dict(rope_type="llama3", factor=8.0, low_freq_factor=1.0, high_freq_factor=4.0,
              original_max_position_embeddings=64)
YARN = dict(rope_type="yarn", factor=4.0, original_max_position_embeddings=32)
YARN_X = dict(rope_type="yarn", factor=4.0, original_max_position_embeddings=32, beta_fast=4.0,
              beta_slow=0.5, attention_factor=0.85, truncate=False)
LONGROPE = dict(type="longrope", short_factor=[1.0, 1.3, 1.7, 2.5], long_factor=[1.5, 2.5, 5.0, 9.0])
GEMMA2 = dict(BASE, rms_norm_eps=1e-2, head_dim=16, sliding_window=6, query_pre_attn_scalar=24,
              attn_logit_softcapping=2.0, final_logit_softcapping=5.0, rope_theta=10000.0)
GEMMA3 = dict(BASE, rms_norm_eps=1e-2, head_dim=16, sliding_window=6, query_pre_attn_scalar=24,
              rope_theta=1000000.0, rope_local_base_freq=10000.0)
GEMMA_OFF = {"1+w norms": plain_norm_weight(), "embedding scale": unscaled_embedding(),
             "query_pre_attn_scalar": cfg(query_pre_attn_scalar=16),
             "window": cfg(sliding_window=4096), "window 7": wider(7), "window 5": wider(5),
             "post-attention norm": identity("post_attention_layernorm"),
             "pre-feedforward norm": identity("pre_feedforward_layernorm"),
             "post-feedforward norm": identity("post_feedforward_layernorm"),
             "gelu": cfg(hidden_activation="silu"), "tanh gelu": cfg(hidden_activation="gelu")}
WINDOW_OFF = {"window": cfg(sliding_window=None), "window 7": wider(7), "window 5": wider(5)}
GEMMA3_OFF = dict(GEMMA_OFF, **{"q_norm": identity("q_norm"), "k_norm": identity("k_norm"),
                                "local rope": cfg(rope_local_base_freq=1000000.0),
                                "global rope": cfg(rope_theta=10000.0)})

VARIANTS = {
    "llama": (LlamaConfig, dict(BASE, rope_theta=10000.0),
              {"rope_theta": cfg(rope_theta=500000.0)}),
    "llama_bias": (LlamaConfig, dict(BASE, rope_theta=10000.0, attention_bias=True, mlp_bias=True),
                   {b + " bias": zero(b + "_proj.bias") for b in "q k v o gate up down".split()}),
    "llama3": (LlamaConfig, dict(BASE, head_dim=16, rope_theta=500000.0, rope_scaling=LLAMA3),
               {"llama3": cfg(rope_scaling=None)}),
    "llama_linear": (LlamaConfig, dict(BASE, rope_theta=10000.0,
                                       rope_scaling=dict(rope_type="linear", factor=4.0)),
                     {"linear": cfg(rope_scaling=None)}),
    "llama_yarn": (LlamaConfig, dict(BASE, head_dim=16, rope_theta=10000.0, rope_scaling=YARN),
                   {"yarn": cfg(rope_scaling=None), "attention factor": no_attention_factor()}),
    "llama_yarn_explicit": (LlamaConfig, dict(BASE, head_dim=16, rope_theta=10000.0, rope_scaling=YARN_X),
                            {"yarn": cfg(rope_scaling=None), "attention factor": no_attention_factor(),
                             "betas": cfg(rope_scaling={k: v for k, v in YARN_X.items() if "beta" not in k}),
                             "truncate": cfg(rope_scaling=dict(YARN_X, truncate=True))}),
    "mistral": (MistralConfig, dict(BASE, rope_theta=10000.0, sliding_window=6), WINDOW_OFF),
    "mistral_nowindow": (MistralConfig, dict(BASE, head_dim=16, rope_theta=1000000.0, sliding_window=None),
                         {"rope_theta": cfg(rope_theta=10000.0), "window": cfg(sliding_window=6)}),
    "qwen2": (Qwen2Config, dict(BASE, rope_theta=1000000.0, tie_word_embeddings=True,
                                use_sliding_window=False, sliding_window=6, max_window_layers=1),
              {b + " bias": zero(b + "_proj.bias") for b in "qkv"}),
    "qwen2_sliding": (Qwen2Config, dict(BASE, rope_theta=1000000.0, use_sliding_window=True,
                                        sliding_window=6, max_window_layers=1),
                      {"window": cfg(sliding_window=4096), "window 7": wider(7), "window 5": wider(5),
                       "max_window_layers": cfg(layer_types=["sliding_attention"] * 3)}),
    "qwen3": (Qwen3Config, dict(BASE, rms_norm_eps=1e-2, head_dim=16, rope_theta=1000000.0, use_sliding_window=False),
              {"q_norm": identity("q_norm"), "k_norm": identity("k_norm")}),
    "phi3": (Phi3Config, dict(BASE, rope_theta=10000.0),
             {"gate before up": swapped_fusion("gate_up_proj")}),
    "phi3_sliding": (Phi3Config, dict(BASE, rope_theta=10000.0, sliding_window=6), WINDOW_OFF),
    "phi3_longrope": (Phi3Config, dict(BASE, rope_theta=10000.0, original_max_position_embeddings=32,
                                       rope_scaling=LONGROPE),
                      {"longrope": cfg(rope_scaling=None), "attention factor": no_attention_factor(),
                       "short factor": cfg(rope_scaling=dict(LONGROPE, short_factor=[1.0] * 4))}),
    # 11: p0 (12 to 18 positions) always takes the long factor, p1 (5 to 11) and p2 (1 to 7) never.
    "phi3_longrope_long": (Phi3Config, dict(BASE, rope_theta=10000.0, max_position_embeddings=44,
                                            original_max_position_embeddings=11, rope_scaling=LONGROPE),
                           {"longrope": cfg(rope_scaling=None), "attention factor": no_attention_factor(),
                            "long factor": cfg(rope_scaling=dict(LONGROPE,
                                                                 long_factor=LONGROPE["short_factor"]))}),
    "phi3_partial": (Phi3Config, dict(BASE, rope_theta=10000.0, partial_rotary_factor=0.5),
                     {"partial rotary": cfg(partial_rotary_factor=1.0)}),
    "gemma2": (Gemma2Config, dict(GEMMA2),
               dict(GEMMA_OFF, **{"attention softcap": cfg(attn_logit_softcapping=None),
                                  "final softcap": cfg(final_logit_softcapping=None),
                                  "alternation": cfg(layer_types=["sliding_attention"] * 3)})),
    "gemma3": (Gemma3TextConfig, dict(GEMMA3, layer_types=["sliding_attention", "full_attention",
                                                          "sliding_attention"]), GEMMA3_OFF),
    # No layer_types in config.json, only the integer pattern, as in the files on the Hub.
    "gemma3_pattern": (Gemma3TextConfig, dict(GEMMA3, sliding_window_pattern=3),
                       dict(GEMMA3_OFF, pattern=cfg(layer_types=["full_attention", "sliding_attention",
                                                                 "sliding_attention"]))),
    "gemma3_linear": (Gemma3TextConfig, dict(GEMMA3, layer_types=["sliding_attention", "full_attention",
                                                                 "sliding_attention"],
                                             rope_scaling=dict(rope_type="linear", factor=8.0)),
                      dict(GEMMA3_OFF, linear=cfg(rope_scaling=None))),
}


# ---- work --------------------------------------------------------------------------------------

def randomise(model, gemma, seed):
    g = torch.Generator().manual_seed(seed)
    done = set()
    for name, p in sorted(model.named_parameters()):
        if p.data_ptr() in done:
            continue
        done.add(p.data_ptr())
        r = torch.randn(p.shape, generator=g)
        if "norm" in name:
            r = 0.2 * r if gemma else 1 + 0.2 * r
        elif name.endswith(".bias"):
            r = 0.25 * r
        elif any(s in name for s in ("q_proj", "k_proj", "qkv_proj", "embed_tokens")):
            r = 0.3 * r
        else:
            r = 0.2 * r
        p.data.copy_(r)


def ids_for(seed):
    g = torch.Generator().manual_seed(seed + 1)
    return [(torch.randint(0, VOCAB, (n,), generator=g), torch.randint(0, VOCAB, (DECODE,), generator=g))
            for n in PROMPTS]


@torch.no_grad()
def whole(model, ids):
    return model(input_ids=ids[None], use_cache=False).logits[0]


@torch.no_grad()
def decoded(model, prompt, nexts):
    out = model(input_ids=prompt[None], use_cache=True)
    rows, cache = [], out.past_key_values
    for t in nexts:
        step = model(input_ids=t.view(1, 1), past_key_values=cache, use_cache=True)
        cache = step.past_key_values
        rows.append(step.logits[0, 0])
    return out.logits[0], torch.stack(rows)


def load(folder):
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager")
    for p in model.parameters():  # out of the mapped file, whose alignment changes the last bits
        p.data = p.data.clone()
    assert all(p.dtype == torch.float32 for p in model.parameters())
    assert model.config._attn_implementation == "eager"
    return model.eval()


def save(model, folder, **kw):
    shutil.rmtree(folder, ignore_errors=True)
    model.save_pretrained(folder, safe_serialization=True, **kw)
    extra = os.path.join(folder, "generation_config.json")
    if os.path.exists(extra):
        os.remove(extra)


def hub_config(name, folder):
    """Gives two config.json the older shape that files on the Hub have; loading must mean the same."""
    if name not in ("gemma3_pattern", "qwen2"):
        return
    path = os.path.join(folder, "config.json")
    with open(path) as f:
        c = json.load(f)
    types = c.pop("layer_types")
    if name == "qwen2":  # a window is named although it is not used
        c["sliding_window"] = 6
        c["torch_dtype"] = c.pop("dtype")
    else:
        assert c.pop("_sliding_window_pattern") == c["sliding_window_pattern"] == 3
    with open(path, "w") as f:
        f.write(json.dumps(c, indent=2, sort_keys=True) + "\n")
    again = AutoConfig.from_pretrained(folder)
    assert again.layer_types == types
    assert name != "qwen2" or (again.sliding_window is None and types == ["full_attention"] * 3)


def expect(folder, pairs, check=True):
    model = load(folder)
    out, worst_cache, worst64 = {}, 0.0, 0.0
    wide = copy.deepcopy(model).double() if check else None
    for i, (p, d) in enumerate(pairs):
        logits, steps = decoded(model, p, d)
        one = whole(model, torch.cat([p, d]))
        both = torch.cat([logits, steps])
        assert torch.isfinite(both).all()
        worst_cache = max(worst_cache, (both - one).abs().max().item())
        if check:
            worst64 = max(worst64, (whole(wide, torch.cat([p, d])) - both).abs().max().item())
        out.update({f"p{i}.ids": p, f"p{i}.logits": logits.contiguous(), f"p{i}.decode_ids": d,
                    f"p{i}.decode_logits": steps.contiguous()})
    assert worst_cache < 2e-4, worst_cache
    assert worst64 < 1e-3, worst64
    save_file(out, os.path.join(folder, "expected.safetensors"),
              metadata={"made_with": f"transformers {transformers.__version__}, torch "
                                     f"{torch.__version__.split('+')[0]}, float32 eager cpu"})
    return model, out, worst_cache, worst64


def effects(model, off, out):
    ids = torch.cat([out["p0.ids"], out["p0.decode_ids"]])
    ref = torch.cat([out["p0.logits"], out["p0.decode_logits"]])
    shown = []
    off = dict(off, eps=cfg(rms_norm_eps=1e-6))
    for label, (kind, edit) in off.items():
        config = copy.deepcopy(model.config)
        if kind == "config":
            edit(config)
        other = type(model)._from_config(config, attn_implementation="eager", dtype=torch.float32).eval()
        other.load_state_dict(model.state_dict())
        if kind == "model":
            edit(other)
        d = (whole(other, ids) - ref).abs().max().item()
        assert d > SMALL.get(label, EFFECT), (label, d)
        shown.append(f"{label} {d:.2g}")
    least = ("", float("inf"))
    for name, p in model.named_parameters():
        keep = p.data.clone()
        p.data += 0.1 * torch.randn(p.shape, generator=torch.Generator().manual_seed(5))
        d = (whole(model, ids) - ref).abs().max().item()
        p.data.copy_(keep)
        least = min(least, (name, d), key=lambda x: x[1])
    assert least[1] > EFFECT, least
    return shown, least


def tensors(folder):
    out = {}
    for f in sorted(os.listdir(folder)):
        if f.startswith("model") and f.endswith(".safetensors"):
            out.update(load_file(os.path.join(folder, f)))
    return out


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("--out", required=True)
    ap.add_argument("--only", default="")
    a = ap.parse_args()
    only = set(filter(None, a.only.split(",")))
    torch.set_num_threads(1)
    torch.manual_seed(0)
    for name, (klass, settings, off) in VARIANTS.items():
        if only and name not in only:
            continue
        seed = zlib.crc32(name.encode())
        folder = os.path.join(a.out, name)
        config = klass(**copy.deepcopy(settings))
        model = AutoModelForCausalLM.from_config(config, dtype=torch.float32)
        randomise(model, name.startswith("gemma"), seed)
        save(model, folder)
        hub_config(name, folder)
        if name == "llama3":  # one kept, one blended, the rest divided
            plain = 500000.0 ** (-torch.arange(0, 16, 2).float() / 16)
            ratio = (plain / load(folder).model.rotary_emb.inv_freq).tolist()
            assert abs(ratio[0] - 1) < 1e-5 and 1.1 < ratio[1] < 7.9 and abs(ratio[2] - 8) < 1e-4, ratio
        loaded, out, cache, wide = expect(folder, ids_for(seed))
        for n, p in model.state_dict().items():
            assert torch.equal(p, loaded.state_dict()[n]), n
        shown, least = effects(loaded, off, out)
        print(f"{name}: cache {cache:.1e} fp64 {wide:.1e} max|logit| {out['p0.logits'].abs().max():.2f}"
              f" least parameter {least[0]} {least[1]:.2g}; {'; '.join(shown)}", flush=True)

    if only and "llama" not in only:
        return
    pairs = ids_for(zlib.crc32(b"llama"))
    base = os.path.join(a.out, "llama")
    plain = load(base)
    folder = os.path.join(a.out, "llama_sharded")
    save(plain, folder, max_shard_size="45KB")
    shards = [f for f in os.listdir(folder) if f.endswith(".safetensors")]
    assert len(shards) in (2, 3), shards
    first, second = tensors(base), tensors(folder)
    assert first.keys() == second.keys() and all(torch.equal(first[k], second[k]) for k in first)
    expect(folder, pairs)
    # Same weights, so the same file: the two runs differ only by how the allocator aligned them.
    first, second = (load_file(os.path.join(f, "expected.safetensors")) for f in (base, folder))
    assert first.keys() == second.keys()
    assert all((first[k] - second[k]).abs().max() < 2e-5 for k in first)
    shutil.copyfile(os.path.join(base, "expected.safetensors"), os.path.join(folder, "expected.safetensors"))
    print("llama_sharded:", len(shards), "shards")
    for name, dtype in (("llama_bf16", torch.bfloat16), ("llama_f16", torch.float16)):
        folder = os.path.join(a.out, name)
        save(copy.deepcopy(plain).to(dtype), folder)
        stored = tensors(folder)
        assert all(t.dtype == dtype for t in stored.values())
        model, out, cache, wide = expect(folder, pairs)
        for n, t in stored.items():
            assert torch.equal(model.state_dict()[n], t.float()), n
        ref = load_file(os.path.join(base, "expected.safetensors"))
        d = (ref["p0.logits"] - out["p0.logits"]).abs().max().item()
        assert d > EFFECT / 10
        print(f"{name}: cache {cache:.1e} fp64 {wide:.1e} differs from llama by {d:.2g}")


if __name__ == "__main__":
    main()
