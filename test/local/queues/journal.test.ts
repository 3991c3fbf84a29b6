import { appendFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Backlog, type Change } from '../../../local/queues/backlog.ts';
import { openJournal } from '../../../local/queues/journal.ts';
import { fifoDeclaration } from './queue-fixture.ts';

let directory: string;
let file: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'parley-journal-'));
  file = join(directory, 'channel.fifo.journal');
});
afterEach(() => rmSync(directory, { recursive: true }));

const sent = (id: string, sentAt = 0): Change => ({
  kind: 'sent',
  message: {
    id,
    body: `body of ${id}`,
    groupId: 'g',
    deduplicationId: id,
    sequenceNumber: '1',
    sentAt,
    dueAt: sentAt,
    receiveCount: 0,
  },
});

/** Opens the file as a new process would, and answers what it holds beside it. */
function open(options: { slackLines?: number; now?: number } = {}) {
  const backlog = new Backlog(fifoDeclaration());
  const journal = openJournal(file, backlog, () => options.now ?? 0, options);
  return {
    backlog,
    journal,
    ids: () => Array.from(backlog.places(), ({ message }) => message.id),
    /** As a queue does it. */
    commit(change: Change) {
      journal.append([change]);
      backlog.apply(change);
    },
  };
}

const linesOf = (path: string) => readFileSync(path, 'utf8').split('\n').length - 1;

describe('a journal', () => {
  it('gives back what was appended, also where nobody has closed it', () => {
    const first = open();
    first.commit(sent('a'));
    first.commit(sent('b'));
    first.commit({ kind: 'received', at: 7, ids: ['b'] });
    first.commit({ kind: 'gone', ids: ['a'] });
    const second = open();
    expect(second.ids()).toEqual(['b']);
    expect(second.backlog.find('b')?.message).toMatchObject({ receiveCount: 1, firstReceivedAt: 7 });
    expect(second.backlog.original({ groupId: 'g', deduplicationId: 'a' }, 0)?.id).toBe('a');
    expect(second.backlog.lastNumber).toBe('1');
  });

  it('drops a last line that has no end, and goes on behind the line before it', () => {
    const first = open();
    first.commit(sent('a'));
    first.commit(sent('b'));
    truncateSync(file, readFileSync(file).length - 5);
    const second = open();
    expect(second.ids()).toEqual(['a']);
    second.commit(sent('c'));
    expect(open().ids()).toEqual(['a', 'c']);
  });

  it('drops a last line that lacks nothing but its end: it was not acknowledged', () => {
    open().commit(sent('a'));
    appendFileSync(file, JSON.stringify(sent('b')));
    expect(open().ids()).toEqual(['a']);
  });

  it.each(['{"kind":"sent"', '{"kind":"other"}', 'null', '', '{"kind":"sent"}'])(
    'names file and line where it cannot read %j, and leaves the file as it is',
    (damage) => {
      const first = open();
      first.commit(sent('a'));
      first.commit(sent('b'));
      const lines = readFileSync(file, 'utf8').split('\n');
      const at = lines.findIndex((line) => line.includes('body of b'));
      lines.splice(at, 0, damage);
      writeFileSync(file, lines.join('\n'));
      expect(() => open()).toThrow(`${file}:${at + 1} cannot be read`);
      expect(readFileSync(file, 'utf8')).toBe(lines.join('\n'));
    },
  );

  it('is written anew, in short, when it has too many lines for what it holds', () => {
    const { commit } = open({ slackLines: 10 });
    for (let index = 0; index < 200; index++) {
      commit(sent(`m${index}`, index));
      commit({ kind: 'gone', ids: [`m${index}`] });
    }
    commit(sent('last', 200));
    // 201 messages are remembered, and one number
    expect(linesOf(file)).toBeLessThan(201 + 1 + 1 + 10 + 2);
    expect(open().ids()).toEqual(['last']);
  });

  it('forgets in the short form what deduplication has forgotten', () => {
    open().commit(sent('a'));
    open().commit({ kind: 'gone', ids: ['a'] });
    expect(open({ now: 299_999 }).backlog.original({ groupId: 'g', deduplicationId: 'a' }, 0)?.id).toBe('a');
    open({ now: 300_000 });
    expect(open().backlog.original({ groupId: 'g', deduplicationId: 'a' }, 0)).toBeUndefined();
  });

  it('keeps the last number also when no message is left', () => {
    open().commit(sent('a'));
    open().commit({ kind: 'gone', ids: ['a'] });
    open({ now: 300_000 });
    expect(open().backlog.lastNumber).toBe('1');
  });

  it('leaves no second file behind', () => {
    open().journal.close();
    expect(readdirSync(directory)).toEqual(['channel.fifo.journal']);
  });

  it('takes nothing when it is closed', () => {
    const { journal } = open();
    journal.close();
    expect(() => journal.append([sent('a')])).toThrow('is closed');
  });
});
