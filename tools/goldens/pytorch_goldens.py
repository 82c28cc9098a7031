#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes small files of torch.save, good ones and bad ones.

    python pytorch_goldens.py --llama <goldens/llama> --out <goldens-pytorch folder>

See README.md. What the good ones hold is written beside them as safetensors.
"""
import argparse
import json
import os
import posix
import shutil

import torch
from safetensors.torch import load_file, save_file

DTYPES = (torch.float64, torch.float32, torch.float16, torch.bfloat16, torch.int64, torch.int32, torch.int16, torch.int8, torch.uint8, torch.bool)


def dtypes():
    torch.manual_seed(1)
    tensors = {str(t).split(".")[1]: (torch.randn(3, 5) * 50).to(t) for t in DTYPES}
    return tensors | {"scalar": torch.tensor(2.5), "empty": torch.zeros(0, 4), "one": torch.ones(1, 1, 7)}


class Attack:
    """What a hostile file does when Python reads it."""

    def __reduce__(self):
        return posix.system, ("echo read this file and be sorry",)


class Evaluated:
    def __reduce__(self):
        return eval, ("1 + 1",)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--llama", required=True)
    parser.add_argument("--out", required=True)
    args = parser.parse_args()
    os.makedirs(args.out, exist_ok=True)

    def at(name):
        return os.path.join(args.out, name)

    plain = dtypes()
    torch.save(plain, at("dtypes.bin"))
    save_file(plain, at("dtypes.safetensors"))
    torch.save(plain, at("protocol4.pt"), pickle_protocol=4)
    torch.save({"state_dict": plain, "step": 12, "rate": 0.5, "note": "x", "done": True, "nothing": None}, at("nested.pt"))

    data = torch.arange(24, dtype=torch.float32).reshape(6, 4)
    torch.save({"all": data, "tail": data[4:], "same": data, "flat": data.view(24)[4:12]}, at("shared.bin"))
    save_file({"all": data, "tail": data[4:].clone(), "same": data.clone(), "flat": data.view(24)[4:12].clone()}, at("shared.safetensors"))
    torch.save({"turned": data.t()}, at("transposed.bin"))
    torch.save({"column": data[:, :2]}, at("strided.bin"))

    torch.manual_seed(2)
    module = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.LayerNorm(4))
    torch.save(module.state_dict(), at("module.bin"))
    torch.save(dict(module.named_parameters()), at("parameters.bin"))
    save_file(module.state_dict(), at("module.safetensors"))

    torch.save(plain, at("legacy.bin"), _use_new_zipfile_serialization=False)
    torch.save(module, at("whole_module.bin"))
    torch.jit.script(module).save(at("script.pt"))
    torch.save({"a": data, "b": Attack()}, at("attack.bin"))
    torch.save({"a": data, "b": Evaluated()}, at("evaluated.bin"))
    torch.save({"a": torch.zeros(2, dtype=torch.float8_e4m3fn)}, at("float8.bin"))
    torch.save([data], at("list.bin"))

    weights = load_file(os.path.join(args.llama, "model.safetensors"))
    for folder in ("llama", "llama_sharded"):
        os.makedirs(at(folder), exist_ok=True)
        shutil.copy(os.path.join(args.llama, "config.json"), at(folder))
    torch.save(weights, os.path.join(at("llama"), "pytorch_model.bin"))
    names = list(weights)
    shards = [names[:len(names) // 2], names[len(names) // 2:]]
    index = {"metadata": {"total_size": sum(w.nbytes for w in weights.values())}, "weight_map": {}}
    for i, shard in enumerate(shards):
        file = f"pytorch_model-{i + 1:05d}-of-{len(shards):05d}.bin"
        torch.save({n: weights[n] for n in shard}, os.path.join(at("llama_sharded"), file))
        index["weight_map"] |= {n: file for n in shard}
    with open(os.path.join(at("llama_sharded"), "pytorch_model.bin.index.json"), "w") as file:
        json.dump(index, file, indent=1)
        file.write("\n")


if __name__ == "__main__":
    main()
