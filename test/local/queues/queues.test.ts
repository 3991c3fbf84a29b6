import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createQueues } from '../../../local/queues/queues.ts';
import { fakeClock } from '../../support/clock.ts';
import { counter, fifoDeclaration, standardDeclaration } from './queue-fixture.ts';

let dataDirectory: string;
beforeEach(() => {
  dataDirectory = mkdtempSync(join(tmpdir(), 'parley-queues-'));
});
afterEach(() => rmSync(dataDirectory, { recursive: true }));

const dead = fifoDeclaration({ name: 'parked.fifo' });
const channel = fifoDeclaration({ redrive: { deadLetterTargetArn: dead.arn, maxReceiveCount: 1 } });
const declarations = [channel, dead, standardDeclaration()];
const message = { body: 'x', groupId: 'g', deduplicationId: 'd' };

describe('the declared queues', () => {
  it('are found by their ARN and by their name', () => {
    const queues = createQueues(declarations, { clock: fakeClock() });
    expect(queues.byArn(channel.arn).declaration).toBe(channel);
    expect(queues.byName('later')?.declaration.name).toBe('later');
    expect(queues.byName('none')).toBeUndefined();
    expect(() => queues.byArn('arn:none')).toThrow('no queue arn:none is declared');
  });

  it('move to each other what a redrive policy says', () => {
    const clock = fakeClock();
    const queues = createQueues(declarations, { clock });
    queues.byArn(channel.arn).send(message);
    queues.byArn(channel.arn).receive();
    clock.advance(30_000);
    expect(queues.byArn(channel.arn).receive()).toEqual([]);
    expect(queues.byArn(dead.arn).receive()).toMatchObject([{ body: 'x' }]);
  });

  it('are refused where a dead-letter queue is not among them', () => {
    expect(() => createQueues([channel], { clock: fakeClock() })).toThrow(
      `the dead-letter queue of channel.fifo, ${dead.arn}, is not declared`,
    );
  });

  it('keep nothing without a directory', () => {
    createQueues(declarations, { clock: fakeClock() }).byArn(channel.arn).send(message);
    expect(createQueues(declarations, { clock: fakeClock() }).byArn(channel.arn).counts().visible).toBe(0);
  });
});

describe('queues that are kept', () => {
  it('have after a restart every message that was taken and not deleted, also what was in flight', () => {
    const clock = fakeClock();
    const first = createQueues(declarations, { clock, dataDirectory });
    const queue = first.byArn(channel.arn);
    for (const deduplicationId of ['1', '2', '3']) queue.send({ ...message, body: deduplicationId, deduplicationId });
    const [received] = queue.receive();
    queue.delete(received?.receiptHandle ?? '');
    first.byArn('arn:aws:sqs:us-east-1:000000000000:later').send({ body: 'later', delayMs: 5000 });
    queue.receive();

    const second = createQueues(
      [
        { ...channel, redrive: { ...dead, deadLetterTargetArn: dead.arn, maxReceiveCount: 9 } },
        ...declarations.slice(1),
      ],
      { clock, dataDirectory },
    );
    expect(second.byArn(channel.arn).receive({ max: 10 })).toMatchObject([
      { body: '2', receiveCount: 2 },
      { body: '3', receiveCount: 1 },
    ]);
    expect(second.byName('later')?.counts().delayed).toBe(1);
  });

  it('know after a restart what is a duplicate, and give rising numbers', () => {
    const clock = fakeClock();
    const first = createQueues(declarations, { clock, dataDirectory }).byArn(channel.arn).send(message);
    clock.advance(-60_000);
    const queue = createQueues(declarations, { clock, dataDirectory }).byArn(channel.arn);
    expect(queue.send(message)).toEqual(first);
    const next = queue.send({ ...message, deduplicationId: 'e' });
    expect(Number(BigInt(next.sequenceNumber ?? 0) - BigInt(first.sequenceNumber ?? 0))).toBeGreaterThan(0);
  });

  it('keep what went to the dead-letter queue', () => {
    const clock = fakeClock();
    const queue = createQueues(declarations, { clock, dataDirectory }).byArn(channel.arn);
    queue.send(message);
    queue.receive();
    clock.advance(30_000);
    queue.receive();
    const queues = createQueues(declarations, { clock, dataDirectory });
    expect(queues.byArn(channel.arn).counts().visible).toBe(0);
    expect(queues.byArn(dead.arn).counts().visible).toBe(1);
  });

  it('take nothing that they cannot keep', () => {
    const queues = createQueues(declarations, { clock: fakeClock(), dataDirectory, id: counter() });
    queues.close();
    const queue = queues.byArn(channel.arn);
    expect(() => queue.send(message)).toThrow('is closed');
    expect(queue.counts().visible).toBe(0);
  });

  it('have everything that was acknowledged when their process is killed', async () => {
    const url = (path: string) => JSON.stringify(new URL(`../../../local/queues/${path}`, import.meta.url).href);
    const program = `
      import { createQueues } from ${url('queues.ts')};
      const clock = { now: () => Date.now(), at: () => () => {} };
      const queue = createQueues(${JSON.stringify([dead])}, { clock, dataDirectory: ${JSON.stringify(dataDirectory)} })
        .byArn(${JSON.stringify(dead.arn)});
      for (let n = 1; ; n++) {
        queue.send({ body: String(n), groupId: 'g', deduplicationId: String(n) });
        process.stdout.write(n + '\\n');
        if (n % 50 === 0) await new Promise(setImmediate);
      }`;
    const child = spawn(process.execPath, ['--input-type=module-typescript', '--eval', program], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const ended = once(child, 'exit');
    let acknowledged = 0;
    for await (const line of createInterface({ input: child.stdout })) {
      acknowledged = Number(line);
      if (acknowledged === 200) child.kill('SIGKILL');
    }
    await ended;
    expect(acknowledged).toBeGreaterThanOrEqual(200);
    const queue = createQueues([dead], { clock: fakeClock(Date.now()), dataDirectory }).byArn(dead.arn);
    const bodies: number[] = [];
    for (let batch = queue.receive({ max: 10 }); batch.length > 0; batch = queue.receive({ max: 10 })) {
      bodies.push(...batch.map(({ body }) => Number(body)));
      for (const { receiptHandle } of batch) queue.delete(receiptHandle);
    }
    expect(bodies.slice(0, acknowledged)).toEqual(Array.from({ length: acknowledged }, (_, index) => index + 1));
  });
});
