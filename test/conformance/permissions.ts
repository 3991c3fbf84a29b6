import { expect } from 'vitest';
import type { ClientKind, Participant } from './participant.ts';
import { forBoth, type Scenario, scenario } from './scenario.ts';
import type { Stage } from './stage.ts';

const needs = { needsApp: true };
const denied = { code: 'permission_denied' };

/** A user with these `caps`. */
const withCaps = (stage: Stage, kind: ClientKind, ...caps: readonly object[]): Promise<Participant> =>
  stage.join(kind, 'alice', { claims: { caps } });

/** What is allowed, and by what. */
export const permissions: readonly Scenario[] = [
  ...forBoth('lets nobody publish who does not read, where only readers may', async (stage, kind) => {
    const channel = stage.channel();
    const alice = await stage.join(kind, 'alice');
    await expect(alice.publish(channel, 1)).rejects.toMatchObject(denied);
    await expect(alice.history(channel, { limit: 1 })).rejects.toMatchObject(denied);
    await expect(alice.presence(channel)).rejects.toMatchObject(denied);
    await alice.subscribe(channel);
    await alice.publish(channel, 2);
    await alice.untilMessages(channel, 1);
    expect(await alice.history(channel, { limit: 1 })).toMatchObject({ offset: 1, messages: [{ data: 2 }] });
    expect(await alice.presence(channel)).toEqual(new Map([['alice', 1]]));
    await alice.unsubscribe(channel);
    await expect(alice.publish(channel, 3)).rejects.toMatchObject(denied);
  }),

  ...forBoth('does not know a namespace that is not configured', async (stage, kind) => {
    const channel = stage.channel('nowhere:');
    const alice = await stage.join(kind, 'alice');
    const unknown = { code: 'unknown_channel' };
    await expect(alice.subscribe(channel)).rejects.toMatchObject(unknown);
    await expect(alice.publish(channel, 1)).rejects.toMatchObject(unknown);
    await expect(alice.history(channel, { limit: 1 })).rejects.toMatchObject(unknown);
    await expect(alice.presence(channel)).rejects.toMatchObject(unknown);
  }),

  ...forBoth(
    'refuses all that nothing allows',
    async (stage, kind) => {
      const [closed, notices] = [stage.channel('closed:'), stage.channel('notices:')];
      const alice = await stage.join(kind, 'alice');
      await expect(alice.subscribe(closed)).rejects.toMatchObject(denied);
      for (const channel of [closed, notices]) {
        await expect(alice.publish(channel, 1)).rejects.toMatchObject(denied);
        await expect(alice.history(channel, { limit: 1 })).rejects.toMatchObject(denied);
        await expect(alice.presence(channel)).rejects.toMatchObject(denied);
      }
      await alice.subscribe(notices);
      await expect(alice.publish(notices, 1)).rejects.toMatchObject(denied);
      await expect(alice.history(notices, { limit: 1 })).rejects.toMatchObject(denied);
      await expect(alice.presence(notices)).rejects.toMatchObject(denied);
      await stage.api('publish', { channel: notices, data: 'by the owner' });
      await alice.untilMessages(notices, 1);
    },
    needs,
  ),

  ...forBoth(
    'tells of what a namespace does not have before what is not allowed',
    async (stage, kind) => {
      const channel = stage.channel('live:');
      const alice = await stage.join(kind, 'alice');
      await expect(alice.history(channel, { limit: 1 })).rejects.toMatchObject({ code: 'not_available' });
      await expect(alice.presence(channel)).rejects.toMatchObject({ code: 'not_available' });
      expect(await stage.api('history', { channel })).toMatchObject({ error: { code: 108 } });
      expect(await stage.api('presence', { channel })).toMatchObject({ error: { code: 108 } });
    },
    needs,
  ),

  ...forBoth(
    'is given by caps: by a name, a pattern, an expression, for what they say',
    async (stage, kind) => {
      const name = stage.channel('closed:');
      const alice = await withCaps(
        stage,
        kind,
        { channels: [name], allow: ['sub'] },
        { channels: [`${name}-*`], match: 'wildcard', allow: ['sub', 'pub'] },
        { channels: [`^${name}/?[0-9]+$`], match: 'regex', allow: ['sub', 'hst', 'prs'] },
      );
      await alice.subscribe(name);
      await expect(alice.publish(name, 1)).rejects.toMatchObject(denied);
      await expect(alice.subscribe(`${name}x`)).rejects.toMatchObject(denied);

      await alice.publish(`${name}-a`, 1);
      await alice.subscribe(`${name}-a`, { since: { epoch: '', offset: 0 } });
      await alice.untilMessages(`${name}-a`, 1);
      await expect(alice.history(`${name}-a`, { limit: 1 })).rejects.toMatchObject(denied);

      await expect(alice.publish(`${name}7`, 1)).rejects.toMatchObject(denied);
      expect(await alice.history(`${name}7`, { limit: 1 })).toMatchObject({ messages: [] });
      await alice.subscribe(`${name}7`);
      expect(await alice.presence(`${name}7`)).toEqual(new Map([['alice', 1]]));
      await expect(alice.subscribe(`${name}7a`)).rejects.toMatchObject(denied);
    },
    needs,
  ),

  ...forBoth(
    'is the listed users’ alone where a channel lists them',
    async (stage, kind) => {
      const [anna, boris, carl] = ['anna', 'boris', 'carl'].map(stage.user) as [string, string, string];
      const channel = `${stage.channel('dm:')}#${anna},${boris}`;
      const [a, b] = [await stage.join(kind, anna), await stage.join(kind, boris)];
      for (const reader of [a, b]) await reader.subscribe(channel);
      await a.publish(channel, 'just us');
      await b.untilMessages(channel, 1);
      const caps = [{ channels: ['*'], match: 'wildcard', allow: ['sub', 'pub', 'hst', 'prs'] }];
      const c = await stage.join(kind, carl, { claims: { caps } });
      await expect(c.subscribe(channel)).rejects.toMatchObject(denied);
      await expect(c.publish(channel, 1)).rejects.toMatchObject(denied);
      await expect(c.history(channel, { limit: 1 })).rejects.toMatchObject(denied);
      await expect(c.presence(channel)).rejects.toMatchObject(denied);
      // another namespace has no such channels
      await expect(a.subscribe(`${stage.channel()}#${anna}`)).rejects.toMatchObject(denied);
    },
    needs,
  ),

  ...forBoth(
    'is an anonymous user’s as everybody’s, and no listed user’s',
    async (stage, kind) => {
      const channel = stage.channel('live:');
      const nobody = await stage.join(kind, '');
      await nobody.subscribe(channel);
      await nobody.publish(channel, 'hi');
      await nobody.untilMessages(channel, 1);
      expect(nobody.messages(channel)).toEqual([{ data: 'hi', user: '' }]);
      await expect(nobody.subscribe(`${stage.channel('dm:')}#`)).rejects.toMatchObject(denied);
      const room = stage.channel();
      await nobody.subscribe(room);
      expect(await nobody.presence(room)).toEqual(new Map([['', 1]]));
    },
    needs,
  ),

  scenario('plain', 'is asked for all of a handshake’s channels, or none', async (stage) => {
    const [channel, other] = [stage.channel(), stage.channel('$')];
    const refused = { name: 'RefusedHandshake', status: 403 };
    const attempt = (channels: string) => stage.plain('alice', { query: { channels } });
    await expect(attempt(`${channel},${other}`)).rejects.toMatchObject(refused);
    await expect(attempt(`${channel},nowhere:x`)).rejects.toMatchObject(refused);
    const bob = await stage.plain('bob', { query: { channels: channel } });
    await bob.next({ type: 'subscribed' });
    const { members } = await bob.ask({ action: 'presence', channel, id: 'p' });
    expect(members).toEqual([{ user: 'bob', connections: 1 }]);
  }),

  scenario(
    'plain',
    'changes with the token that refresh brings',
    async (stage) => {
      const channel = stage.channel('closed:');
      const client = await stage.plain('alice');
      const publish = { action: 'sendMessage', channel, data: 1 };
      expect(await client.ask({ ...publish, id: '1' })).toMatchObject({ type: 'error', code: 'permission_denied' });
      const claims = { caps: [{ channels: [channel], allow: ['pub'] }] };
      const more = { action: 'refresh', token: await stage.token('alice', { claims }), id: 'r' };
      client.send(more, { ...publish, id: '2' });
      expect(await client.next({ id: '2' })).toMatchObject({ type: 'ack' });
      await client.ask({ action: 'refresh', token: await stage.token('alice'), id: 's' });
      expect(await client.ask({ ...publish, id: '3' })).toMatchObject({ type: 'error', code: 'permission_denied' });
    },
    needs,
  ),
];
