#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes small random LLaVA checkpoints in the original format and what the reference code computes from them.

    python original_llava_goldens.py --kind llava|pmod|gamma --reference CHECKOUT --out <goldens folder>

FP32, eager attention, CPU. README.md says which reference, which packages, and what a folder holds.
"""
import argparse
import contextlib
import io
import json
import sys
import warnings
from pathlib import Path

import torch
import transformers  # before the stubs, see common.stub_missing
from safetensors.torch import save_file
from transformers import CLIPVisionConfig, CLIPVisionModel

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "goldens-mod"))
import common  # noqa: E402

VOCAB, PLACEHOLDER, NEW = 64, -200, 32
SIDE, PATCH = 42, 7
MARGIN = 5e-4
TOWER = dict(hidden_size=24, intermediate_size=40, num_hidden_layers=4, num_attention_heads=3, image_size=SIDE, patch_size=PATCH,
             projection_dim=16, layer_norm_eps=1e-3, hidden_act="quick_gelu")
TEXT = dict(vocab_size=VOCAB, hidden_size=32, intermediate_size=48, num_hidden_layers=6, num_attention_heads=4, num_key_value_heads=4,
            max_position_embeddings=1024, rms_norm_eps=1e-3, bos_token_id=1, eos_token_id=2, pad_token_id=0)
IMAGES = dict(mm_hidden_size=24, mm_projector_type="mlp2x_gelu", mm_vision_select_layer=-2, mm_vision_select_feature="patch",
              mm_use_im_start_end=False, mm_use_im_patch_token=False, use_mm_proj=True, tokenizer_model_max_length=512)
PAD = dict(IMAGES, image_aspect_ratio="pad", mm_patch_merge_type="flat")
# width, height
PINPOINTS = [[SIDE, 2 * SIDE], [2 * SIDE, SIDE], [2 * SIDE, 2 * SIDE], [3 * SIDE, SIDE], [SIDE, 3 * SIDE]]
ANYRES = dict(IMAGES, image_aspect_ratio="anyres", mm_patch_merge_type="spatial_unpad", image_grid_pinpoints=PINPOINTS)
PMOD = dict(mod_target_layers="interleave", mod_router_factor=0.5, mod_weight_norm="tanh_0.2_1", mod_bias_enabled=True, mod_special_init=True,
            mod_target_token_type="vision_all", max_num_patches=None)

# name, keys, image sizes (height, width) of each case
VARIANTS = {
    "llava": [
        ("original-pad", PAD, [[(42, 42)], [(60, 31), (42, 42)]]),
        ("original-anyres", ANYRES, [[(50, 100)], [(130, 61)]]),
    ],
    "pmod": [
        ("pmod-pad", dict(PAD, **PMOD), [[(42, 42)]]),
        ("pmod-anyres", dict(ANYRES, **dict(PMOD, max_num_patches=2)), [[(97, 73)], [(30, 101)]]),
        ("pmod-anyres-hr", dict(ANYRES, **dict(PMOD, mod_target_token_type="vision_hr", tokenizer_model_max_length=150)), [[(50, 100)], [(130, 61)]]),
    ],
    "gamma": [
        ("gamma-pad", dict(PAD, freeze_vision=True, input_image_size=SIDE, is_multipath_encoder=False,
                           mod_enable=True, mod_mode="arank_mod", mod_layers_idx=[1, 3, 4], capacity_factor=0.5,
                           router_aux_loss_coef=0.01), [[(42, 42)]]),
    ],
}
APART = {"original-pad"}  # the projector is in mm_projector.bin, as training writes it
INSIDE = {"pmod-pad", "pmod-anyres", "gamma-pad"}  # checkpoints that have the tower in them


def tower(out):
    """The vision tower that all of these share, as a checkpoint of its own."""
    folder = Path(out) / "tower"
    if not folder.exists():
        model = CLIPVisionModel(CLIPVisionConfig(**TOWER))
        generator = torch.Generator().manual_seed(77)
        with torch.no_grad():
            for name, p in sorted(model.named_parameters()):
                noise = torch.randn(p.shape, generator=generator)
                norm = "norm" in name or "layrnorm" in name
                p.copy_(((1.0 if name.endswith("weight") else 0.0) if norm else 0.0) + 0.2 * noise)
        model.save_pretrained(str(folder), safe_serialization=True)
    return folder


class NoProcessor:
    """Stands for the image processor: pixels are given."""
    size, crop_size, image_mean = {}, {}, []

    @classmethod
    def from_pretrained(cls, *_, **__):
        return cls()


def reference(kind, root):
    package, stubs = {"llava": ("llava", []), "pmod": ("llava", []), "gamma": ("gamma_mod", ["timm", "open_clip", "einops", "mmcv"])}[kind]
    module = {"llava": "llava.model.language_model.llava_llama", "pmod": "llava.model.language_model.pmod_llava_llama",
              "gamma": "gamma_mod.model.language_model.llava_llama_mod"}[kind]
    made = common.import_reference(root, package, module, stubs=["PIL", "flash_attn", "deepspeed", "requests", "matplotlib", "seaborn"] + stubs,
                                   empty_submodules=empty(kind))
    sys.modules[package + ".model.multimodal_encoder.clip_encoder"].CLIPImageProcessor = NoProcessor
    return made


def empty(kind):
    return [f"gamma_mod.model.multimodal_encoder.{m}" for m in ("eva_clip_encoder", "multipath_encoder_wapper", "convnext_encoder")] if kind == "gamma" else []


def classes(kind, made):
    return {"llava": lambda: (made.LlavaConfig, made.LlavaLlamaForCausalLM), "pmod": lambda: (made.PmodLlavaConfig, made.PmodLlavaLlamaForCausalLM),
            "gamma": lambda: (made.MoDLLaVALlamaConfig, made.EvalMoDLLaVALlamaForCausalLM)}[kind]()


class Routers:
    """Observes the routers' gates or probabilities, for the margin of the selection."""

    def __init__(self, kind, model):
        self.kind, self.values, self.seen = kind, [], []
        for layer in model.model.layers:
            if not hasattr(layer, "router"):
                continue
            if kind == "pmod":
                normalise = layer.weight_normalization
                layer.router.register_forward_hook(lambda m, a, o: self.seen.append(o.detach().clone()))
                layer.weight_normalization = lambda v, n=normalise: self.note(n(v))
            elif not getattr(layer.router, "watched", False):
                layer.router.watched = True
                layer.router.register_forward_hook(lambda m, a, o: self.values.append(torch.softmax(o, dim=-1)[0, :, 1].detach()))

    def note(self, value):
        self.values.append(value.detach().clone())
        return value

    def margin(self, mask, ratio):
        if self.kind == "gamma":
            return min(float((v - (0.5 if len(v) == 1 else 0.005)).abs().min()) for v in self.values)
        margin = float("inf")
        for gates in self.values:
            own = gates[0][mask].sort(descending=True).values
            k = int(torch.tensor(float(len(own))) * torch.tensor(ratio))
            margin = min(margin, float(own[k - 1] - own[k]), float(own[-1]) - 0.8)
        return margin


def merge(kind, model, ids, images, sizes, anyres):
    """The reference's own merging: embeddings and, of p-MoD, the mask."""
    if kind == "gamma":
        out = model.prepare_inputs_labels_for_multimodal(ids[None], None, None, None, images)
        return out[3], None
    if kind == "pmod":
        out = model.prepare_inputs_labels_for_multimodal_mod(ids[None], None, None, None, None, images, image_sizes=sizes)
        return out[4], out[-1]
    out = model.prepare_inputs_labels_for_multimodal(ids[None], None, None, None, None, images, image_sizes=sizes)
    return out[4], None


@torch.no_grad()
def run(kind, model, watch, reference_module, keys, sizes, seed):
    generator = torch.Generator().manual_seed(seed)
    anyres = keys["image_aspect_ratio"] == "anyres"
    flipped = [(w, h) for h, w in sizes]
    grids = [(0, 0)] * len(sizes)
    if anyres:
        utils = sys.modules[reference_module.__name__.split(".")[0] + ".mm_utils"]
        grids = [utils.get_anyres_image_grid_shape(s, PINPOINTS, SIDE) for s in flipped]
    patches = [1 + w * h for w, h in grids]
    pixels = [torch.randn(n, 3, SIDE, SIDE, generator=generator) for n in patches]
    images = pixels if anyres else torch.cat(pixels)
    text = [torch.randint(3, VOCAB, (n,), generator=generator) for n in ([5] + [3] * (len(sizes) - 1) + [7])]
    ids = [text[0]]
    for t in text[1:]:
        ids += [torch.tensor([PLACEHOLDER]), t]
    ids = torch.cat(ids)
    merged, mask = merge(kind, model, ids, images, flipped, anyres)
    table = model.get_input_embeddings().weight
    vision = torch.tensor([not bool((table == e).all(dim=1).any()) for e in merged[0]])
    watch.values.clear()
    arguments = dict(inputs_embeds=merged, use_cache=True, return_dict=True)
    if kind == "pmod":
        arguments["mod_target_mask"] = mask
    if kind == "gamma":  # its forward merges again
        arguments = dict(input_ids=ids[None], images=images, use_cache=True, return_dict=True)
    out = model(**arguments)
    margin = float("inf")
    if kind != "llava":
        margin = watch.margin(None if mask is None else mask[0], keys.get("mod_router_factor"))
    past, logits, new = out.past_key_values, out.logits[0], []
    step, steps = logits[-1], float("inf")
    for _ in range(NEW):
        top = step.topk(2).values
        steps = min(steps, float(top[0] - top[1]))
        new.append(int(step.argmax()))
        watch.values.clear()
        o = model(input_ids=torch.tensor([[new[-1]]]), past_key_values=past, use_cache=True, return_dict=True)
        if kind == "gamma":
            margin = min(margin, watch.margin(None, None))
        past, step = o.past_key_values, o.logits[0, -1]
    if kind == "gamma":
        mask = torch.ones(1, merged.shape[1])
    elif mask is None:
        mask = vision[None]
    return dict(pixels=torch.cat(pixels), features=merged[0][vision], ids=ids, merged=merged[0], mask=mask[0].to(torch.uint8), logits=logits,
                greedy=torch.tensor(new)), dict(image_sizes=sizes, patches=patches, grids=grids, margin=round(steps, 6),
                                                selection_margin=None if margin == float("inf") else round(margin, 6))


@torch.no_grad()
def calibrate(kind, model, watch, made, keys, sizes, seed):
    if kind == "pmod":
        run(kind, model, watch, made, keys, sizes, seed)
        for layer in (l for l in model.model.layers if hasattr(l, "router")):
            watch.seen.clear()
            run(kind, model, watch, made, keys, sizes, seed)
            index = [l for l in model.model.layers if hasattr(l, "router")].index(layer)
            layer.router.router.weight.mul_(0.8 / watch.seen[index].std())
    elif kind == "gamma":
        next(l for l in model.model.layers if hasattr(l, "router")).router.weight.mul_(8.0)


def build(kind, made, name, keys, sizes, folder_of_tower, out, seed):
    config_class, model_class = classes(kind, made)
    config = config_class(**TEXT, **keys)
    config.mm_vision_tower = str(folder_of_tower)
    config.delay_load = True
    config.unfreeze_mm_vision_tower = False
    config._attn_implementation = "eager"
    model = model_class(config)
    common.seeded_weights(model, seed, 0.2, 0.2)
    if "unpad" in keys["mm_patch_merge_type"]:
        model.model.image_newline.data = torch.randn(TEXT["hidden_size"], generator=torch.Generator().manual_seed(seed + 2))
    model.get_vision_tower().load_model()
    model = model.float().eval()
    watch = Routers(kind, model)
    calibrate(kind, model, watch, made, keys, sizes[0], seed + 1)
    folder = common.fresh_folder(out, name)
    saved = dict(model.config.to_dict(), mm_vision_tower="tower", model_type=config_class.model_type, architectures=[model_class.__name__])
    for key in ("delay_load", "unfreeze_mm_vision_tower", "_name_or_path"):
        saved.pop(key, None)
    (folder / "config.json").write_text(json.dumps(saved, indent=2, sort_keys=True) + "\n")
    tensors = {k: v.clone().contiguous() for k, v in model.state_dict().items()
               if (name in INSIDE or ".vision_tower." not in k) and not k.endswith("position_ids") and not k.endswith("inv_freq")}
    if name in APART:
        projector = {k: tensors.pop(k) for k in list(tensors) if ".mm_projector." in k}
        torch.save(projector, str(folder / "mm_projector.bin"))
    save_file(tensors, str(folder / "model.safetensors"), metadata={"format": "pt"})
    expected, cases = {}, []
    for number, case in enumerate(sizes):
        for attempt in range(3000):
            values, about = run(kind, model, watch, made, keys, case, seed * 100_000 + number * 5_000 + attempt)
            if about["margin"] >= 2e-3 and (about["selection_margin"] is None or about["selection_margin"] >= MARGIN):
                break
        else:
            raise SystemExit(f"{name}: no seed with the wanted margin")
        cases.append(dict(case=f"c{number}", **about))
        for key, value in values.items():
            expected[f"c{number}.{key}"] = value.contiguous()
    save_file(expected, str(folder / "expected.safetensors"))
    (folder / "expected.json").write_text(json.dumps(dict(transformers=transformers.__version__, torch=torch.__version__.split("+")[0],
                                                          image_token=PLACEHOLDER, cases=cases), indent=2) + "\n")
    return f"{name}: {sum(f.stat().st_size for f in folder.iterdir())} bytes, {cases}"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kind", required=True, choices=sorted(VARIANTS))
    parser.add_argument("--reference", required=True)
    parser.add_argument("--out", required=True)
    parser.add_argument("--only")
    args = parser.parse_args()
    torch.set_num_threads(1)
    warnings.filterwarnings("ignore")
    made = reference(args.kind, args.reference)
    transformers.logging.set_verbosity_error()
    folder = tower(args.out)
    for number, variant in enumerate(VARIANTS[args.kind]):
        if args.only in (None, variant[0]):
            quiet = io.StringIO()
            with contextlib.redirect_stdout(quiet):
                line = build(args.kind, made, *variant, folder, args.out, 400 + 10 * len(args.kind) + number)
            print(line, flush=True)


if __name__ == "__main__":
    main()
