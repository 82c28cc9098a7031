# SPDX-License-Identifier: Apache-2.0
"""Greedy token ids of onnxruntime-genai: genai.py FOLDER 1,2,3 NEW_TOKENS."""
import sys

import onnxruntime_genai as genai

folder, ids, new = sys.argv[1], [int(i) for i in sys.argv[2].split(",")], int(sys.argv[3])
model = genai.Model(folder)
genai.Tokenizer(model)
params = genai.GeneratorParams(model)
params.set_search_options(max_length=len(ids) + new, do_sample=False)
generator = genai.Generator(model, params)
generator.append_tokens(ids)
while not generator.is_done():
    generator.generate_next_token()
print(",".join(str(i) for i in generator.get_sequence(0)[len(ids) :]))
