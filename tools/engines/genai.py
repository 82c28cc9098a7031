# SPDX-License-Identifier: Apache-2.0
"""Greedy token ids of onnxruntime-genai, and below them their text: genai.py FOLDER TEXT 1,2,3 NEW_TOKENS, the numbers being TEXT's token ids."""
import sys

import onnxruntime_genai as genai

folder, prompt, ids, new = sys.argv[1], sys.argv[2], [int(i) for i in sys.argv[3].split(",")], int(sys.argv[4])
model = genai.Model(folder)
tokenizer = genai.Tokenizer(model)
# Without it the tokens that begin a text are left out, whatever the tokenizer's files say.
tokenizer.update_options(add_special_tokens="true")
encoded = [int(i) for i in tokenizer.encode(prompt)]
if encoded != ids:
    sys.exit(f"genai.py: the text's token ids are {encoded}, expected {ids}")
params = genai.GeneratorParams(model)
params.set_search_options(max_length=len(ids) + new, do_sample=False)
generator = genai.Generator(model, params)
generator.append_tokens(ids)
while not generator.is_done():
    generator.generate_next_token()
told = generator.get_sequence(0)
print(",".join(str(i) for i in told[len(ids) :]))
print(tokenizer.decode(told)[len(tokenizer.decode(ids)) :])
