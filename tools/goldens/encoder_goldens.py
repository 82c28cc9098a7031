#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes small random encoder checkpoints and the hidden states the reference code gives for them.

    python encoder_goldens.py --out <goldens-encoders folder>

One folder per variant: config.json and model.safetensors as save_pretrained writes them, and
expected.safetensors (see README.md). Every number comes from an FP32, eager-attention run of the
checkpoint as loaded again from disk. Before a folder is kept the script checks that
  * rows padded into one batch, with an attention mask, agree with the rows alone,
  * switching each special feature of the variant off moves the hidden states (more than 1e-3),
  * disturbing any single parameter tensor moves them (more than 1e-3), the pooler's excepted.
"""
import argparse
import copy
import os
import shutil
import zlib

os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["TRANSFORMERS_VERBOSITY"] = "error"

import torch  # noqa: E402
import transformers  # noqa: E402
from safetensors.torch import save_file  # noqa: E402
from transformers import BertConfig, BertModel  # noqa: E402

VOCAB = 64
PROMPTS = (21, 5, 1)
EFFECT = 1e-3
BASE = dict(vocab_size=VOCAB, hidden_size=32, intermediate_size=48, num_hidden_layers=3, num_attention_heads=4,
            max_position_embeddings=40, type_vocab_size=2, pad_token_id=0,
            layer_norm_eps=1e-2)  # larger than the usual 1e-12 so that a wrong one shows

VARIANTS = {
    "bert": (dict(BASE), torch.float32, {"gelu": "relu"}),
    # another activation, one token type, a head size that is no multiple of 8, stored in 16 bits
    "bert_tanh_bf16": (dict(BASE, hidden_size=24, hidden_act="gelu_new", type_vocab_size=1), torch.bfloat16, {"gelu": "relu"}),
}


def randomise(model, seed):
    g = torch.Generator().manual_seed(seed)
    for name, p in sorted(model.named_parameters()):
        r = torch.randn(p.shape, generator=g)
        if name.endswith("LayerNorm.weight"):
            r = 1 + 0.2 * r
        elif name.endswith("bias"):
            r = 0.25 * r
        else:
            r = 0.3 * r
        p.data.copy_(r)


@torch.no_grad()
def hidden(model, ids, mask=None):
    return model(input_ids=ids, attention_mask=mask).last_hidden_state


def load(folder):
    model = BertModel.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager")
    for p in model.parameters():  # out of the mapped file, whose alignment changes the last bits
        p.data = p.data.clone()
    return model.eval()


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("--out", required=True)
    a = ap.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    for name, (settings, dtype, off) in VARIANTS.items():
        seed = zlib.crc32(name.encode())
        folder = os.path.join(a.out, name)
        model = BertModel(BertConfig(**settings))
        randomise(model, seed)
        shutil.rmtree(folder, ignore_errors=True)
        model.to(dtype).save_pretrained(folder, safe_serialization=True)
        loaded = load(folder)
        g = torch.Generator().manual_seed(seed + 1)
        rows = [torch.randint(0, VOCAB, (n,), generator=g) for n in PROMPTS]
        alone = [hidden(loaded, r[None])[0] for r in rows]

        padded = torch.zeros(len(rows), max(PROMPTS), dtype=torch.long)
        mask = torch.zeros_like(padded)
        for i, r in enumerate(rows):
            padded[i, :len(r)] = r
            mask[i, :len(r)] = 1
        batch = hidden(loaded, padded, mask)
        worst = max((batch[i, :len(r)] - alone[i]).abs().max().item() for i, r in enumerate(rows))
        assert worst < 1e-5, worst

        ref = alone[0]
        shown = []
        for label, activation in off.items():
            config = copy.deepcopy(loaded.config)
            config.hidden_act = activation
            other = BertModel._from_config(config, attn_implementation="eager").eval()
            other.load_state_dict(loaded.state_dict())
            d = (hidden(other, rows[0][None])[0] - ref).abs().max().item()
            assert d > EFFECT, (label, d)
            shown.append(f"{label} {d:.2g}")
        causal = torch.tril(torch.ones(1, len(rows[0]), len(rows[0])))
        for label, d in (("not causal", (hidden(loaded, rows[0][None], causal)[0] - ref).abs().max().item()),):
            assert d > EFFECT, (label, d)
            shown.append(f"{label} {d:.2g}")
        least = ("", float("inf"))
        for n, p in loaded.named_parameters():
            if n.startswith("pooler."):
                continue
            keep = p.data.clone()
            p.data += 0.1 * torch.randn(p.shape, generator=torch.Generator().manual_seed(5))
            d = (hidden(loaded, rows[0][None])[0] - ref).abs().max().item()
            p.data.copy_(keep)
            # Softmax does not see a constant that is added to all keys.
            if not n.endswith("key.bias"):
                least = min(least, (n, d), key=lambda x: x[1])
        assert least[1] > EFFECT, least

        out = {}
        for i, (r, h) in enumerate(zip(rows, alone)):
            out.update({f"p{i}.ids": r, f"p{i}.hidden": h.contiguous()})
        save_file(out, os.path.join(folder, "expected.safetensors"),
                  metadata={"made_with": f"transformers {transformers.__version__}, torch "
                                         f"{torch.__version__.split('+')[0]}, float32 eager cpu"})
        print(f"{name}: batch {worst:.1e} max|h| {ref.abs().max():.2f} least parameter {least[0]} {least[1]:.2g}; "
              + "; ".join(shown), flush=True)


if __name__ == "__main__":
    main()
