// A real client library of the completions API, through the tunnel, to a stub that streams tokens.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import OpenAI from 'openai';
import { run, serve, tunnel } from './programs.ts';

const WORDS = ['It', ' works', ' through', ' a', ' data', ' channel', ' — ✓'];

function chunk(content: string, i: number): string {
  return JSON.stringify({
    id: 'chatcmpl-42',
    object: 'chat.completion.chunk',
    created: i,
    model: 'stub',
    choices: [{ index: 0, delta: { content }, finish_reason: null }],
  });
}

async function stub(request: IncomingMessage, response: ServerResponse): Promise<void> {
  let body = '';
  for await (const part of request.setEncoding('utf8')) body += part;
  const { stream } = JSON.parse(body);
  if (!stream) {
    response.setHeader('Content-Type', 'application/json');
    const message = { role: 'assistant', content: WORDS.join('') };
    response.end(JSON.stringify({ id: 'chatcmpl-1', choices: [{ index: 0, message }] }));
    return;
  }
  response.writeHead(200, { 'Content-Type': 'text/event-stream; charset=utf-8' });
  const isBare = request.headers['x-bare'] !== undefined;
  for (const [i, word] of WORDS.entries())
    response.write(isBare ? `${chunk(word, i)}\n` : `data: ${chunk(word, i)}\n\n`);
  response.end(isBare ? '[DONE]\n' : 'data: [DONE]\n\n');
}

describe('streaming completions through the tunnel', () => {
  test('the openai client streams tokens, also where the upstream forgets the `data:` prefix', async (t) => {
    const { url } = await serve(t, stub);
    const { url: baseURL, publish } = await tunnel(t, [url], ['--completions', '--log']);
    const client = new OpenAI({ baseURL: `${baseURL}/v1`, apiKey: 'none', maxRetries: 0 });
    const messages = [{ role: 'user', content: 'Does it?' }] as const;
    for (const headers of [{}, { 'X-Bare': '1' }]) {
      const stream = await client.chat.completions.create(
        { model: 'stub', messages: [...messages], stream: true },
        { headers },
      );
      const words: string[] = [];
      for await (const part of stream) words.push(part.choices[0]?.delta.content ?? '');
      assert.deepEqual(words, WORDS);
    }
    const whole = await client.chat.completions.create({ model: 'stub', messages: [...messages] });
    assert.equal(whole.choices[0]?.message.content, WORDS.join(''));
    publish.child.kill('SIGINT');
    const { code, stderr } = await publish.ended;
    assert.equal(code, 0);
    // Only streams have events; the first one's id is in the log.
    assert.equal(stderr.match(/^POST \/v1\/chat\/completions 200 \d+ ms \S+ chatcmpl-42$/gm)?.length, 2);
  });

  test('a body of the wrong shape is refused and reaches no upstream; a right one arrives as it was', async (t) => {
    const bodies: string[] = [];
    const { url } = await serve(t, async (request, response) => {
      const parts = await request.toArray();
      bodies.push(Buffer.concat(parts).toString());
      response.end('{}');
    });
    const { url: tunnelUrl } = await tunnel(t, [url], ['--completions']);
    const post = (body: string): Promise<Response> =>
      fetch(`${tunnelUrl}/v1/chat/completions`, { method: 'POST', body });
    const wrong = [
      '',
      '[]',
      '{"model":"m"}',
      '{"model":1,"messages":[]}',
      '{"model":"m","messages":[}',
      '{}{}',
    ];
    for (const body of wrong) assert.equal((await post(body)).status, 400, body);
    const odd = '{ "messages" : [ ],\n\t"model":"m\\u0041", "n":1e2, "n":1.50 }\n';
    assert.equal((await post(odd)).status, 200);
    assert.deepEqual(bodies, [odd]);
    assert.match(await (await post('{"model":"m"}')).text(), /'messages' must be an array/);
  });

  test('keys are asked for, are not passed on, and are revoked at once', async (t) => {
    const folder = await mkdtemp(join(tmpdir(), 'millrace-tunnel-'));
    t.after(() => rm(folder, { recursive: true }));
    const keys = join(folder, 'keys');
    const made = await Promise.all(
      ['one', 'two'].map((name) => run(t, 'key', '--keys', keys, '--name', name).ended),
    );
    const [one, two] = made.map(({ stdout }) => stdout.trim()) as [string, string];
    assert.match(one, /^mr-[a-z2-9]{40}$/);
    const seen: unknown[] = [];
    const { url } = await serve(t, (request, response) => {
      seen.push(request.headers.authorization);
      response.end('served');
    });
    const { url: tunnelUrl } = await tunnel(t, [url], ['--keys', keys]);
    const status = async (key?: string): Promise<number> =>
      (await fetch(tunnelUrl, key === undefined ? {} : { headers: { Authorization: `Bearer ${key}` } }))
        .status;
    const flipped = `${two.slice(0, -1)}${two.endsWith('a') ? 'b' : 'a'}`;
    assert.deepEqual(
      [await status(), await status('nonsense'), await status(flipped), await status(one), await status(two)],
      [401, 401, 401, 200, 200],
    );
    const lines = (await readFile(keys, 'utf8')).split('\n');
    assert.ok(!lines.join().includes(one.slice(11)), 'no secret is in the file');
    await writeFile(keys, lines.filter((line) => !line.endsWith('two')).join('\n'));
    assert.deepEqual([await status(one), await status(two)], [200, 401]);
    assert.deepEqual(seen, [undefined, undefined, undefined]);
    const client = new OpenAI({ baseURL: tunnelUrl, apiKey: two, maxRetries: 0 });
    await assert.rejects(client.models.list(), /401 the API key is not valid/);
  });

  test('a client that leaves frees the upstream at once', async (t) => {
    const order: string[] = [];
    const freed = Promise.withResolvers<void>();
    const { url } = await serve(t, (request, response) => {
      if (request.url === '/other') {
        response.end('other');
        return;
      }
      response.on('close', () => {
        order.push('upstream freed');
        freed.resolve();
      });
      response.writeHead(200, { 'Content-Type': 'text/event-stream' });
      response.write(`data: ${chunk('first', 0)}\n\n`); // and then nothing, for ever
    });
    const { url: tunnelUrl } = await tunnel(t, [url], ['--idle', '3600']);
    const leaving = new AbortController();
    const response = await fetch(tunnelUrl, { signal: leaving.signal });
    const reader = response.body!.getReader();
    await reader.read();
    order.push('client leaves');
    leaving.abort();
    await freed.promise;
    order.push(await (await fetch(`${tunnelUrl}/other`)).text());
    assert.deepEqual(order, ['client leaves', 'upstream freed', 'other']);
    // Before any answer, too.
    const asked = await serve(t, () => {});
    const { url: silent } = await tunnel(t, [asked.url], ['--idle', '3600']);
    const early = new AbortController();
    const asking = fetch(silent, { signal: early.signal });
    const rejected = assert.rejects(asking, { name: 'AbortError' });
    const [, answer] = (await once(asked.server, 'request')) as [IncomingMessage, ServerResponse];
    early.abort();
    await once(answer, 'close');
    await rejected;
  });
});
