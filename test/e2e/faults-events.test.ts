import { randomUUID } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it, type TestContext } from 'vitest';
import { messageGroupOf } from '../../lambdas/aws/sqs-message.ts';
import type { Template } from '../../local/template/template.ts';
import { withoutGrant, withVariables } from '../support/changed-template.ts';
import { logOf } from '../support/client-log.ts';
import { startTestParley, type TestParley, type TestParleyOptions, withProperties } from '../support/parley.ts';
import type { Document, PlainClient } from '../support/plain-client.ts';
import { storedItems } from '../support/stored-items.ts';

const directory = mkdtempSync(join(tmpdir(), 'parley-faults-'));
const processes = join(directory, 'processes');
mkdirSync(processes);
afterAll(() => rmSync(directory, { recursive: true }));

/** A death is over after 12 s instead of 45; that is at least the timeout and the 5 s that `deliver` wants to have left. */
const VISIBILITY_S = 12;
const TIMEOUT_S = 6;

function impatient(template: Template): Template {
  const withQueue = withProperties(template, 'ChannelQueue', (queue) => ({
    ...queue,
    VisibilityTimeout: VISIBILITY_S,
  }));
  const withTimeout = withProperties(withQueue, 'Deliver', (deliver) => ({ ...deliver, Timeout: TIMEOUT_S }));
  return withVariables(withTimeout, 'Deliver', {
    VISIBILITY_TIMEOUT: String(VISIBILITY_S),
    NODE_OPTIONS: `--import ${new URL('../support/process-note.ts', import.meta.url).href}`,
    PROCESS_NOTES: processes,
  });
}

/** Kills all processes of `deliver`. */
function killDeliver(): void {
  for (const pid of readdirSync(processes)) {
    rmSync(join(processes, pid));
    process.kill(Number(pid), 'SIGKILL');
  }
}

/** A stack for one test; where that fails, what the server has said is printed. */
async function started(test: TestContext, options: TestParleyOptions): Promise<TestParley> {
  const parley = await startTestParley(options);
  test.onTestFinished(() => parley.close());
  test.onTestFailed(() => console.error(parley.lines.slice(-200).join('\n')));
  return parley;
}

async function joined(parley: TestParley, user: string, channels: readonly string[]): Promise<PlainClient> {
  const client = await parley.connect(user, { channels });
  for (const channel of channels) await client.next({ type: 'subscribed', channel });
  return client;
}

// most of their time they wait for what must come back: side by side they take half of it
describe.concurrent('a channel', { timeout: 120_000 }, () => {
  it('loses nothing where the function is killed in the middle of a batch', async (test) => {
    const parley = await started(test, { changeTemplate: impatient });
    const readers = await Promise.all(['alice', 'bob', 'carol'].map((user) => joined(parley, user, ['general'])));
    const [alice] = readers as [PlainClient];
    const wanted = Array.from({ length: 200 }, (_, i) => i);
    const death = parley.line(/^sqs ChannelQueue ×\d+ → Deliver .*signal: killed/);
    // the first reader has a message of the batch, and the others' posts are under way
    const killAtMessage = (frame: { toString(): string }) => {
      if (frame.toString().includes('"type":"message"')) killDeliver();
    };
    alice.socket.on('message', killAtMessage);
    const killed = death.then(() => alice.socket.off('message', killAtMessage));

    for (let from = 0; from < wanted.length; from += 10) {
      const frame = wanted
        .slice(from, from + 10)
        .map((data) => ({ action: 'sendMessage', channel: 'general', data, id: `m${data}` }));
      alice.send(...frame);
      await Promise.all(frame.map(({ id }) => alice.next({ type: 'ack', id })));
    }
    await killed;
    // first comes the dead worker's batch, and only then what waits behind it
    for (const count of [20, wanted.length]) {
      const has = (reader: PlainClient) => logOf(reader, 'general').length >= count;
      await Promise.all(readers.map((reader) => reader.until(() => has(reader), `${count} messages`)));
    }
    for (const reader of readers) {
      expect(logOf(reader, 'general').map(({ data }) => data)).toEqual(wanted);
      expect(logOf(reader, 'general')).toEqual(logOf(alice, 'general'));
    }
    const [head] = await storedItems(parley.served, 'Channels', 'CHAN#general');
    const rows = await storedItems(parley.served, 'Channels', `LOG#general#${head?.epoch}`);
    expect(rows.map(({ id }) => id)).toEqual(logOf(alice, 'general').map(({ id }) => id));
  });

  it('parks an event that cannot be handled, and goes on; no other channel is stopped by it', async (test) => {
    const parley = await started(test, {});
    const [alice, bob] = await Promise.all(
      ['alice', 'bob'].map((user) => joined(parley, user, ['senseless', 'garbled', 'calm'])),
    );
    const { queues, stack } = parley.served;
    const queue = (logicalId: string) =>
      queues.byArn(stack.queues.find((one) => one.logicalId === logicalId)?.arn ?? '');
    const parked = queue('ChannelQueueDeadLetters');
    const senseless = JSON.stringify({ v: 1, type: 'nonsense', channel: 'senseless' });
    const poison = [
      ['senseless', senseless],
      ['garbled', '{"v":1,'],
    ] as const;
    queue('ChannelQueue').sendAll(
      poison.map(([channel, body]) => ({ body, groupId: messageGroupOf(channel), deduplicationId: randomUUID() })),
    );
    const channels = ['senseless', 'garbled', 'calm'];
    alice?.send(...channels.map((channel) => ({ action: 'sendMessage', channel, data: `after, in ${channel}` })));

    const isCalm = ({ type, channel }: Document) => type === 'message' && channel === 'calm';
    await bob?.until(() => bob.documents.some(isCalm), 'the message of the channel without poison');
    for (const client of [alice, bob]) {
      for (const channel of channels) {
        expect(await client?.next({ type: 'message', channel })).toMatchObject({ data: `after, in ${channel}` });
      }
    }
    await test.expect.poll(() => parked.counts().visible, { timeout: 20_000, interval: 20 }).toBe(2);
    const letters = parked.receive({ max: 10 });
    const of = (part: string) => letters.find(({ body }) => body.includes(part));
    expect(of('nonsense')).toMatchObject({ body: senseless, groupId: messageGroupOf('senseless') });
    expect(JSON.parse(of('unreadable')?.body ?? '')).toMatchObject({ body: '{"v":1,' });
    for (const { attributes } of letters) expect(attributes?.why?.StringValue).toContain('failed 2 times by itself');
  });

  it('has what could not be delivered for want of a grant, once a stack is started that gives it', async (test) => {
    const dataDirectory = join(directory, 'data');
    const denied = await started(test, {
      dataDirectory,
      changeTemplate: (template) =>
        withoutGrant(template, 'Deliver', (action) => action === 'execute-api:ManageConnections'),
    });
    const alice = await denied.connect('alice', { channels: ['general'] });
    const message = { action: 'sendMessage', channel: 'general', data: 'hello', id: 'm1' };
    expect(await alice.ask(message)).toMatchObject({ type: 'ack' });
    const { functions, webSocketApis } = denied.served.stack;
    const name = functions.find(({ logicalId }) => logicalId === 'Deliver')?.name;
    const resource = `arn:aws:execute-api:us-east-1:000000000000:${webSocketApis[0]?.apiId}/live/POST/@connections/{connectionId}`;
    const why = `assumed-role/${name}/${name} is not authorized to perform: execute-api:ManageConnections on resource: ${resource}`;
    expect(await denied.line(/^AccessDenied/)).toContain(why);
    await denied.close();

    const granted = await started(test, { dataDirectory });
    const bob = await granted.connect('bob', { channels: ['general'] });
    expect(await bob.next({ type: 'subscribed' })).toMatchObject({ offset: 1 });
    await bob.ask({ ...message, id: 'm2', data: 'hello again' });
    expect(await bob.next({ type: 'message' })).toMatchObject({ offset: 2, data: 'hello again' });
  });
});
