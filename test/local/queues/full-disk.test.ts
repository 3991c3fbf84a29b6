import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { Backlog, type Change } from '../../../local/queues/backlog.ts';
import { openJournal } from '../../../local/queues/journal.ts';
import { createQueues } from '../../../local/queues/queues.ts';
import { fakeClock } from '../../support/clock.ts';
import { fifoDeclaration } from './queue-fixture.ts';

const disk = vi.hoisted(() => ({ room: Number.POSITIVE_INFINITY }));

vi.mock('node:fs', async (importOriginal) => {
  const fs = await importOriginal<typeof import('node:fs')>();
  return {
    ...fs,
    /** Takes what the disk has room for, as a real one does, and fails when that is nothing. */
    writeSync(descriptor: number, buffer: Buffer, offset: number, length: number, position: number) {
      if (disk.room === 0) throw Object.assign(new Error('no space left on device'), { code: 'ENOSPC' });
      const written = fs.writeSync(descriptor, buffer, offset, Math.min(length, disk.room), position);
      disk.room -= written;
      return written;
    },
  };
});

let dataDirectory: string;
beforeEach(() => {
  disk.room = Number.POSITIVE_INFINITY;
  dataDirectory = mkdtempSync(join(tmpdir(), 'parley-full-'));
});
afterEach(() => rmSync(dataDirectory, { recursive: true }));

it('refuses a message whose line the disk took in part, and goes on with the next when there is room', () => {
  const declaration = fifoDeclaration();
  const clock = fakeClock();
  const open = () => createQueues([declaration], { clock, dataDirectory }).byArn(declaration.arn);
  const message = (name: string) => ({ body: name, groupId: 'g', deduplicationId: name });
  const queue = open();
  queue.send(message('a'));
  disk.room = 20;
  expect(() => queue.send(message('b'))).toThrow('no space left on device');
  disk.room = Number.POSITIVE_INFINITY;
  queue.send(message('c'));
  expect(queue.counts().visible).toBe(2);
  expect(
    open()
      .receive({ max: 10 })
      .map(({ body }) => body),
  ).toEqual(['a', 'c']);
});

it('leaves the journal as it was when there is no room to write it anew', () => {
  const declaration = fifoDeclaration();
  const clock = fakeClock();
  const open = () => createQueues([declaration], { clock, dataDirectory }).byArn(declaration.arn);
  open().send({ body: 'a', groupId: 'g', deduplicationId: 'a' });
  disk.room = 20;
  expect(open).toThrow('no space left on device');
  disk.room = Number.POSITIVE_INFINITY;
  expect(open().receive()).toMatchObject([{ body: 'a' }]);
});

it('keeps nothing of several changes that the disk took in part', () => {
  const file = join(dataDirectory, 'journal');
  const journal = openJournal(file, new Backlog(fifoDeclaration()), () => 0);
  const change = (id: string): Change => ({ kind: 'gone', ids: [id] });
  const lengthOfOne = `${JSON.stringify(change('x'.repeat(100)))}\n`.length;
  disk.room = lengthOfOne + 5;
  expect(() => journal.append([change('x'.repeat(100)), change('y')])).toThrow('no space left on device');
  disk.room = Number.POSITIVE_INFINITY;
  journal.append([change('z')]);
  expect(readFileSync(file, 'utf8')).toBe(`${JSON.stringify(change('z'))}\n`);
});
