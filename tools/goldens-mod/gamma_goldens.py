# SPDX-License-Identifier: Apache-2.0
"""Writes the gamma-MoD goldens by running the reference text decoder (Yaxin9Luo/Gamma-MOD, the Eval class) in FP32
on the CPU."""

import argparse
import json
import warnings

import torch
import transformers  # before the stubs, see common.stub_missing
from safetensors.torch import save_file

import common

VOCAB = 64
DECODE_STEPS = 6
MARGIN = 1e-3
PROMPT_THRESHOLD = 0.005
ONE_TOKEN_THRESHOLD = 0.5

# What the shipped fine-tuning recipe leaves in config.json beside the decoder's own keys.
IMAGE_KEYS = dict(
    freeze_mm_mlp_adapter=False, freeze_vision=False, image_aspect_ratio="pad", image_grid_pinpoints=None,
    input_image_size=1024, is_multipath_encoder=True, max_length=4096, mm_hidden_size=3072,
    mm_projector_type="mlp2x_gelu", mm_use_im_patch_token=False, mm_use_im_start_end=False,
    mm_vision_select_feature="patch", mm_vision_select_layer=-2,
    mm_vision_tower="openai/clip-vit-large-patch14-336", tune_mm_mlp_adapter=False, use_mm_proj=True,
    vision_tower_slow="convnext_large_mlp.clip_laion2b_ft_320",
)

# name, layers, kv heads, mod_mode, converted layers, router copies, old inv_freq buffers
CONFIGS = [
    ("gamma-arank", 8, 4, "arank_mod", [3, 4, 5, 6], "each", True),
    ("gamma-arank-gqa-dedup", 8, 2, "arank_mod", [3, 4, 5, 6], "one", False),
    ("gamma-first-last-dense", 6, 4, "first_last_dense", [1, 2, 3, 4], "each", False),
    ("gamma-second-half-dedup", 6, 4, "second_half", [3, 4], "one", True),
    ("gamma-last-two-thirds", 8, 2, "last_two_thirds", [4, 5, 6], "each", False),
    ("gamma-explicit-last", 6, 4, "sparse", [1, 3, 5], "each", False),
]

CASE_TEXT = {
    "prompt": "prompt of 20 to 40 tokens; every converted layer skips some of them, and in the decode steps every "
              "converted layer keeps some new tokens and skips others",
    "one_mixed": "prompt of one token: some converted layers keep it (p >= 0.5), others skip it (p < 0.5) and skip "
                 "every decode step too, since the reference cannot start their cache later",
    "one_kept": "prompt of one token that every converted layer keeps; later steps are mixed",
    "nothing_kept": "short prompt of which at least one converted layer keeps nothing (identity, empty cache); "
                    "such a layer keeps a later token, at position 0 of its own cache",
}


class Watch:
    """Observes the converted layers: the router's probability, and which rows a layer left untouched."""

    def __init__(self, model, converted):
        self.p, self.changed = {}, {}
        for index in converted:
            self._attach(index, model.model.layers[index])

    def _attach(self, index, layer):
        def on_router(value):
            self.p[index] = torch.softmax(value, dim=-1)[0, :, 1].detach().clone()

        def on_layer(_, args, output):
            self.changed[index] = (output[0] != args[0]).any(dim=-1)[0].detach().clone()

        # The router is one module shared by the layers, so it is observed through the layer that is running.
        self._current = None

        def before(_, __):
            self._current = on_router

        layer.register_forward_pre_hook(before)
        layer.register_forward_hook(on_layer)
        if not getattr(layer.router, "watched", False):
            layer.router.watched = True
            layer.router.register_forward_hook(lambda _, __, out: self._current(out))

    def reset(self):
        self.p, self.changed = {}, {}


def cache_lengths(past):
    return [0 if layer is None else layer[0].shape[2] for layer in past]


class Unwanted(Exception):
    """This seed does not give the wanted case."""


def observe(watch, before, after, n):
    """Reads the kept tokens of one call three ways (thresholded p, untouched rows, cache growth) and compares."""
    kept, p = {}, {}
    limit = ONE_TOKEN_THRESHOLD if n == 1 else PROMPT_THRESHOLD
    for index, values in watch.p.items():
        mask = values >= limit if n == 1 else values > limit
        if bool(((values - limit).abs() < MARGIN).any()):
            raise Unwanted
        if not torch.equal(mask, watch.changed[index]) or after[index] - before[index] != int(mask.sum()):
            raise SystemExit(f"layer {index}: the reference kept other tokens than its router's p says")
        kept[index], p[index] = mask, values
    return kept, p


@torch.no_grad()
def call(model, watch, ids, past, layers):
    watch.reset()
    before = [0] * layers if past is None else cache_lengths(past)
    out = model(input_ids=ids[None], past_key_values=past, use_cache=True, return_dict=True)
    after = cache_lengths(out.past_key_values)
    kept, p = observe(watch, before, after, len(ids))
    return out.logits[0].float(), out.past_key_values, after, kept, p


def try_case(model, watch, kind, layers, converted, generator):
    n = {"prompt": int(torch.randint(20, 41, (1,), generator=generator)), "nothing_kept": 2}.get(kind, 1)
    ids = common.random_ids(generator, n, VOCAB)
    logits, past, after, kept, p = call(model, watch, ids, None, layers)
    counts = {i: int(kept[i].sum()) for i in converted}
    if kind == "prompt" and not all(2 <= counts[i] < n for i in converted):
        raise Unwanted
    if kind == "one_mixed" and len(set(counts.values())) != 2:
        raise Unwanted
    if kind == "one_kept" and not all(counts.values()):
        raise Unwanted
    empty = [i for i in converted if counts[i] == 0]
    if kind == "nothing_kept" and (not empty or len(empty) == len(converted)):
        raise Unwanted
    case = dict(ids=ids, logits=logits, kept=kept, p=p, lengths=[after], decode_ids=[], decode_logits=[],
                decode_kept=[], decode_p=[])
    for _ in range(DECODE_STEPS):
        for _ in range(40):
            token = common.random_ids(generator, 1, VOCAB)
            try:
                step, new_past, after, kept, p = call(model, watch, token, past, layers)
            except Unwanted:
                continue
            except IndexError:  # the reference cannot start a layer's cache after it skipped a one-token prompt
                if kind != "one_mixed":
                    raise
                continue
            if kind == "one_mixed" and any(kept[i].item() for i in empty):
                continue
            break
        else:
            raise Unwanted
        past = new_past
        case["decode_ids"].append(token)
        case["decode_logits"].append(step[0])
        case["decode_kept"].append([int(kept[i].item()) if i in kept else 1 for i in range(layers)])
        case["decode_p"].append({i: p[i] for i in converted})
        case["lengths"].append(after)
    flags = torch.tensor(case["decode_kept"])
    for i in converted:
        mixed = 0 < int(flags[:, i].sum()) < DECODE_STEPS
        if kind == "prompt" and not mixed:
            raise Unwanted
        if kind == "one_mixed" and i not in empty and not mixed:
            raise Unwanted
        if kind == "one_kept" and int(flags.sum()) in (0, flags.numel()):
            raise Unwanted
        if kind == "nothing_kept" and i in empty and int(flags[:, i].sum()) < 2:
            raise Unwanted
    return case


def build(reference, name, layers, kv_heads, mode, converted, copies, inv_freq, out, seed):
    config = reference.MoDLLaVALlamaConfig(
        mod_enable=True, mod_mode=mode, mod_layers_idx=converted, capacity_factor=0.5, router_aux_loss_coef=0.01,
        vocab_size=VOCAB, hidden_size=32, intermediate_size=48, num_hidden_layers=layers, num_attention_heads=4,
        num_key_value_heads=kv_heads, max_position_embeddings=4096, rms_norm_eps=1e-5, bos_token_id=1,
        eos_token_id=2, pad_token_id=0, torch_dtype=torch.float32)
    model = reference.EvalMoDLLaVALlamaForCausalLM(config).eval()
    common.seeded_weights(model, seed, 0.25, 0.8)

    # Save the state as the training class names it, then run what was saved.
    folder = common.fresh_folder(out, name)
    state = {k: v.clone() for k, v in model.state_dict().items()}
    routers = [k for k in state if k.endswith(".router.weight")]
    if len(routers) != len(converted):
        raise SystemExit(f"{name}: router names {routers}")
    if copies == "one":
        for key in routers[1:]:
            del state[key]
    buffers = [k for k in state if k.endswith("rotary_emb.inv_freq")]
    if len(buffers) != layers:
        raise SystemExit(f"{name}: this transformers version does not save inv_freq")
    if not inv_freq:
        for key in buffers:
            del state[key]
    save_file(state, str(folder / "model.safetensors"), metadata={"format": "pt"})
    config.mod["mod_mode"] = mode  # the Eval class overwrites it in memory with True
    config.architectures = ["MoDLLaVALlamaForCausalLM"]
    config._name_or_path = "lmsys/vicuna-7b-v1.5"
    for key, value in IMAGE_KEYS.items():
        setattr(config, key, value)
    config.save_pretrained(str(folder))

    loaded = reference.MoDLLaVALlamaConfig.from_pretrained(str(folder))
    del loaded.mm_vision_tower  # the goldens carry no vision tower; the reference builds one when this key is there
    first = model.state_dict()
    model = reference.EvalMoDLLaVALlamaForCausalLM.from_pretrained(
        str(folder), config=loaded, torch_dtype=torch.float32).eval()
    for key, value in model.state_dict().items():
        if not torch.equal(value, first[key]):
            raise SystemExit(f"{name}: {key} is not what was saved")
    dense = transformers.LlamaForCausalLM(transformers.LlamaConfig(**{
        k: v for k, v in loaded.to_dict().items() if k not in ("model_type", "architectures", "mod")})).eval()
    dense.load_state_dict({k: v for k, v in first.items() if ".router." not in k})
    watch = Watch(model, converted)

    tensors, cases = {}, []
    for number, kind in enumerate(("prompt", "prompt", "one_mixed", "one_kept", "nothing_kept")):
        for attempt in range(4000):
            generator = torch.Generator().manual_seed(seed * 100_000 + number * 5_000 + attempt)
            try:
                case = try_case(model, watch, kind, layers, converted, generator)
                break
            except Unwanted:
                pass
        else:
            print(f"{name} {kind}: no seed gives this case, left out")
            continue
        c = f"c{len(cases)}"
        n = len(case["ids"])
        tensors[f"{c}.ids"] = case["ids"]
        tensors[f"{c}.candidates"] = torch.ones(n, dtype=torch.uint8)
        tensors[f"{c}.logits"] = case["logits"]
        tensors[f"{c}.decode_ids"] = torch.cat(case["decode_ids"])
        tensors[f"{c}.decode_logits"] = torch.stack(case["decode_logits"])
        tensors[f"{c}.decode_kept"] = torch.tensor(case["decode_kept"], dtype=torch.uint8)
        tensors[f"{c}.cache_lengths"] = torch.tensor(case["lengths"])
        for i in converted:
            tensors[f"{c}.layer{i}.kept"] = case["kept"][i].nonzero()[:, 0]
            tensors[f"{c}.layer{i}.p"] = case["p"][i]
            tensors[f"{c}.layer{i}.decode_p"] = torch.cat([p[i] for p in case["decode_p"]])
        with torch.no_grad():
            sequence = torch.cat([case["ids"]] + case["decode_ids"])
            plain = dense(input_ids=sequence[None]).logits[0]
        margins = [float((case["p"][i] - (0.5 if n == 1 else 0.005)).abs().min()) for i in converted]
        margins += [float((p[i] - 0.5).abs().min()) for p in case["decode_p"] for i in converted]
        cases.append(dict(
            case=c, description=CASE_TEXT[kind], tokens=n, decode_steps=DECODE_STEPS,
            kept={str(i): int(case["kept"][i].sum()) for i in converted},
            decode_kept={str(i): [row[i] for row in case["decode_kept"]] for i in converted},
            threshold_margin=common.round6(min(margins)),
            difference_from_dense=dict(
                prompt=common.round6(float((plain[:n] - case["logits"]).abs().max())),
                decode=common.round6(float((plain[n:] - tensors[f"{c}.decode_logits"]).abs().max())))))
    description = dict(
        name=name, reference="Yaxin9Luo/Gamma-MOD, EvalMoDLLaVALlamaForCausalLM, FP32, eager attention, CPU",
        torch=torch.__version__.split("+")[0], transformers=transformers.__version__, seed=seed,
        router_copies="one per converted layer" if copies == "each" else "one, at the first converted layer",
        inv_freq_saved=inv_freq, thresholds=dict(prompt="p > 0.005", one_token="p >= 0.5"),
        ratios=[dict(layer=i, ratio=None, converted=i in converted) for i in range(layers)], cases=cases)
    size = common.write_folder(folder, tensors, description)
    print(f"{name}: {size} bytes; " + json.dumps([
        dict(tokens=x["tokens"], kept=x["kept"], decode=x["decode_kept"], margin=x["threshold_margin"],
             dense=x["difference_from_dense"]) for x in cases]))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--reference", required=True, help="checked-out Yaxin9Luo/Gamma-MOD")
    parser.add_argument("--out", required=True, help="folder that receives one folder per golden")
    parser.add_argument("--only", help="write this golden only")
    args = parser.parse_args()
    torch.set_num_threads(1)
    warnings.filterwarnings("ignore")
    reference = common.import_reference(
        args.reference, "gamma_mod", "gamma_mod.model.language_model.llava_llama_mod",
        stubs=["PIL", "einops", "matplotlib", "seaborn", "timm", "flash_attn", "deepspeed"],
        empty_submodules=["gamma_mod.model.multimodal_encoder.builder"])
    transformers.logging.set_verbosity_error()
    for number, entry in enumerate(CONFIGS):
        if args.only in (None, entry[0]):
            build(reference, *entry, out=args.out, seed=200 + number)


if __name__ == "__main__":
    main()
