# SPDX-License-Identifier: Apache-2.0
"""Writes the p-MoD goldens by running the reference text decoder (MCG-NJU/p-MoD) in FP32 on the CPU."""

import argparse
import contextlib
import io
import warnings

import torch
import transformers  # before the stubs, see common.stub_missing

import common

VOCAB = 64
DECODE_STEPS = 6
MARGIN = 1e-3

# What a LLaVA-1.5 run of the reference leaves in config.json beside the decoder's own keys.
LLAVA_15 = dict(
    freeze_mm_mlp_adapter=False, image_aspect_ratio="pad", max_num_patches=None, mm_hidden_size=1024,
    mm_patch_merge_type="flat", mm_projector_lr=None, mm_projector_type="mlp2x_gelu", mm_use_im_patch_token=False,
    mm_use_im_start_end=False, mm_vision_select_feature="patch", mm_vision_select_layer=-2,
    mm_vision_tower="openai/clip-vit-large-patch14-336", mm_vision_tower_lr=None, tokenizer_model_max_length=2048,
    tokenizer_padding_side="right", tune_mm_mlp_adapter=False, unfreeze_mm_vision_tower=True, use_mm_proj=True,
)
LLAVA_NEXT = dict(
    LLAVA_15, image_aspect_ratio="anyres", max_num_patches=4, mm_patch_merge_type="spatial_unpad",
    mm_vision_tower_lr=2e-06, tokenizer_model_max_length=4096,
    image_grid_pinpoints=[[336, 672], [672, 336], [672, 672], [1008, 336], [336, 1008]],
)

SMALL = dict(hidden_size=24, intermediate_size=32)
BASE = dict(hidden_size=32, intermediate_size=48)
STANDARD = ("none", "middle", "scattered", "all_but_first")

# name, decoder shape, MoD keys, score spread, case shapes, image keys
CONFIGS = [
    ("pmod-cos", dict(SMALL, num_hidden_layers=12, num_key_value_heads=4),
     dict(mod_target_layers="shiftedcos_decay_0.85_0.15", mod_router_factor=0.5, mod_weight_norm="tanh_0.2_1"),
     0.8, STANDARD, LLAVA_15),
    ("pmod-cos-gqa", dict(BASE, num_hidden_layers=8, num_key_value_heads=2),
     dict(mod_target_layers="shiftedcos_decay_0.85_0.15", mod_router_factor=0.36, mod_weight_norm="tanh_0.2_1"),
     0.8, STANDARD, LLAVA_NEXT),
    ("pmod-cos-clamp", dict(BASE, num_hidden_layers=8, num_key_value_heads=4),
     dict(mod_target_layers="shiftedcos_decay_0.55_0.45", mod_router_factor=0.06, mod_weight_norm="sigmoid"),
     1.5, STANDARD, LLAVA_15),
    ("pmod-linear", dict(BASE, num_hidden_layers=8, num_key_value_heads=4),
     dict(mod_target_layers="shiftedlinear_decay_0.85_0.70", mod_router_factor=0.36, mod_weight_norm="tanh_0.5_1"),
     0.8, STANDARD, LLAVA_15),
    ("pmod-interleave-nobias", dict(BASE, num_hidden_layers=6, num_key_value_heads=4),
     dict(mod_target_layers="interleave", mod_router_factor=0.5, mod_weight_norm="tanh_0.2_1",
          mod_bias_enabled=False),
     0.8, STANDARD + ("single",), LLAVA_15),
    ("pmod-deep-all-gqa", dict(BASE, num_hidden_layers=6, num_key_value_heads=2),
     dict(mod_target_layers="deep_all", mod_router_factor=0.5, mod_weight_norm="tanh_0.4_1.5"),
     0.8, STANDARD + ("all",), LLAVA_15),
    ("pmod-deep-last-sigmoid", dict(BASE, num_hidden_layers=6, num_key_value_heads=4),
     dict(mod_target_layers="deep_all_include_last", mod_router_factor=0.3, mod_weight_norm="sigmoid_1.5_0.25"),
     1.5, STANDARD, LLAVA_15),
    ("pmod-interleave-softmax", dict(BASE, num_hidden_layers=6, num_key_value_heads=4),
     dict(mod_target_layers="interleave", mod_router_factor=0.25, mod_weight_norm="softmax_2_0.5"),
     1.0, ("none", "middle", "all_but_first"), LLAVA_15),
    ("pmod-interleave-none", dict(BASE, num_hidden_layers=6, num_key_value_heads=4),
     dict(mod_target_layers="interleave", mod_router_factor=0.5, mod_weight_norm="none"),
     0.5, ("none", "middle", "scattered"), LLAVA_15),
]

CASE_TEXT = {
    "none": "no candidate at all: every layer runs dense",
    "middle": "one contiguous candidate range inside the prompt, as an image between two texts",
    "scattered": "candidates scattered at random",
    "all_but_first": "every token but the first is a candidate",
    "single": "one candidate only: the kept count truncates to zero and all candidates are skipped",
    "all": "every token is a candidate, no token is always kept",
}


def candidate_mask(kind, n, generator):
    mask = torch.zeros(n, dtype=torch.bool)
    if kind == "middle":
        mask[5:n - 6] = True
    elif kind == "scattered":
        mask = torch.rand(n, generator=generator) < 0.55
    elif kind == "all_but_first":
        mask[1:] = True
    elif kind == "single":
        mask[n // 2] = True
    elif kind == "all":
        mask[:] = True
    return mask


class Watch:
    """Observes the reference's converted layers without changing what they compute."""

    def __init__(self, model):
        self.layers = {}
        for index, layer in enumerate(model.model.layers):
            if hasattr(layer, "router"):
                self.layers[index] = layer
                self._attach(index, layer)
        self.scores, self.gates, self.kept = {}, {}, {}

    def _attach(self, index, layer):
        def on_router(_, __, output):
            self.scores[index] = output.detach().clone()

        layer.router.register_forward_hook(on_router)
        normalise = layer.weight_normalization
        run = layer.decoder_layer.forward_return_residual

        def on_gate(values):
            gates = normalise(values)
            self.gates[index] = gates.detach().clone()
            return gates

        def on_run(hidden, **kwargs):
            # In the prompt the position ids are the token indices.
            self.kept[index] = kwargs["position_ids"][0].detach().clone()
            return run(hidden, **kwargs)

        layer.weight_normalization = on_gate
        layer.decoder_layer.forward_return_residual = on_run

    def reset(self):
        self.scores, self.gates, self.kept = {}, {}, {}


def cache_lengths(past):
    return [layer[0].shape[2] for layer in past]


@torch.no_grad()
def run_case(model, watch, ids, mask, decode_ids):
    watch.reset()
    embeds = model.model.embed_tokens(ids[None])
    target = mask[None] if mask.any() else None
    out = model(inputs_embeds=embeds, mod_target_mask=target, use_cache=True)
    prompt = dict(logits=out.logits[0], scores=dict(watch.scores), gates=dict(watch.gates), kept=dict(watch.kept))
    past, steps, lengths = out.past_key_values, [], [cache_lengths(out.past_key_values)]
    for token in decode_ids:
        out = model(input_ids=token.view(1, 1), past_key_values=past, use_cache=True)
        past = out.past_key_values
        steps.append(out.logits[0, 0])
        lengths.append(cache_lengths(past))
    return prompt, torch.stack(steps), torch.tensor(lengths)


def selection_margin(prompt, mask, alpha, beta, norm):
    """Smallest gate distance that decides a kept set, over the converted layers."""
    margin = float("inf")
    for index, gates in prompt["gates"].items():
        own = gates[0][mask].sort(descending=True).values
        kept = int(mask[prompt["kept"][index]].sum())
        if 0 < kept < len(own):
            margin = min(margin, float(own[kept - 1] - own[kept]))
        if norm != "none" and kept > 0 and not bool(mask.all()):
            # non-candidates enter the reference's top-k with the gate of a score of minus infinity
            floor = beta - alpha if norm == "tanh" else beta
            if norm == "softmax":
                margin = min(margin, float(own[kept - 1]) - floor)
            else:
                margin = min(margin, float(own[-1]) - floor)
    return margin


def norm_of(text):
    parts = text.split("_")
    return (parts[0], float(parts[1]), float(parts[2])) if len(parts) == 3 else (parts[0], 1.0, 1.0)


@torch.no_grad()
def calibrate(model, watch, spread, seed):
    """Scales each router so that its scores have the wanted spread on a probe prompt (routed, not dense)."""
    generator = torch.Generator().manual_seed(seed)
    ids = common.random_ids(generator, 40, VOCAB)
    mask = torch.ones(40, dtype=torch.bool)
    mask[0] = False
    for index, layer in watch.layers.items():
        run_case(model, watch, ids, mask, ids[:1])
        scores = watch.scores[index][0]
        layer.router.router.weight.mul_(spread / scores.std())
        if layer.router.router.bias is not None:
            layer.router.router.bias.copy_(torch.randn(1, generator=generator) * 0.3)


def build(reference, name, shape, mod, spread, kinds, image_keys, out, seed):
    mod = dict(dict(mod_bias_enabled=True, mod_special_init=True, mod_target_token_type="vision_all"), **mod)
    config = reference.PmodLlavaConfig(
        vocab_size=VOCAB, num_attention_heads=4, max_position_embeddings=4096, rms_norm_eps=1e-5, bos_token_id=1,
        eos_token_id=2, pad_token_id=0, attn_implementation="eager", torch_dtype=torch.float32, **shape, **mod)
    norm, alpha, beta = norm_of(mod["mod_weight_norm"])
    model = reference.PmodLlavaLlamaForCausalLM(config).eval()
    common.seeded_weights(model, seed, 0.2, 0.2)
    calibrate(model, Watch(model), spread, seed + 1)

    # Save as the reference does, then run what was saved.
    folder = common.fresh_folder(out, name)
    model = reference.PmodLlavaLlamaForCausalLM.from_pretrained(
        None, config=model.config, state_dict={k: v.clone() for k, v in model.state_dict().items()},
        attn_implementation="eager").eval()
    for key, value in dict(image_keys, max_length=4096, _name_or_path="lmsys/vicuna-7b-v1.5").items():
        setattr(model.config, key, value)
    if "unpad" in image_keys["mm_patch_merge_type"]:
        newline = torch.randn(shape["hidden_size"], generator=torch.Generator().manual_seed(seed + 2))
        model.model.image_newline = torch.nn.Parameter(newline)
    model.save_pretrained(str(folder), safe_serialization=True)
    (folder / "generation_config.json").unlink(missing_ok=True)
    loaded = reference.PmodLlavaConfig.from_pretrained(str(folder))
    del loaded.mm_vision_tower  # the goldens carry no vision tower; the reference builds one when this key is there
    model = reference.PmodLlavaLlamaForCausalLM.from_pretrained(
        str(folder), config=loaded, attn_implementation="eager", torch_dtype=torch.float32).eval()
    watch = Watch(model)

    ratios = {i: layer.mod_router_factor for i, layer in watch.layers.items()}
    tensors, cases = {}, []
    for number, kind in enumerate(kinds):
        for attempt in range(2000):
            generator = torch.Generator().manual_seed(seed * 100_000 + number * 5_000 + attempt)
            n = int(torch.randint(20, 41, (1,), generator=generator))
            ids = common.random_ids(generator, n, VOCAB)
            mask = candidate_mask(kind, n, generator)
            decode_ids = common.random_ids(generator, DECODE_STEPS, VOCAB)
            prompt, steps, lengths = run_case(model, watch, ids, mask, decode_ids)
            margin = selection_margin(prompt, mask, alpha, beta, norm)
            if margin >= MARGIN:
                break
        else:
            raise SystemExit(f"{name} {kind}: no seed with the wanted margin")
        dense, dense_steps, _ = run_case(model, watch, ids, torch.zeros_like(mask), decode_ids)
        c = f"c{number}"
        tensors[f"{c}.ids"] = ids
        tensors[f"{c}.candidates"] = mask.to(torch.uint8)
        tensors[f"{c}.logits"] = prompt["logits"].float()
        tensors[f"{c}.decode_ids"] = decode_ids
        tensors[f"{c}.decode_logits"] = steps.float()
        tensors[f"{c}.cache_lengths"] = lengths
        kept_counts = {}
        for index in ratios:
            scores = prompt["scores"].get(index)
            kept = prompt["kept"].get(index, torch.arange(n))
            tensors[f"{c}.layer{index}.kept"] = kept
            kept_counts[str(index)] = dict(all=len(kept), candidates=int(mask[kept].sum()))
            if scores is not None:
                tensors[f"{c}.layer{index}.scores"] = scores[0]
                tensors[f"{c}.layer{index}.gates"] = torch.where(
                    mask, prompt["gates"][index][0], torch.ones(n))
        cases.append(dict(
            case=c, description=CASE_TEXT[kind], candidates=int(mask.sum()), tokens=n, decode_steps=DECODE_STEPS,
            kept=kept_counts, selection_margin=common.round6(margin) if margin != float("inf") else None,
            difference_from_dense=dict(
                prompt=common.round6(float((prompt["logits"] - dense["logits"]).abs().max())),
                decode=common.round6(float((steps - dense_steps).abs().max())))))
    description = dict(
        name=name, reference="MCG-NJU/p-MoD, PmodLlavaLlamaForCausalLM, FP32, eager attention, CPU",
        torch=torch.__version__.split("+")[0], transformers=transformers.__version__, seed=seed,
        norm=dict(kind=norm, alpha=alpha, beta=beta),
        ratios=[dict(layer=i, ratio=ratios.get(i)) for i in range(shape["num_hidden_layers"])], cases=cases)
    size = common.write_folder(folder, tensors, description)
    print(f"{name}: {size} bytes; " + "; ".join(
        f"{x['case']} margin {x['selection_margin']} dense difference {x['difference_from_dense']}" for x in cases))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--reference", required=True, help="checked-out MCG-NJU/p-MoD")
    parser.add_argument("--out", required=True, help="folder that receives one folder per golden")
    parser.add_argument("--only", help="write this golden only")
    args = parser.parse_args()
    torch.set_num_threads(1)
    warnings.filterwarnings("ignore")
    reference = common.import_reference(
        args.reference, "llava", "llava.model.language_model.pmod_llava_llama",
        stubs=["PIL", "flash_attn", "deepspeed"])
    transformers.logging.set_verbosity_error()
    for number, entry in enumerate(CONFIGS):
        if args.only in (None, entry[0]):
            quiet = io.StringIO()
            with contextlib.redirect_stdout(quiet):
                build(reference, *entry, out=args.out, seed=100 + number)
            print(quiet.getvalue().splitlines()[-1], flush=True)


if __name__ == "__main__":
    main()
