import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import { GetCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { mockClient } from 'aws-sdk-client-mock';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { dynamoConnections } from '../../../lambdas/aws/dynamo-connections.ts';
import { Unavailable } from '../../../lambdas/chat/errors.ts';
import type { Connection, Connections, NotedRequest } from '../../../lambdas/chat/ports.ts';
import { afterNext, startTables, type Tables } from './tables.ts';

const CONNECTED = 1_764_000_000_500;
const LIFETIME = 2 * 60 * 60 + 10 * 60;
const EXPIRES_AT = Math.floor(CONNECTED / 1000) + LIFETIME;
const alice: Connection = {
  id: 'c1',
  user: 'alice',
  format: 'json',
  connectedAt: CONNECTED,
  channels: {},
  ends: {},
};

let tables: Tables;
let table: string;
let now: number;
let connections: Connections;

beforeAll(async () => {
  tables = await startTables();
});
afterAll(() => tables[Symbol.asyncDispose]());
beforeEach(async () => {
  table = await tables.create();
  now = CONNECTED;
  connections = dynamoConnections(tables.client, table, () => now);
});

const numbered = (from: number, count: number) =>
  Object.fromEntries(Array.from({ length: count }, (_, i) => [`channel-${from + i}`, `s${from + i}`]));
/** Requests by their tokens, none of which ends. */
const requests = (tokens: Readonly<Record<string, string>>): Record<string, NotedRequest> =>
  Object.fromEntries(Object.entries(tokens).map(([channel, token]) => [channel, { token }]));
const note = (tokens: Readonly<Record<string, string>>, capacity: number) =>
  connections.note('c1', requests(tokens), capacity);

describe('a record', () => {
  it('is read as it was created', async () => {
    const connection: Connection = {
      ...alice,
      expires: 1_764_003_600,
      info: { name: '', deep: [{ n: 1e300, nothing: null }] },
      caps: [{ channels: ['news:*'], match: 'wildcard', allow: ['sub', 'pub'] }],
      serverChannels: ['news:a', '#c1'],
      format: 'centrifuge',
      channels: { general: 's1' },
    };
    await connections.create(connection);
    expect(await connections.read('c1')).toEqual(connection);
  });

  it('of an anonymous user, whose name is empty, is read as it was created', async () => {
    await connections.create({ ...alice, user: '' });
    expect(await connections.read('c1')).toEqual({ ...alice, user: '' });
    // DynamoDB refuses an empty text as the key of an index
    expect((await tables.items(table))[0]).not.toHaveProperty('userKey');
  });

  it('expires 2 hours and 10 minutes after the connection was made, in seconds', async () => {
    await connections.create(alice);
    expect(await tables.items(table)).toMatchObject([{ pk: 'CONN#c1', sk: 'CONN', expiresAt: EXPIRES_AT }]);
  });

  it('is found by its user and by the whole minute in which it was made', async () => {
    await connections.create(alice);
    expect(await tables.items(table)).toMatchObject([{ userKey: 'alice', minute: Math.floor(CONNECTED / 60_000) }]);
  });

  it('that has expired is seen by nobody, though DynamoDB still has it', async () => {
    await connections.create({ ...alice, channels: { news: 's2' } });
    now = CONNECTED + LIFETIME * 1000 - 1000;
    expect(await connections.read('c1')).toBeDefined();
    now += 1000;
    expect(await connections.read('c1')).toBeUndefined();
    expect(await note({ general: 's1' }, 128)).toBe('gone');
    expect(await connections.refresh('c1', { user: 'alice' })).toBe(false);
    expect(await connections.extend('c1', 'news', 's2', 1)).toBe(false);
  });

  it('of an older version, without channels, names none and can be added to', async () => {
    await tables.put(table, {
      pk: 'CONN#c1',
      sk: 'CONN',
      user: 'alice',
      connectedAt: CONNECTED,
      expiresAt: EXPIRES_AT,
    });
    expect(await connections.read('c1')).toEqual(alice);
    expect(await note({ general: 's1' }, 128)).toBe('noted');
    expect(await connections.read('c1')).toEqual({ ...alice, channels: { general: 's1' } });
  });

  it('that was removed is gone; removing it again is no error', async () => {
    await connections.create(alice);
    await connections.remove('c1');
    await connections.remove('c1');
    expect(await connections.read('c1')).toBeUndefined();
  });
});

describe('note', () => {
  it('adds the requests of a frame to those that are there, the later one of a channel in place of the earlier', async () => {
    await connections.create(alice);
    expect(await note({ general: 's1', news: 's2' }, 128)).toBe('noted');
    expect(await note({ general: 'u3', chat: 's4' }, 128)).toBe('noted');
    expect((await connections.read('c1'))?.channels).toEqual({ general: 'u3', news: 's2', chat: 's4' });
  });

  it('says that the connection is gone, and makes no record', async () => {
    expect(await note({ general: 's1' }, 128)).toBe('gone');
    expect(await tables.items(table)).toEqual([]);
  });

  it('takes 128 names of 255 characters at once, and again one by one', async () => {
    const long = Object.fromEntries(Array.from({ length: 128 }, (_, i) => [String(i).padStart(255, 'x'), `s${i}`]));
    await connections.create(alice);
    expect(await note(long, 128)).toBe('noted');
    expect((await connections.read('c1'))?.channels).toEqual(long);
    const again = Object.fromEntries(Object.keys(long).map((name, i) => [name, `u${i}`]));
    expect(await note(again, 128)).toBe('noted');
    expect((await connections.read('c1'))?.channels).toEqual(again);
  });

  it('takes as many names as a raised capacity allows', async () => {
    await connections.create(alice);
    expect(await note(numbered(0, 500), 500)).toBe('noted');
    expect(Object.keys((await connections.read('c1'))?.channels ?? {})).toHaveLength(500);
  });

  it('notes nothing of a frame with which the record would name more than its capacity', async () => {
    await connections.create(alice);
    await note(numbered(0, 3), 5);
    expect(await note(numbered(3, 3), 5)).toBe('full');
    expect((await connections.read('c1'))?.channels).toEqual(numbered(0, 3));
    expect(await note(numbered(3, 2), 5)).toBe('noted');
    expect(await note({ another: 's9' }, 5)).toBe('full');
  });

  it('does not count names that are there already', async () => {
    await connections.create(alice);
    await note(numbered(0, 4), 5);
    expect(await note({ ...numbered(0, 4), another: 's9' }, 5)).toBe('noted');
    expect(await note({ ...numbered(0, 4), other: 's10' }, 5)).toBe('full');
    expect(Object.keys((await connections.read('c1'))?.channels ?? {})).toHaveLength(5);
  });

  it('lets a record that is beyond a lowered capacity change the names that it has', async () => {
    await connections.create({ ...alice, channels: numbered(0, 6) });
    expect(await note({ 'channel-1': 'u1' }, 5)).toBe('noted');
    expect(await note({ another: 's1' }, 5)).toBe('full');
  });

  it('never passes the capacity, nor loses a request, when frames come side by side', async () => {
    await connections.create({ ...alice, channels: numbered(0, 10) });
    const frames = Array.from({ length: 8 }, (_, i) => ({ [`channel-${i}`]: `u${i}`, [`new-${i}`]: `s${i}` }));
    const outcomes = await Promise.all(frames.map((frame) => note(frame, 15)));
    const { channels = {} } = (await connections.read('c1')) ?? {};
    expect(outcomes.filter((outcome) => outcome === 'noted')).toHaveLength(5);
    expect(Object.keys(channels)).toHaveLength(15);
    for (const [i, frame] of frames.entries()) {
      if (outcomes[i] === 'noted') expect(channels).toMatchObject(frame);
      else expect(channels).not.toHaveProperty(`new-${i}`);
    }
  });

  it('decides again where the record has changed between reading and writing, though it names as many as before', async () => {
    await connections.create({ ...alice, channels: { general: 's1', news: 's2' } });
    const client = afterNext(tables.client, GetCommand, async () => {
      await connections.forget('c1', 'general', 's1');
      await note({ other: 's5' }, 3);
    });
    const overtaken = dynamoConnections(client, table, () => now);
    expect(await overtaken.note('c1', requests({ general: 's3', chat: 's4' }), 3)).toBe('full');
    expect((await connections.read('c1'))?.channels).toEqual({ news: 's2', other: 's5' });
  });

  it('gives up as unavailable where the record changes each time between reading and writing', async () => {
    const client = mockClient(tables.client);
    try {
      client.on(GetCommand).resolves({ Item: { user: 'alice', expiresAt: CONNECTED, channels: {}, changes: 1 } });
      client.on(UpdateCommand).rejects(new ConditionalCheckFailedException({ message: '', $metadata: {} }));
      await expect(note({ general: 's1' }, 128)).rejects.toThrow(Unavailable);
    } finally {
      client.restore();
    }
  });

  it.each(['__proto__', 'constructor', 'toString', 'a.b[0]', '#0', ':c0'])('keeps a channel named %s', async (name) => {
    await connections.create(alice);
    expect((await connections.read('c1'))?.channels[name]).toBeUndefined();
    expect((await connections.read('c1'))?.ends[name]).toBeUndefined();
    expect(await connections.note('c1', JSON.parse(`{${JSON.stringify(name)}:{"token":"s1"}}`), 1)).toBe('noted');
    expect((await connections.read('c1'))?.channels[name]).toBe('s1');
    // through the path for what does not fit as new, too
    expect(await connections.note('c1', JSON.parse(`{${JSON.stringify(name)}:{"token":"u2","expires":7}}`), 1)).toBe(
      'noted',
    );
    expect((await connections.read('c1'))?.channels[name]).toBe('u2');
    expect((await connections.read('c1'))?.ends[name]).toBe(7);
    await connections.forget('c1', name, 'u2');
    expect(Object.keys((await connections.read('c1'))?.channels ?? {})).toEqual([]);
  });
});

describe('forget', () => {
  it('takes a channel out only while its latest request is this one', async () => {
    await connections.create({ ...alice, channels: { general: 's2', news: 's3' } });
    await connections.forget('c1', 'general', 'u1');
    expect((await connections.read('c1'))?.channels).toEqual({ general: 's2', news: 's3' });
    await connections.forget('c1', 'general', 's2');
    expect((await connections.read('c1'))?.channels).toEqual({ news: 's3' });
  });

  it('makes no record where there is none', async () => {
    await connections.forget('c1', 'general', 's1');
    expect(await tables.items(table)).toEqual([]);
  });
});

describe('refresh', () => {
  it('puts what the new token says in the place of the old one, and takes away what it lacks', async () => {
    await connections.create({ ...alice, expires: 1, info: { old: true }, channels: { general: 's1' } });
    const caps = [{ channels: ['a'], allow: ['pub' as const] }];
    expect(await connections.refresh('c1', { user: 'alice', expires: 2, caps })).toBe(true);
    expect(await connections.read('c1')).toEqual({ ...alice, expires: 2, caps, channels: { general: 's1' } });
    expect(await connections.refresh('c1', { user: 'alice' })).toBe(true);
    expect(await connections.read('c1')).toEqual({ ...alice, channels: { general: 's1' } });
    const all = { user: 'alice', expires: 3, info: 'i', caps, serverChannels: ['news'] };
    expect(await connections.refresh('c1', all)).toBe(true);
    expect(await connections.read('c1')).toEqual({ ...alice, ...all, channels: { general: 's1' } });
  });

  it('makes an anonymous connection that of a user, by whom it is found then, and the other way round', async () => {
    await connections.create({ ...alice, user: '', expires: 0 });
    expect(await connections.refresh('c1', { user: 'bob', serverChannels: ['a'] })).toBe(true);
    expect(await connections.read('c1')).toEqual({ ...alice, user: 'bob', serverChannels: ['a'] });
    expect(await tables.items(table)).toMatchObject([{ userKey: 'bob' }]);
    expect(await connections.refresh('c1', { user: '' })).toBe(true);
    expect(await connections.read('c1')).toEqual({ ...alice, user: '' });
    expect((await tables.items(table))[0]).not.toHaveProperty('userKey');
  });

  it('changes the format where one is given, and only there', async () => {
    await connections.create(alice);
    expect(await connections.refresh('c1', { user: 'alice' }, 'centrifuge')).toBe(true);
    expect(await connections.refresh('c1', { user: 'alice' })).toBe(true);
    expect(await connections.read('c1')).toEqual({ ...alice, format: 'centrifuge' });
  });

  it('says that there is no record, and makes none', async () => {
    expect(await connections.refresh('c1', { user: 'alice', expires: 2 })).toBe(false);
    expect(await tables.items(table)).toEqual([]);
  });
});
