import assert from 'node:assert/strict';
import { tmpdir } from 'node:os';
import { describe, type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Command } from '@millrace/example-send-file/testing/command';
import type { Advice, Findings, ServerFailureCode } from '../src/findings.ts';
import {
  closedPort,
  plainServer,
  plainStunServer,
  refusingServer,
  silentServer,
  stunServer,
} from './servers.ts';

const MAIN = fileURLToPath(new URL('../src/main.ts', import.meta.url));
const LIMIT = { timeout: 240_000 }; // ms
/** Until silence is one, in seconds; servers that say something have as long as it takes. */
const SILENCE: Readonly<Record<string, string>> = { SILENT: '2', SAID_NO: '5' };
const KNOWN = ['--username', 'anna', '--credential', 'a secret'];

type Diagnosis = Findings & { readonly advice: readonly Advice[] };

function start(t: TestContext, ...args: string[]): Command {
  const command = new Command(MAIN, args, tmpdir(), { FORCE_COLOR: '1' });
  t.after(() => command.child.kill('SIGKILL'));
  return command;
}

async function diagnosis(
  t: TestContext,
  ...args: string[]
): Promise<{ code: number | null; found: Diagnosis }> {
  const { code, stdout, stderr } = await start(t, '--json', ...args).ended;
  assert.equal(stderr, '');
  return { code, found: JSON.parse(stdout) as Diagnosis };
}

describe('doctor', { concurrency: 3 }, () => {
  test('without servers says what can be known without', LIMIT, async (t) => {
    const { code, stdout, stderr } = await start(t).ended;
    assert.equal(stderr, '');
    assert.match(stdout, /^This computer\n/);
    assert.match(stdout, /own addresses: host \S+ → host \S+, in [\d.]+ ms \(candidates .* channel [\d.]+\)/);
    assert.match(stdout, /No server was given/);
    assert.equal(stdout.includes('\u001b'), false, 'colours are for terminals');
    // A machine without a network has that as its problem.
    assert.equal(code, /✗ This computer has no address/.test(stdout) ? 1 : 0);
  });

  test('help, and wrong usage in one line', LIMIT, async (t) => {
    const help = await start(t, '--help').ended;
    assert.equal(help.code, 0);
    assert.match(help.stdout, /^Usage: npm run doctor -- /);
    for (const [args, says] of [
      [['--nonsense'], /'--nonsense'/],
      [['http://example.org'], /not a STUN or TURN URL, nor a whole invitation/],
      [
        ['stun.example.org'],
        /not a STUN or TURN URL: stun\.example\.org\. One looks like stun:stun\.example\.org/,
      ],
      [['turn:example.org'], /needs --username and --credential/],
      [['--timeout', 'soon'], /--timeout must be a number/],
      [['--room', 'R', '--token', 'T'], /say where to meet/],
    ] as const) {
      const { code, stdout, stderr } = await start(t, ...args).ended;
      assert.deepEqual([code, stdout], [2, ''], args.join(' '));
      assert.match(stderr, says);
      assert.match(stderr, /^millrace-doctor: [^\n]*\nTry --help\.\n$/);
    }
  });

  test('a server with two addresses shows that there is no NAT', LIMIT, async (t) => {
    const port = await stunServer(t);
    const { code, found } = await diagnosis(t, `stun:127.0.0.1:${port}`);
    const { nat, servers } = found;
    assert.deepEqual(
      [nat?.kind, nat?.mapping, nat?.filtering, nat?.mapped],
      ['open', 'none', 'endpoint-independent', nat?.local],
    );
    assert.ok((servers[0]?.milliseconds ?? Number.NaN) >= 0);
    assert.ok(found.connections.every(({ works }) => works));
    assert.deepEqual(
      found.advice.filter(({ level, code: each }) => level === 'problem' && each !== 'NO_NETWORK'),
      [],
    );
    assert.equal(code, found.advice.some(({ level }) => level === 'problem') ? 1 : 0);
  });

  test('a symmetric NAT without a relay is a problem', LIMIT, async (t) => {
    let count = 0;
    const port = await stunServer(t, () => ({ address: '127.0.0.9', port: 40_000 + count++ }));
    const { code, found } = await diagnosis(t, `stun:127.0.0.1:${port}`);
    assert.equal(code, 1);
    assert.equal(found.nat?.kind, 'symmetric');
    const codes = found.advice.map((each) => each.code);
    assert.ok(codes.includes('NEEDS_RELAY') && codes.includes('NAT_SYMMETRIC'), codes.join());
  });

  for (const [kind, portSeenBy] of [
    ['cone-of-unknown-filter', (_: number, port: number) => port],
    ['symmetric', (server: number, port: number) => (port + server) % 65_536 || 1],
  ] as const) {
    test(`two servers with one address each tell a NAT that is ${kind}`, LIMIT, async (t) => {
      const urls = await Promise.all(
        ['127.0.0.1', '127.0.0.2'].map((address, i) =>
          plainStunServer(t, address, ({ port }) => ({ address: '127.0.0.9', port: portSeenBy(i, port) })),
        ),
      );
      const { found } = await diagnosis(t, ...urls);
      assert.deepEqual([found.nat?.kind, found.nat?.servers], [kind, urls]);
    });
  }

  const failing: Array<
    [says: string, server: (t: TestContext) => Promise<string>, code: ServerFailureCode, message: RegExp]
  > = [
    [
      'a port that is closed',
      async () => `stun:127.0.0.1:${await closedPort()}`,
      'REFUSED',
      /nobody listens at its UDP port \d+/,
    ],
    [
      'a server that is silent',
      async (t) => `stun:127.0.0.1:${await silentServer(t)}`,
      'SILENT',
      /does not answer/,
    ],
    ["a name that is nobody's", async () => 'stun:no..name', 'DNS', /name no\.\.name/],
    [
      'a password that is wrong',
      async (t) => `turn:127.0.0.1:${await refusingServer(t, 401, 'Unauthorized')}`,
      'CREDENTIALS',
      /does not take this user name and password \(401 Unauthorized\)/,
    ],
    [
      'a quota that is used up',
      async (t) => `turn:127.0.0.1:${await refusingServer(t, 486, 'Allocation Quota Reached')}`,
      'QUOTA',
      /\(486 /,
    ],
    [
      'a server that answers STUN alone',
      async (t) => `turn:127.0.0.1:${await stunServer(t)}`,
      'SAID_NO',
      /answers STUN, but does not answer who asks it to relay/,
    ],
    [
      'a TCP port that is closed',
      async () => `turn:127.0.0.1:${await closedPort()}?transport=tcp`,
      'REFUSED',
      /nobody listens at its TCP port \d+/,
    ],
    [
      'a server that speaks no TLS',
      async (t) => `turns:127.0.0.1:${await plainServer(t)}`,
      'NOT_TLS',
      /does not speak TLS/,
    ],
    ['STUN over TLS, which nobody asks', async () => 'stuns:127.0.0.1', 'UNSUPPORTED', /use stun: or turns:/],
  ];
  for (const [says, server, failure, message] of failing) {
    test(`${says} is told: ${failure}`, LIMIT, async (t) => {
      const { code, found } = await diagnosis(
        t,
        await server(t),
        ...KNOWN,
        '--timeout',
        SILENCE[failure] ?? '60',
      );
      assert.equal(code, 1);
      assert.equal(found.servers[0]?.failure?.code, failure);
      assert.match(found.servers[0]?.failure?.message ?? '', message);
      assert.ok(found.advice.some((each) => each.level === 'problem' && each.code === `SERVER_${failure}`));
    });
  }

  test('what a server says cannot steer the terminal', LIMIT, async (t) => {
    const port = await refusingServer(t, 400, 'no\u001b]0;title\u0007\nnext');
    const { code, stdout } = await start(t, `stun:127.0.0.1:${port}`).ended;
    assert.equal(code, 1);
    assert.match(stdout, /says 400 no\?\]0;title\?\?next/);
    assert.equal(stdout.includes('\u001b'), false);
  });

  test('two of them meet, and both tell by which pair', LIMIT, async (t) => {
    const first = start(t, '--serve', '--host', '127.0.0.1');
    const second = start(t, await first.printed(/'(http:\S+)'/));
    for (const { code, stdout, stderr } of await Promise.all([first.ended, second.ended])) {
      assert.match(stdout, /other side: host \S+ → \w+ \S+, in/, stderr);
      assert.match(stdout, /✓ The other side was reached directly\./);
      assert.equal(code, /✗/.test(stdout) ? 1 : 0);
    }
  });

  test('a meeting that nobody comes to ends with an interrupt', LIMIT, async (t) => {
    const waiting = start(t, '--serve', '--host', '127.0.0.1');
    await waiting.printed(/'(http:\S+)'/);
    waiting.child.kill('SIGINT');
    const { code, stderr } = await waiting.ended;
    assert.equal(code, 130);
    assert.match(stderr, /interrupted/);
  });
});
