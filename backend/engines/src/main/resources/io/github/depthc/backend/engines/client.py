#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Drives the decoder of a depthc bundle: one call for the prompt, one for each token after it.

On a Triton Inference Server that serves the folder beside this file:
    tritonserver --model-repository=models
    python3 client.py --url localhost:8000 --prompt "Once upon a time"
Without a server, on ONNX Runtime in this process (what the server runs):
    python3 client.py --onnx --prompt "Once upon a time"

Needs numpy and, for texts, tokenizers; then tritonclient[http] or onnxruntime. The caches of all layers go to the model and back with each
call; layers may have processed different numbers of tokens, so each has its own length.
"""
import argparse
import json
import os
import pathlib
import sys

try:
    import numpy as np
except ImportError:
    sys.exit("client.py: numpy is missing; pip install numpy")

HERE = pathlib.Path(__file__).resolve().parent
try:
    FACTS = json.loads((HERE / "client.json").read_text("utf-8"))
except (OSError, ValueError) as e:
    sys.exit(f"client.py: {HERE / 'client.json'} cannot be read ({e}); export the bundle again")
# What to install for a module that is missing.
PACKAGES = {"onnxruntime": "onnxruntime", "tritonclient": "tritonclient[http]", "tokenizers": "tokenizers"}
# Caches that the model writes in place have room to grow, in steps of this many entries.
STEP = 16


class OnnxRuntime:
    """The graph in this process."""

    def __init__(self):
        # Else ONNX Runtime reports to its makers how it is used. It looks when it is loaded.
        os.environ["ORT_DISABLE_TELEMETRY"] = "1"
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.log_severity_level = 4
        path = HERE / "models" / FACTS["model"] / "1" / "model.onnx"
        self.session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        self.outputs = [o.name for o in self.session.get_outputs()]

    def run(self, inputs):
        return dict(zip(self.outputs, self.session.run(self.outputs, inputs)))


class Triton:
    """A Triton Inference Server."""

    TYPES = {"int64": "INT64", "float32": "FP32", "bool": "BOOL"}

    def __init__(self, url):
        import tritonclient.http

        self.http = tritonclient.http
        self.client = tritonclient.http.InferenceServerClient(url)

    def run(self, inputs):
        sent = []
        for name, value in inputs.items():
            tensor = self.http.InferInput(name, list(value.shape), self.TYPES[str(value.dtype)])
            tensor.set_data_from_numpy(np.ascontiguousarray(value))
            sent.append(tensor)
        outputs = [self.http.InferRequestedOutput(name) for name in FACTS["outputs"]]
        result = self.client.infer(FACTS["model"], sent, outputs=outputs)
        return {name: result.as_numpy(name) for name in FACTS["outputs"]}


class Cache:
    """Keys and values of one layer, of one sequence."""

    def __init__(self, layer, facts):
        self.layer = layer
        self.in_place = facts["mode"] == "in_place"
        self.indexed = facts["indexed"]
        shape = (1, facts["kv_heads"], 0, facts["head_dim"])
        self.key = np.zeros(shape, np.float32)
        self.value = np.zeros(shape, np.float32)
        self.index = np.zeros((1, 0), np.int64)

    def inputs(self, needed):
        """Inputs of a call that may leave `needed` entries here."""
        if self.in_place:
            room = (needed // STEP + 1) * STEP - self.key.shape[2]
            if room > 0:
                wider = ((0, 0), (0, 0), (0, room), (0, 0))
                self.key, self.value = np.pad(self.key, wider), np.pad(self.value, wider)
        name = f"past_key_values.{self.layer}."
        given = {name + "key": self.key, name + "value": self.value}
        if self.indexed:
            given[name + "index"] = self.index
        return given

    def take(self, outputs):
        """What a call made of it."""
        if self.in_place:
            self.key, self.value = outputs[f"present.{self.layer}.key"], outputs[f"present.{self.layer}.value"]
            return
        name = f"new.{self.layer}."
        _, heads, _, size = self.key.shape

        def appended(old, new):
            return np.concatenate([old, new.reshape(-1, heads, size).transpose(1, 0, 2)[None]], axis=2)

        self.key, self.value = appended(self.key, outputs[name + "key"]), appended(self.value, outputs[name + "value"])
        if self.indexed:
            self.index = np.concatenate([self.index, outputs[name + "index"][None]], axis=1)


class Sequence:
    """One sequence of tokens."""

    def __init__(self, engine):
        self.engine = engine
        self.caches = [Cache(i, c) for i, c in enumerate(FACTS["caches"])]
        self.lengths = np.zeros((len(self.caches), 1), np.int64)
        self.length = 0

    def call(self, ids):
        """Logits after these tokens, which come behind those of earlier calls; the first call is the prompt."""
        n = len(ids)
        given = {
            "input_ids": np.array(ids, np.int64),
            "position_ids": np.arange(self.length, self.length + n, dtype=np.int64),
            "row_lengths": np.array([n], np.int64),
            "row_starts": np.array([self.length], np.int64),
            "candidates": self.candidates(n),
            "logits_at": np.array([n - 1], np.int64),
            "cache_lengths": self.lengths,
        }
        for cache, length in zip(self.caches, self.lengths[:, 0]):
            given |= cache.inputs(int(length) + n)
        outputs = self.engine.run({name: given[name] for name in FACTS["inputs"]})
        for cache in self.caches:
            cache.take(outputs)
        self.lengths = outputs["present_lengths"]
        self.length += n
        return outputs["logits"][-1]

    def candidates(self, n):
        """Which tokens may be skipped, as the bundle says when nobody does."""
        flags = np.zeros(n, np.bool_)
        prompt = self.length == 0
        if prompt or FACTS["decode"] == "threshold":
            if FACTS["candidates"] == "all":
                flags[:] = True
            elif FACTS["candidates"] == "prompt" and prompt:
                flags[1 : n - 1] = True
        return flags


def tokens(arguments):
    if arguments.ids is not None:
        return arguments.ids, None
    from tokenizers import Tokenizer

    try:
        tokenizer = Tokenizer.from_file(str(HERE / "tokenizer.json"))
    except Exception as e:  # it has no error of its own
        sys.exit(f"client.py: {HERE / 'tokenizer.json'} cannot be read ({e}); give token ids with --ids")
    return tokenizer.encode(arguments.prompt).ids, tokenizer


def id_list(text):
    try:
        return [int(i) for i in text.split(",")]
    except ValueError:
        raise argparse.ArgumentTypeError(f"found {text!r}, expected token ids, 1,2,3") from None


def address(text):
    host, _, port = text.rpartition(":")
    if not host or "/" in text or not (port.isascii() and port.isdigit()):
        raise argparse.ArgumentTypeError(f"found {text!r}, expected host:port, such as localhost:8000")
    return text


def count(text):
    if not text.isascii() or not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"found {text!r}, expected a whole number from 1")
    return int(text)


def main():
    parser = argparse.ArgumentParser(description="Greedy text after a prompt.")
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument("--url", type=address, help="host:port of a Triton Inference Server (HTTP)")
    where.add_argument("--onnx", action="store_true", help="ONNX Runtime in this process, no server")
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--prompt", help="text")
    what.add_argument("--ids", type=id_list, help="token ids, 1,2,3")
    parser.add_argument("--max-new-tokens", type=count, default=60)
    arguments = parser.parse_args()
    try:
        generate(arguments)
    except ImportError as e:
        module = (e.name or "").split(".")[0]
        sys.exit(f"client.py: {e}" + (f"; pip install '{PACKAGES[module]}'" if module in PACKAGES else ""))
    except KeyboardInterrupt:
        sys.exit(130)
    except Exception as e:  # of libraries that have no error in common
        where = f"the server at {arguments.url}" if arguments.url else "ONNX Runtime in this process"
        said = " ".join(str(e).split()) or type(e).__name__
        sys.exit(f"client.py: {where} gave no answer: {said}")


def generate(arguments):
    ids, tokenizer = tokens(arguments)
    if not ids or len(ids) > FACTS["context"]:
        sys.exit(f"client.py: the prompt has {len(ids)} tokens, expected 1 to {FACTS['context']}")
    sequence = Sequence(OnnxRuntime() if arguments.onnx else Triton(arguments.url))
    made, logits = [], sequence.call(ids)
    while len(made) < arguments.max_new_tokens:
        made.append(int(np.argmax(logits)))
        if made[-1] in FACTS["eos"] or len(made) == arguments.max_new_tokens or sequence.length >= FACTS["context"]:
            break
        logits = sequence.call(made[-1:])
    if tokenizer is None:
        print(",".join(map(str, made)))
    else:
        whole = tokenizer.decode(ids + made)
        print(whole[len(tokenizer.decode(ids)) :])
    print(f"entries in each layer's cache: {sequence.lengths[:, 0].tolist()}", file=sys.stderr)


if __name__ == "__main__":
    main()
