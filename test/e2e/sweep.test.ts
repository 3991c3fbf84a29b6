import { describe, expect, it } from 'vitest';
import type { Template } from '../../local/template/template.ts';
import { withoutGrant, withVariables } from '../support/changed-template.ts';
import { useParley } from '../support/parley.ts';
import type { PlainClient } from '../support/plain-client.ts';
import { changeItem, type Item, storedItems, storedReaders } from '../support/stored-items.ts';

/** How often a connection is visited, in minutes, and in which minute of its life first. */
const INTERVAL_MIN = 9;
const FIRST_MIN = 8;
/** How long the sweep may take for what it should do. Only spent where a test fails. */
const PATIENCE = { timeout: 20_000, interval: 100 };

const CONNECTION_EXPIRED = { code: 3005, reason: 'connection expired' };

/** A stack that is never told of a disconnect, and lets in who has no token. */
function changeTemplate(template: Template): Template {
  const deaf = withoutGrant(template, 'Disconnect', () => true);
  const open = withVariables(deaf, 'Authorizer', { HANDSHAKE: 'open' });
  return withVariables(open, 'Sweep', { PING_INTERVAL: String(INTERVAL_MIN) });
}

const parley = useParley({ changeTemplate, scheduleMinuteMs: 1_000 });

/** What a handshake has made, and the id of its connection. */
async function connected(handshake: () => Promise<PlainClient>): Promise<{ client: PlainClient; id: string }> {
  const from = parley.lines.length;
  const client = await handshake();
  const line = await parley.line(/^ws \S+: connected/, from);
  return { client, id: String(/^ws (\S+):/.exec(line)?.[1]) };
}

/** Connects a reader of a channel, and waits until it has its row. */
async function reader(user: string, channel: string): Promise<{ client: PlainClient; id: string }> {
  const made = await connected(() => parley.connect(user, { channels: [channel] }));
  await made.client.next({ type: 'subscribed' });
  // the row is written after the client was told
  await expect.poll(async () => (await storedReaders(parley.served, channel)).get(user), PATIENCE).toBe(made.id);
  return made;
}

const recordOf = async (id: string): Promise<Item | undefined> =>
  (await storedItems(parley.served, 'Connections', `CONN#${id}`))[0];

/**
 * Sets back when a connection was made, so that it is due for the sweep of this minute, and changes more of its record;
 * over and over, since a minute passes, until what is waited for is so.
 */
async function sweptUntil(id: string, reached: () => boolean | Promise<boolean>, changes: Item = {}): Promise<void> {
  await expect
    .poll(async () => {
      const minute = Math.floor(Date.now() / 60_000) - FIRST_MIN;
      await changeItem(parley.served, 'Connections', { pk: `CONN#${id}`, sk: 'CONN' }, { minute, ...changes });
      return reached();
    }, PATIENCE)
    .toBe(true);
}

const secondsAgo = (seconds: number) => Math.floor(Date.now() / 1000) - seconds;

describe('the sweep', () => {
  it('pings who is there, each in its own format', async () => {
    const { client: alice, id: ofAlice } = await connected(() => parley.connect('alice'));
    await sweptUntil(ofAlice, () => alice.documents.length > 0);
    expect(alice.documents[0]).toEqual({ type: 'ping' });

    const { client: bob, id: ofBob } = await connected(() => parley.connect('bob'));
    expect(await bob.ask({ id: 1, connect: {} })).toMatchObject({ connect: { client: ofBob } });
    await sweptUntil(ofBob, () => bob.documents.length > 1);
    expect(bob.documents[1]).toEqual({});
    for (const client of [alice, bob]) expect(client.socket.readyState).toBe(client.socket.OPEN);
  });

  it('finds who has vanished without a disconnect: the others see it leave', async () => {
    const { client: alice } = await reader('alice', 'vanish');
    const { client: carol, id } = await reader('carol', 'vanish');
    await alice.next({ type: 'join', user: 'carol' });
    const from = parley.lines.length;
    carol.socket.terminate();
    await parley.line(/→ Disconnect .*AccessDenied/, from);
    expect((await storedReaders(parley.served, 'vanish')).get('carol')).toBe(id);

    await sweptUntil(id, async () => (await recordOf(id)) === undefined);
    expect(await alice.next({ type: 'leave' })).toEqual({ type: 'leave', channel: 'vanish', user: 'carol' });
    await expect
      .poll(async () => [...(await storedReaders(parley.served, 'vanish')).keys()], PATIENCE)
      .toEqual(['alice']);
  });

  it('ends who has let its token expire, and tells it why; its readers see it leave', async () => {
    const { client: alice } = await reader('alice', 'expiry');
    const { client: dave, id } = await reader('dave', 'expiry');
    await alice.next({ type: 'join', user: 'dave' });
    await sweptUntil(id, async () => (await recordOf(id)) === undefined, { expires: secondsAgo(60) });
    await dave.closed;
    expect(dave.documents.at(-1)).toEqual({ type: 'disconnect', ...CONNECTION_EXPIRED });
    expect(await alice.next({ type: 'leave' })).toEqual({ type: 'leave', channel: 'expiry', user: 'dave' });
    expect(alice.socket.readyState).toBe(alice.socket.OPEN);
  });

  it('tells an SDK the same in its own format', async () => {
    const { client: erin, id } = await connected(() => parley.connect('erin'));
    await erin.ask({ id: 1, connect: {} });
    await sweptUntil(id, async () => (await recordOf(id)) === undefined, { expires: secondsAgo(60) });
    await erin.closed;
    expect(erin.documents.at(-1)).toEqual({ push: { disconnect: CONNECTION_EXPIRED } });
  });

  it('leaves who may just be bringing a new token its time', async () => {
    const { client: frank, id } = await connected(() => parley.connect('frank'));
    await sweptUntil(id, () => frank.documents.length > 0, { expires: secondsAgo(1) });
    expect(frank.documents[0]).toEqual({ type: 'ping' });
    expect(await frank.ask({ action: 'refresh', token: await parley.token('frank'), id: 'r1' })).toMatchObject({
      type: 'refreshed',
    });
  });

  it('ends who was let in without a token, and never named one', async () => {
    const { client: nobody, id } = await connected(() => parley.handshake());
    expect(await recordOf(id)).toMatchObject({ user: '', expires: 0 });
    await sweptUntil(id, async () => (await recordOf(id)) === undefined);
    await nobody.closed;
    expect(nobody.documents).toEqual([{ type: 'disconnect', ...CONNECTION_EXPIRED }]);
  });

  it('ends a subscription whose own token has expired, and not the connection', async () => {
    const { client: alice, id } = await connected(() => parley.connect('alice'));
    const token = await parley.token('alice', { claims: { channel: '$secret' } });
    expect(await alice.ask({ action: 'subscribe', channel: '$secret', token, id: 's1' })).toMatchObject({
      type: 'subscribed',
    });
    const { channels } = (await recordOf(id)) as { channels: Record<string, string> };
    const isOver = { 'end#$secret': `${channels['#$secret']} ${secondsAgo(60)}` };
    await sweptUntil(id, () => alice.documents.some(({ type }) => type === 'unsubscribed'), isOver);
    expect(await alice.next({ type: 'unsubscribed' })).toEqual({
      type: 'unsubscribed',
      channel: '$secret',
      code: 2501,
      reason: 'subscription expired',
    });
    expect(await alice.ask({ action: 'ping', id: 'p1' })).toMatchObject({ type: 'pong' });
    expect((await storedReaders(parley.served, '$secret')).size).toBe(0);
  });
});
