#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes small random LLaVA checkpoints in HuggingFace's format and what transformers computes from them.

    python hf_llava_goldens.py --out <goldens folder> [--only name]

FP32, eager attention, CPU. README.md says what a folder holds.
"""
import argparse
import json
import os
import shutil
from pathlib import Path

os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["TRANSFORMERS_VERBOSITY"] = "error"

import torch  # noqa: E402
import transformers  # noqa: E402
from safetensors.torch import load_file, save_file  # noqa: E402
from transformers import (CLIPVisionConfig, LlamaConfig, LlavaConfig, LlavaForConditionalGeneration,  # noqa: E402
                          LlavaNextConfig, LlavaNextForConditionalGeneration, MistralConfig)
from transformers.models.llava_next.modeling_llava_next import get_anyres_image_grid_shape  # noqa: E402

VOCAB, IMAGE, NEW = 64, 60, 32
SIDE, PATCH = 42, 7
MARGIN = 2e-3
VISION = dict(hidden_size=24, intermediate_size=40, num_hidden_layers=4, num_attention_heads=3, image_size=SIDE,
              patch_size=PATCH, projection_dim=16, layer_norm_eps=1e-3, hidden_act="quick_gelu")
TEXT = dict(vocab_size=VOCAB, hidden_size=32, intermediate_size=48, num_hidden_layers=6, num_attention_heads=4,
            max_position_embeddings=1024, bos_token_id=1, eos_token_id=2, pad_token_id=0, rms_norm_eps=1e-3)
PINPOINTS = [[SIDE, 2 * SIDE], [2 * SIDE, SIDE], [2 * SIDE, 2 * SIDE], [3 * SIDE, SIDE], [SIDE, 3 * SIDE]]

# name, LLaVA-NeXT, text decoder, prefixes, image sizes (height, width) of each case
VARIANTS = [
    ("llava-old", False, "llama", "old", [[(42, 42)], [(42, 42), (42, 42)]]),
    ("llava-new", False, "llama", "new", [[(42, 42)]]),
    ("next-old", True, "llama", "old", [[(50, 100)], [(130, 61)]]),
    ("next-mistral-new", True, "mistral", "new", [[(97, 73)], [(30, 101), (84, 84)]]),
]


def seeded(model, seed):
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, p in sorted(model.named_parameters()):
            noise = torch.randn(p.shape, generator=generator)
            if "norm" in name or "layrnorm" in name:
                p.copy_((1.0 if name.endswith("weight") else 0.0) + 0.2 * noise)
            elif "embed_tokens" in name or "image_newline" in name:
                p.copy_(noise)
            else:
                p.copy_(0.2 * noise)


def old_name(name):
    if name == "lm_head.weight":
        return "language_model.lm_head.weight"
    if name.startswith("model.language_model."):
        return "language_model.model." + name.removeprefix("model.language_model.")
    return name.removeprefix("model.")


def build(name, is_next, text, prefixes, sizes, out, seed):
    text_config = (MistralConfig(num_key_value_heads=2, sliding_window=None, rope_theta=1e6, **TEXT) if text == "mistral"
                   else LlamaConfig(num_key_value_heads=4, **TEXT))
    common = dict(vision_config=CLIPVisionConfig(**VISION), text_config=text_config, image_token_index=IMAGE,
                  attn_implementation="eager")
    if is_next:
        model = LlavaNextForConditionalGeneration(LlavaNextConfig(image_grid_pinpoints=PINPOINTS, **common))
    else:
        model = LlavaForConditionalGeneration(LlavaConfig(**common))
    seeded(model, seed)
    folder = Path(out) / name
    shutil.rmtree(folder, ignore_errors=True)
    model.save_pretrained(str(folder))
    (folder / "generation_config.json").unlink(missing_ok=True)
    tensors = {k: v.contiguous() for k, v in model.state_dict().items()}
    if prefixes == "old":
        tensors = {old_name(k): v for k, v in tensors.items()}
        # buffers that old checkpoints carry
        tensors["vision_tower.vision_model.embeddings.position_ids"] = torch.arange((SIDE // PATCH) ** 2 + 1)[None]
    save_file(tensors, str(folder / "model.safetensors"), metadata={"format": "pt"})
    if prefixes == "old":
        trim(folder / "config.json", LlamaConfig())
    model = type(model).from_pretrained(str(folder), attn_implementation="eager", dtype=torch.float32).eval()
    expected, cases = {}, []
    for number, case in enumerate(sizes):
        for attempt in range(200):
            values = run(model, is_next, case, seed * 1000 + number * 200 + attempt)
            if values["margin"] >= MARGIN:
                break
        else:
            raise SystemExit(f"{name}: no seed with the wanted margin")
        c = f"c{number}"
        cases.append(dict(case=c, image_sizes=case, patches=values.pop("patches"), grids=values.pop("grids"), margin=round(values.pop("margin"), 6)))
        for key, value in values.items():
            expected[f"{c}.{key}"] = value.contiguous()
    save_file(expected, str(folder / "expected.safetensors"))
    (folder / "expected.json").write_text(json.dumps(dict(
        transformers=transformers.__version__, torch=torch.__version__.split("+")[0], image_token=IMAGE, cases=cases), indent=2) + "\n")
    size = sum(f.stat().st_size for f in folder.iterdir())
    print(f"{name}: {size} bytes, {cases}", flush=True)


def trim(file, defaults):
    """Old checkpoints leave out of the text part what the class of its decoder has as a default."""
    config = json.loads(file.read_text())
    text = config["text_config"]
    for key in list(text):
        if key not in ("model_type", "architectures") and getattr(defaults, key, None) == text[key]:
            del text[key]
    del text["head_dim"]
    file.write_text(json.dumps(config, indent=2) + "\n")


@torch.no_grad()
def run(model, is_next, sizes, seed):
    generator = torch.Generator().manual_seed(seed)
    grids = [get_anyres_image_grid_shape(s, PINPOINTS, SIDE) if is_next else (0, 0) for s in sizes]
    patches = [1 + h * w for h, w in grids]
    pixels = [torch.randn(n, 3, SIDE, SIDE, generator=generator) for n in patches]
    if is_next:
        most = max(patches)
        values = torch.stack([torch.cat((p, torch.zeros(most - p.shape[0], 3, SIDE, SIDE))) for p in pixels])
        arguments = dict(pixel_values=values, image_sizes=torch.tensor(sizes))
    else:
        arguments = dict(pixel_values=torch.cat(pixels))
    features = model.get_image_features(**arguments)
    features = [f.reshape(-1, f.shape[-1]) for f in features]
    text = [torch.randint(3, IMAGE, (n,), generator=generator) for n in ([5] + [3] * (len(sizes) - 1) + [7])]
    placeholder = torch.tensor([IMAGE])
    ids, long_ids, mask = [text[0]], [text[0]], [torch.zeros(len(text[0]))]
    for f, t in zip(features, text[1:]):
        ids += [placeholder, t]
        long_ids += [placeholder.repeat(f.shape[0]), t]
        mask += [torch.ones(f.shape[0]), torch.zeros(len(t))]
    merged = []
    hook = model.model.language_model.register_forward_pre_hook(
        lambda m, a, kw: merged.append(kw["inputs_embeds"][0].clone()), with_kwargs=True)
    prompt = torch.cat(long_ids)[None]
    out = model(input_ids=prompt, use_cache=True, **arguments)
    hook.remove()
    past, logits, new, margin = out.past_key_values, out.logits[0], [], float("inf")
    step = logits[-1]
    for _ in range(NEW):
        top = step.topk(2).values
        margin = min(margin, float(top[0] - top[1]))
        new.append(int(step.argmax()))
        o = model(input_ids=torch.tensor([[new[-1]]]), past_key_values=past, use_cache=True)
        past, step = o.past_key_values, o.logits[0, -1]
    return dict(pixels=torch.cat(pixels), features=torch.cat(features), ids=torch.cat(ids), merged=merged[0],
                mask=torch.cat(mask).to(torch.uint8), logits=logits, greedy=torch.tensor(new), patches=patches, grids=[(w, h) for h, w in grids], margin=margin)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", required=True)
    parser.add_argument("--only")
    args = parser.parse_args()
    torch.set_num_threads(1)
    for number, variant in enumerate(VARIANTS):
        if args.only in (None, variant[0]):
            build(*variant, out=args.out, seed=300 + number)


if __name__ == "__main__":
    main()
