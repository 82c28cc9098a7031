// SPDX-License-Identifier: Apache-2.0
// Calls a server with OpenAI's own client. Arguments: address, the greedy text of 40 tokens after the prompt, the client's version.
import assert from 'node:assert/strict';
import OpenAI from 'openai';

const [url, expected, version] = process.argv.slice(2);
const prompt = 'Once upon a time';
const client = new OpenAI({ baseURL: `${url}/v1`, apiKey: 'none', maxRetries: 0 });

const models = [];
for await (const m of client.models.list()) models.push(m.id);
assert.equal(models.length, 1);
const model = models[0];
assert.equal((await client.models.retrieve(model)).id, model);

const whole = await client.completions.create({ model, prompt, max_tokens: 40, temperature: 0 });
assert.equal(whole.choices[0].text, expected);
assert.equal(whole.choices[0].finish_reason, 'length');
assert.ok(whole.usage.tokens_skipped >= 0);

let text = '';
for await (const piece of await client.completions.create({ model, prompt, max_tokens: 40, temperature: 0, stream: true })) {
  text += piece.choices[0].text;
}
assert.equal(text, expected);

const stopped = await client.completions.create({ model, prompt, max_tokens: 40, temperature: 0, stop: ['One day'] });
assert.equal(stopped.choices[0].text, expected.slice(0, expected.indexOf('One day')));

const messages = [{ role: 'system', content: 'Tell stories.' }, { role: 'user', content: prompt }];
const chat = await client.chat.completions.create({ model, messages, max_tokens: 20, temperature: 0 });
let content = '';
let usage;
for await (const chunk of await client.chat.completions.create({ model, messages, max_tokens: 20, temperature: 0, stream: true, stream_options: { include_usage: true } })) {
  content += chunk.choices[0]?.delta?.content ?? '';
  usage = chunk.usage ?? usage;
}
assert.equal(content, chat.choices[0].message.content);
assert.equal(usage.completion_tokens, chat.usage.completion_tokens);

await assert.rejects(client.completions.create({ model: 'other', prompt: 'a' }), OpenAI.NotFoundError);
await assert.rejects(client.completions.create({ model, prompt: 'a', max_tokens: -1 }), OpenAI.BadRequestError);
// A stream that its reader leaves.
const left = await client.completions.create({ model, prompt, max_tokens: 300, temperature: 0, stream: true });
for await (const _ of left) break;
console.log(`Node ${process.versions.node}, openai ${version}: all calls are right`);
