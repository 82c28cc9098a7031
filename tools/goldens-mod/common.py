# SPDX-License-Identifier: Apache-2.0
"""Helpers shared by the two golden generators. Nothing here is taken from the reference repositories."""

import importlib.abc
import importlib.machinery
import importlib.util
import json
import shutil
import sys
import types
from pathlib import Path

import torch
from safetensors.torch import save_file


class _StubModule(types.ModuleType):
    """A module whose every attribute is an empty class, so that `from x import Y` succeeds."""

    __path__ = []

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        value = type(name, (), {})
        setattr(self, name, value)
        return value


class _StubFinder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    def __init__(self, roots):
        self.roots = set(roots)

    def find_spec(self, fullname, path=None, target=None):
        if fullname.split(".")[0] in self.roots:
            return importlib.machinery.ModuleSpec(fullname, self, is_package=True)
        return None

    def create_module(self, spec):
        return _StubModule(spec.name)

    def exec_module(self, module):
        pass


def stub_missing(names):
    """Stubs those of the named top-level packages that are not installed. Call it after importing transformers,
    which looks for some of them to decide what it offers."""
    absent = [n for n in names if importlib.util.find_spec(n) is None]
    sys.meta_path.append(_StubFinder(absent))
    return absent


def import_reference(root, package, module, stubs, empty_submodules=()):
    """Imports `module` from the checked-out reference at `root`. Packages without effect on the text decoder
    (vision towers, plotting) are replaced by empty modules."""
    root = Path(root).resolve()
    if not (root / package).is_dir():
        raise SystemExit(f"--reference: no folder '{package}' in the given directory")
    sys.path.insert(0, str(root))
    stub_missing(stubs)
    for name in empty_submodules:
        sys.modules[name] = _StubModule(name)
    return importlib.import_module(module)


def seeded_weights(model, seed, matrix_std, router_std):
    """Fills every parameter from one generator, in the order of the sorted names."""
    generator = torch.Generator().manual_seed(seed)
    done = set()
    with torch.no_grad():
        for name, parameter in sorted(model.named_parameters()):
            if parameter.data_ptr() in done:
                continue
            done.add(parameter.data_ptr())
            noise = torch.randn(parameter.shape, generator=generator)
            if "norm" in name:
                parameter.copy_(1.0 + 0.2 * noise)
            elif "embed_tokens" in name:
                parameter.copy_(noise)
            elif "router" in name:
                parameter.copy_(router_std * noise)
            else:
                parameter.copy_(matrix_std * noise)


def random_ids(generator, n, vocab):
    return torch.randint(3, vocab, (n,), generator=generator)


def write_folder(folder, tensors, description):
    """Writes expected.safetensors and expected.json beside the checkpoint that is already in the folder."""
    folder = Path(folder)
    save_file({k: v.contiguous() for k, v in sorted(tensors.items())}, str(folder / "expected.safetensors"))
    text = json.dumps(description, indent=2, sort_keys=False)
    (folder / "expected.json").write_text(text + "\n")
    size = sum(f.stat().st_size for f in folder.iterdir())
    if size >= 400_000:
        raise SystemExit(f"{folder.name}: {size} bytes is over the limit of 400 kB")
    return size


def fresh_folder(out, name):
    folder = Path(out) / name
    if folder.exists():
        shutil.rmtree(folder)
    folder.mkdir(parents=True)
    return folder


def round6(value):
    return None if value is None else float(f"{value:.6g}")
