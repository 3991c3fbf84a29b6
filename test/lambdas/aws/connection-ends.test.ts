import { UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { dynamoConnections } from '../../../lambdas/aws/dynamo-connections.ts';
import type { Connections } from '../../../lambdas/chat/ports.ts';
import { afterNext, startTables, type Tables } from './tables.ts';

const CONNECTED = 1_764_000_000_500;
const END = 1_764_000_600;

let tables: Tables;
let table: string;
let connections: Connections;

beforeAll(async () => {
  tables = await startTables();
});
afterAll(() => tables[Symbol.asyncDispose]());
beforeEach(async () => {
  table = await tables.create();
  connections = dynamoConnections(tables.client, table, () => CONNECTED);
  await connections.create({
    id: 'c1',
    user: 'alice',
    format: 'json',
    connectedAt: CONNECTED,
    channels: { general: 's1' },
    ends: {},
  });
});

const endsOf = async () => (await connections.read('c1'))?.ends;

describe('the end of a subscription by a token', () => {
  it('is noted with its request, which alone it counts for', async () => {
    expect(await connections.note('c1', { news: { token: 's2', expires: END }, chat: { token: 's3' } }, 9)).toBe(
      'noted',
    );
    expect(await endsOf()).toEqual({ news: END });
    expect(await connections.note('c1', { news: { token: 'u4' } }, 9)).toBe('noted');
    expect(await endsOf()).toEqual({});
    expect(await connections.note('c1', { news: { token: 's5', expires: END + 1 } }, 9)).toBe('noted');
    expect(await endsOf()).toEqual({ news: END + 1 });
  });

  it('is noted, too, where the record has no place for another name', async () => {
    expect(await connections.note('c1', { general: { token: 's2', expires: END } }, 1)).toBe('noted');
    expect(await endsOf()).toEqual({ general: END });
    expect(await connections.note('c1', { general: { token: 'u3' } }, 1)).toBe('noted');
    expect(await endsOf()).toEqual({});
  });

  it('is not noted where the request is not', async () => {
    expect(await connections.note('c1', { news: { token: 's2', expires: END } }, 1)).toBe('full');
    expect(await connections.note('c2', { news: { token: 's2', expires: END } }, 1)).toBe('gone');
    expect(await tables.items(table)).toHaveLength(1);
    expect((await tables.items(table))[0]).not.toHaveProperty('end#news');
  });

  it.each([128, 1_000])(
    'is noted of each of %i requests of one frame, in expressions of at most 4 KB',
    async (count) => {
      const sent = vi.spyOn(tables.client, 'send');
      try {
        const names = Array.from({ length: count }, (_, i) => String(i).padStart(100, 'x'));
        const ending = Object.fromEntries(names.map((name, i) => [name, { token: `s${i}`, expires: END + i }]));
        expect(await connections.note('c1', ending, count + 1)).toBe('noted');
        expect(await endsOf()).toEqual(Object.fromEntries(names.map((name, i) => [name, END + i])));
        for (const [{ input }] of sent.mock.calls as unknown as [{ input: { UpdateExpression?: string } }][])
          expect(input.UpdateExpression?.length ?? 0).toBeLessThanOrEqual(4_096);
      } finally {
        sent.mockRestore();
      }
    },
  );

  it('of one of very many requests is noted nowhere once the record is gone', async () => {
    const ending = Object.fromEntries(
      Array.from({ length: 200 }, (_, i) => [`channel-${i}`, { token: `s${i}`, expires: END }]),
    );
    const removing = afterNext(tables.client, UpdateCommand, () => connections.remove('c1'));
    expect(await dynamoConnections(removing, table, () => CONNECTED).note('c1', ending, 500)).toBe('gone');
    expect(await tables.items(table)).toEqual([]);
  });

  it('is known to the sweep: that the record has had one is never taken back', async () => {
    expect((await tables.items(table))[0]).not.toHaveProperty('hasEnds');
    await connections.note('c1', { news: { token: 's2', expires: END } }, 9);
    await connections.forget('c1', 'news', 's2');
    expect(await tables.items(table)).toMatchObject([{ hasEnds: true }]);
    expect((await tables.items(table))[0]).not.toHaveProperty('end#news');
  });

  it('is put off, taken away, and set where there was none', async () => {
    expect(await connections.extend('c1', 'general', 's1', END)).toBe(true);
    expect(await tables.items(table)).toMatchObject([{ hasEnds: true }]);
    expect(await endsOf()).toEqual({ general: END });
    expect(await connections.extend('c1', 'general', 's1', END + 60)).toBe(true);
    expect(await endsOf()).toEqual({ general: END + 60 });
    expect(await connections.extend('c1', 'general', 's1', undefined)).toBe(true);
    expect(await endsOf()).toEqual({});
    expect((await connections.read('c1'))?.channels).toEqual({ general: 's1' });
  });

  it('is not put off for another request than the latest, nor for nobody', async () => {
    await connections.extend('c1', 'general', 's1', END);
    expect(await connections.extend('c1', 'general', 's0', END + 60)).toBe(false);
    expect(await connections.extend('c1', 'news', 's1', END + 60)).toBe(false);
    expect(await connections.extend('c2', 'general', 's1', END + 60)).toBe(false);
    expect(await connections.extend('c1', 'general', 's0', undefined)).toBe(false);
    expect(await endsOf()).toEqual({ general: END });
    expect(await tables.items(table)).toHaveLength(1);
  });

  it('stays when a new connection token is brought', async () => {
    await connections.extend('c1', 'general', 's1', END);
    expect(await connections.refresh('c1', { user: 'alice', expires: 1 })).toBe(true);
    expect(await endsOf()).toEqual({ general: END });
  });
});
