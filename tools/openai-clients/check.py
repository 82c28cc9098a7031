# SPDX-License-Identifier: Apache-2.0
"""Calls a server with OpenAI's own client. Arguments: address, the greedy text of 40 tokens after the prompt."""

import sys

import openai

PROMPT = "Once upon a time"
url, expected = sys.argv[1], sys.argv[2]
client = openai.OpenAI(base_url=url + "/v1", api_key="none", max_retries=0)

models = [m.id for m in client.models.list()]
assert len(models) == 1, models
model = models[0]
assert client.models.retrieve(model).id == model

whole = client.completions.create(model=model, prompt=PROMPT, max_tokens=40, temperature=0)
assert whole.choices[0].text == expected, whole
assert whole.choices[0].finish_reason == "length"
assert whole.usage.completion_tokens == 40
assert whole.usage.tokens_skipped >= 0, "a field beyond OpenAI's"

pieces = list(client.completions.create(model=model, prompt=PROMPT, max_tokens=40, temperature=0, stream=True))
assert "".join(p.choices[0].text for p in pieces) == expected, pieces

stopped = client.completions.create(model=model, prompt=PROMPT, max_tokens=40, temperature=0, stop=["One day"])
assert stopped.choices[0].text == expected[: expected.index("One day")], stopped
assert stopped.choices[0].finish_reason == "stop"

messages = [{"role": "system", "content": "Tell stories."}, {"role": "user", "content": PROMPT}]
chat = client.chat.completions.create(model=model, messages=messages, max_tokens=20, temperature=0)
chunks = list(client.chat.completions.create(model=model, messages=messages, max_tokens=20, temperature=0, stream=True, stream_options={"include_usage": True}))
assert "".join(c.choices[0].delta.content or "" for c in chunks if c.choices) == chat.choices[0].message.content, chunks
assert chunks[-1].usage.completion_tokens == chat.usage.completion_tokens
same = [client.completions.create(model=model, prompt=PROMPT, max_tokens=20, temperature=0.9, top_p=0.9, seed=3).choices[0].text for _ in range(2)]
assert same[0] == same[1], same

for bad, kind in (
    (dict(model="other", prompt="a"), openai.NotFoundError),
    (dict(model=model, prompt="a", max_tokens=-1), openai.BadRequestError),
    (dict(model=model, prompt="a", n=2), openai.BadRequestError),
):
    try:
        client.completions.create(**bad)
    except kind as e:
        assert e.body["message"], e
    else:
        raise AssertionError(f"{bad} was answered")
print(f"Python {sys.version.split()[0]}, openai {openai.__version__}: all calls are right")
