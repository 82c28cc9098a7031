# SPDX-License-Identifier: Apache-2.0
"""Prefill of a Llama decoder of the 7B shape in PyTorch: torch.compile, and of the attention kernels the fastest.

    python3 torch_reference.py --layers 8 --out torch.json

Random BF16 weights; the last token's logits alone are computed; keys and values are kept, as a prefill must. Times are the host's, from a token id
tensor on the GPU to logits in the host's memory, as the check of depthc takes them. Started by tools/gpu-check.
"""
import argparse
import json
import statistics
import time

import torch
import torch.nn.functional as F
from torch.nn.attention import SDPBackend, sdpa_kernel

WIDTH, HEADS, INTERMEDIATE, VOCABULARY = 4096, 32, 11008, 32000
HEAD = WIDTH // HEADS
TOKENS = (634, 2988)
ROUNDS = 15
BACKENDS = {"flash": SDPBackend.FLASH_ATTENTION, "cudnn": SDPBackend.CUDNN_ATTENTION, "efficient": SDPBackend.EFFICIENT_ATTENTION}


def weights(layers):
    def matrix(*shape):
        return torch.randn(*shape, device="cuda", dtype=torch.bfloat16) * 0.02

    def one():
        return {
            "norm1": torch.ones(WIDTH, device="cuda"), "norm2": torch.ones(WIDTH, device="cuda"),
            "qkv": matrix(3 * WIDTH, WIDTH), "o": matrix(WIDTH, WIDTH),
            "gate_up": matrix(2 * INTERMEDIATE, WIDTH), "down": matrix(WIDTH, INTERMEDIATE),
        }

    return {"embed": matrix(VOCABULARY, WIDTH), "layers": [one() for _ in range(layers)], "norm": torch.ones(WIDTH, device="cuda"),
            "head": matrix(VOCABULARY, WIDTH)}


def rms(x, weight):
    y = x.float()
    return (y * torch.rsqrt(y.pow(2).mean(-1, keepdim=True) + 1e-5) * weight).to(x.dtype)


def rotate(x, cos, sin):
    a, b = x.float().chunk(2, -1)
    return torch.cat((a * cos - b * sin, b * cos + a * sin), -1).to(x.dtype)


def prefill(w, ids):
    n = ids.shape[0]
    inverse = 10000.0 ** (-torch.arange(0, HEAD, 2, device="cuda") / HEAD)
    angle = torch.arange(n, device="cuda")[:, None] * inverse
    cos, sin = angle.cos(), angle.sin()
    x = w["embed"][ids]
    caches = []
    for layer in w["layers"]:
        q, k, v = (rms(x, layer["norm1"]) @ layer["qkv"].T).view(n, 3, HEADS, HEAD).unbind(1)
        q, k = (rotate(t.transpose(0, 1), cos, sin) for t in (q, k))
        v = v.transpose(0, 1)
        caches += [k, v]
        a = F.scaled_dot_product_attention(q[None], k[None], v[None], is_causal=True)[0]
        x = x + a.transpose(0, 1).reshape(n, WIDTH) @ layer["o"].T
        gate, up = (rms(x, layer["norm2"]) @ layer["gate_up"].T).chunk(2, -1)
        x = x + (F.silu(gate) * up) @ layer["down"].T
    return (rms(x[-1:], w["norm"]) @ w["head"].T).float(), caches


def seconds(run, w, ids):
    torch.cuda.synchronize()
    start = time.perf_counter()
    logits, _ = run(w, ids)
    logits.cpu()
    return time.perf_counter() - start


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--layers", type=int, required=True)
    parser.add_argument("--out", required=True)
    args = parser.parse_args()
    found = {"version": torch.__version__, "cuda": torch.version.cuda, "gpu": torch.cuda.get_device_name(0), "layers": args.layers, "prefill": {}}
    torch.manual_seed(0)
    with torch.inference_mode():
        w = weights(args.layers)
        for n in TOKENS:
            ids = torch.randint(0, VOCABULARY, (n,), device="cuda")
            best = None
            for name, backend in BACKENDS.items():
                try:
                    torch._dynamo.reset()
                    run = torch.compile(prefill, dynamic=False)
                    with sdpa_kernel(backend):
                        for _ in range(3):
                            seconds(run, w, ids)
                        times = sorted(seconds(run, w, ids) for _ in range(ROUNDS))
                except RuntimeError as e:  # this machine has no such attention
                    found["prefill"].setdefault(str(n), {})[name + "_failed"] = str(e).splitlines()[0]
                    continue
                low, median, high = statistics.quantiles(times, n=4, method="inclusive")
                result = {"attention": name, "median": median, "low": low, "high": high, "count": len(times)}
                if best is None or median < best["median"]:
                    best = result
                found["prefill"].setdefault(str(n), {})["seconds"] = best
                with open(args.out, "w") as file:
                    json.dump(found, file, indent=2)


if __name__ == "__main__":
    main()
