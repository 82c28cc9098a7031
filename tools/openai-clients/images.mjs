// SPDX-License-Identifier: Apache-2.0
// Shows a server a picture with OpenAI's own client. Arguments: address, a JPEG file, a question, the greedy answer of 12 tokens, the client's version.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import OpenAI from 'openai';

const [url, picture, question, expected, version] = process.argv.slice(2);
const client = new OpenAI({ baseURL: `${url}/v1`, apiKey: 'none', maxRetries: 0 });
const shown = { type: 'image_url', image_url: { url: `data:image/jpeg;base64,${readFileSync(picture).toString('base64')}` } };
const model = (await client.models.list()).data[0].id;
const asked = (image) => ({
  model,
  messages: [{ role: 'user', content: [{ type: 'text', text: question }, image] }],
  max_tokens: 12,
  temperature: 0,
});

const answer = await client.chat.completions.create(asked(shown));
assert.equal(answer.choices[0].message.content, expected);
assert.ok(answer.usage.image_tokens > 0 && answer.usage.tokens_skipped > 0);
let content = '';
for await (const chunk of await client.chat.completions.create({ ...asked(shown), stream: true })) {
  content += chunk.choices[0]?.delta?.content ?? '';
}
assert.equal(content, expected);
const address = { type: 'image_url', image_url: { url: 'https://example.org/a.jpg' } };
await assert.rejects(client.chat.completions.create(asked(address)), OpenAI.BadRequestError);
console.log(`Node ${process.versions.node}, openai ${version}: all calls with a picture are right`);
