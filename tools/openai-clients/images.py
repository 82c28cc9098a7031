# SPDX-License-Identifier: Apache-2.0
"""Shows a server a picture with OpenAI's own client. Arguments: address, a JPEG file, a question, the greedy answer of 12 tokens."""

import base64
import sys

import openai

url, picture, question, expected = sys.argv[1:]
client = openai.OpenAI(base_url=url + "/v1", api_key="none", max_retries=0)
with open(picture, "rb") as file:
    data = "data:image/jpeg;base64," + base64.b64encode(file.read()).decode()
messages = [
    {"role": "user", "content": [{"type": "text", "text": question}, {"type": "image_url", "image_url": {"url": data}}]}
]
model = client.models.list().data[0].id
asked = dict(model=model, messages=messages, max_tokens=12, temperature=0)
answer = client.chat.completions.create(**asked)
assert answer.choices[0].message.content == expected, answer
assert answer.usage.image_tokens > 0 and answer.usage.tokens_skipped > 0, "fields beyond OpenAI's"
chunks = client.chat.completions.create(**asked, stream=True)
assert "".join(c.choices[0].delta.content or "" for c in chunks if c.choices) == expected
messages[0]["content"][1]["image_url"]["url"] = "https://example.org/a.jpg"
try:
    client.chat.completions.create(**asked)
except openai.BadRequestError as e:
    assert "fetches nothing" in e.body["message"], e
else:
    raise AssertionError("an address was taken")
print(f"Python {sys.version.split()[0]}, openai {openai.__version__}: all calls with a picture are right")
