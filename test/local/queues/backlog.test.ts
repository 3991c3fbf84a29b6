import { expect, it } from 'vitest';
import { Backlog } from '../../../local/queues/backlog.ts';
import { fifoDeclaration } from './queue-fixture.ts';

it('keeps no group that has no messages', () => {
  const backlog = new Backlog(fifoDeclaration());
  for (let index = 0; index < 100; index++) {
    const message = { id: `m${index}`, body: 'x', groupId: `g${index}`, sentAt: 0, dueAt: 0, receiveCount: 0 };
    backlog.apply({ kind: 'sent', message });
    backlog.apply({ kind: 'gone', ids: [message.id] });
  }
  expect([...backlog.groups()]).toEqual([]);
});
