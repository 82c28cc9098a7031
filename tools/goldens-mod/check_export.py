# SPDX-License-Identifier: Apache-2.0
"""Loads checkpoints that `depthc export` wrote in the reference implementation and compares with the bundles they come from."""

import argparse
import json
import subprocess
import warnings
from pathlib import Path

import torch
import transformers  # before the stubs, see common.stub_missing
from safetensors.torch import load_file

import common

TOLERANCE = 2e-4
MARGIN = 1e-4
NEW_TOKENS = 8
SHAPE = ["--layers", "32", "--hidden", "64", "--heads", "4", "--kv-heads", "2", "--intermediate", "96", "--vocab", "256",
         "--context", "512"]


class Depthc:
    def __init__(self, program, work):
        self.program, self.work = program, Path(work)

    def __call__(self, *args):
        done = subprocess.run([self.program, *map(str, args)], capture_output=True, text=True)
        if done.returncode != 0:
            raise SystemExit(f"depthc {' '.join(map(str, args))}: {done.stderr}")
        return done.stdout

    def run(self, bundle, ids, candidates):
        logits = self.work / "logits.safetensors"
        given = ["--candidates", candidates] if candidates else []
        out = self("run", bundle, "--input-ids", ",".join(map(str, ids)), "--max-new-tokens", NEW_TOKENS, "--save-logits", logits, "--json",
                   *given)
        return load_file(str(logits))["logits"], json.loads(out)


class Pmod:
    def __init__(self, reference):
        import pmod_goldens
        self.tools = pmod_goldens
        module = common.import_reference(
            reference, "llava", "llava.model.language_model.pmod_llava_llama",
            stubs=["PIL", "flash_attn", "deepspeed"])
        self.type = module.PmodLlavaLlamaForCausalLM

    def load(self, folder):
        model, info = self.type.from_pretrained(str(folder), attn_implementation="eager", torch_dtype=torch.float32, output_loading_info=True)
        return model.eval(), info

    def run(self, model, ids, begin, end):
        watch = self.tools.Watch(model)
        mask = torch.zeros(len(ids), dtype=torch.bool)
        mask[begin:end] = True
        prompt, _, _ = self.tools.run_case(model, watch, ids, mask, ids[:1])
        norm, alpha, beta = self.tools.norm_of(model.config.mod_weight_norm)
        margin = self.tools.selection_margin(prompt, mask, alpha, beta, norm)
        kept = {i: len(k) for i, k in prompt["kept"].items()}
        out = model(inputs_embeds=model.model.embed_tokens(ids[None]), mod_target_mask=mask[None], use_cache=True)
        return out, margin, [kept.get(i, len(ids)) for i in range(len(model.model.layers))]


class Gamma:
    def __init__(self, reference):
        module = common.import_reference(
            reference, "gamma_mod", "gamma_mod.model.language_model.llava_llama_mod",
            stubs=["PIL", "einops", "matplotlib", "seaborn", "timm", "flash_attn", "deepspeed"],
            empty_submodules=["gamma_mod.model.multimodal_encoder.builder"])
        self.type = module.EvalMoDLLaVALlamaForCausalLM

    def load(self, folder):
        model, info = self.type.from_pretrained(str(folder), torch_dtype=torch.float32, output_loading_info=True)
        return model.eval(), info

    def run(self, model, ids, begin, end):
        probabilities = []
        router = model.model.layers[model.config.mod["mod_layers_idx"][0]].router
        hook = router.register_forward_hook(lambda _, __, out: probabilities.append(torch.softmax(out, dim=-1)[0, :, 1]))
        out = model(input_ids=ids[None], use_cache=True, return_dict=True)
        hook.remove()
        margin = min(float((p - 0.005).abs().min()) for p in probabilities)
        kept = [0 if layer is None else layer[0].shape[2] for layer in out.past_key_values]
        return out, margin, kept


@torch.no_grad()
def greedy(model, out):
    """Token ids as `depthc run` chooses them, and the cache lengths after the last step."""
    ids = [int(out.logits[0, -1].argmax())]
    past = out.past_key_values
    while len(ids) < NEW_TOKENS and ids[-1] != 2:
        step = model(input_ids=torch.tensor([[ids[-1]]]), past_key_values=past, use_cache=True, return_dict=True)
        past = step.past_key_values
        ids.append(int(step.logits[0, -1].argmax()))
    return ids, [layer[0].shape[2] for layer in past]


@torch.no_grad()
def compare(name, side, folder, depthc, bundle, style, prompts):
    model, info = side.load(folder)
    missing = [k for k in info["missing_keys"] if not k.endswith("rotary_emb.inv_freq")]
    if missing or info["unexpected_keys"] or info["mismatched_keys"]:
        raise SystemExit(f"{name}: missing {missing}, unexpected {info['unexpected_keys']}, mismatched {info['mismatched_keys']}")
    worst, apart, done, seed = 0.0, float("inf"), 0, 0
    while done < prompts:
        generator = torch.Generator().manual_seed(seed)
        seed += 1
        n = int(torch.randint(40, 65, (1,), generator=generator))
        ids = common.random_ids(generator, n, model.config.vocab_size)
        begin, end = (6, n - 8) if style == "pmod" else (0, n)
        out, margin, kept = side.run(model, ids, begin, end)
        if margin < MARGIN:
            continue
        logits, told = depthc.run(bundle, ids.tolist(), f"{begin}:{end}")
        dense, _ = depthc.run(bundle, ids.tolist(), "none")
        worst = max(worst, float((out.logits[0].float() - logits).abs().max()))
        apart = min(apart, float((dense - logits).abs().max()))
        tokens, lengths = greedy(model, out)
        for what, expected, found in [("kept tokens", kept, told["kept_per_layer"]), ("greedy tokens", tokens, told["output_ids"]),
                                      ("cache lengths", lengths, told["cache_lengths"])]:
            if expected != found:
                raise SystemExit(f"{name}, prompt {done}: {what} are {found}, the reference has {expected}")
        done += 1
    print(f"| {name} | {prompts} ({seed - prompts} others passed over) | {worst:.2e} | {apart:.2e} | equal | equal |", flush=True)
    if worst > TOLERANCE:
        raise SystemExit(f"{name}: logits differ by {worst}")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--format", required=True, choices=["pmod", "gamma"])
    parser.add_argument("--reference", required=True, help="the reference, checked out")
    parser.add_argument("--depthc", required=True, help="the depthc launcher")
    parser.add_argument("--work", required=True, help="an empty folder for checkpoints and bundles")
    parser.add_argument("--prompts", type=int, default=8)
    args = parser.parse_args()
    torch.set_num_threads(1)
    warnings.filterwarnings("ignore")
    side = (Pmod if args.format == "pmod" else Gamma)(args.reference)
    transformers.logging.set_verbosity_error()
    work = Path(args.work)
    work.mkdir(parents=True, exist_ok=True)
    depthc = Depthc(args.depthc, work)
    architecture = "pmod_llava_llama" if args.format == "pmod" else "mod_llava_llama"

    depthc("synth", architecture, *SHAPE, "--seed", 1, "-o", work / "trained")
    depthc("synth", "llama", *SHAPE, "--seed", 2, "-o", work / "dense")
    depthc("convert", work / "trained", "-o", work / "trained-bundle")
    depthc("convert", work / "dense", "--routers", work / "trained" / "model.safetensors", "--style", args.format, "-o", work / "given-bundle")
    print(f"torch {torch.__version__}, transformers {transformers.__version__}")
    print("| exported from | prompts | largest difference of a logit | the same from the dense model, at least | kept per layer | greedy tokens, cache lengths |")
    print("|---|---|---|---|---|---|")
    for name, what in [("trained", f"a {architecture} checkpoint's bundle"), ("given", "a dense checkpoint converted with --routers")]:
        out = work / f"{name}-exported"
        depthc("export", work / f"{name}-bundle", "--format", args.format, "-o", out)
        compare(what, side, out, depthc, work / f"{name}-bundle", args.format, args.prompts)


if __name__ == "__main__":
    main()
