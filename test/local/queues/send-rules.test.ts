import { describe, expect, it } from 'vitest';
import type { OutgoingMessage } from '../../../local/queues/message.ts';
import { QueueError } from '../../../local/queues/queue-error.ts';
import { checkMessage } from '../../../local/queues/send-rules.ts';
import { fifoDeclaration, queueFixture, standardDeclaration } from './queue-fixture.ts';

const fifo = (message: Partial<OutgoingMessage>) =>
  checkMessage(fifoDeclaration(), { body: 'x', groupId: 'g', deduplicationId: 'd', ...message });
const standard = (message: Partial<OutgoingMessage>) => checkMessage(standardDeclaration(), { body: 'x', ...message });

function refusal(step: () => void): { kind: string; message: string } {
  try {
    step();
  } catch (error) {
    if (error instanceof QueueError) return { kind: error.kind, message: error.message };
    throw error;
  }
  throw new Error('it was taken');
}

describe('what a queue takes', () => {
  it('takes 1 MiB of body and attributes together, and not a byte more', () => {
    const attributes = { name: { DataType: 'String', StringValue: 'value' } };
    const room = 1_048_576 - 'nameStringvalue'.length;
    expect(() => standard({ body: 'x'.repeat(room), attributes })).not.toThrow();
    expect(refusal(() => standard({ body: 'x'.repeat(room + 1), attributes }))).toEqual({
      kind: 'InvalidParameterValueException',
      message: 'One or more parameters are invalid. Reason: Message must be shorter than 1048576 bytes.',
    });
  });

  it('counts bytes, not characters', () => {
    expect(refusal(() => standard({ body: 'é'.repeat(524_289) })).message).toContain('must be shorter');
  });

  it('refuses an empty body', () => {
    expect(refusal(() => standard({ body: '' })).message).toBe('The request must contain the parameter MessageBody.');
  });

  it.each(['\u0000', '\u000b', '\ufffe', '\ud800'])('refuses a body with %j', (body) => {
    expect(refusal(() => standard({ body })).kind).toBe('InvalidMessageContents');
  });

  it('takes tabs, line breaks and characters beyond the first plane', () => {
    expect(() => standard({ body: '\t\r\n🙂' })).not.toThrow();
  });

  it('refuses a FIFO message without a group', () => {
    expect(refusal(() => checkMessage(fifoDeclaration(), { body: 'x', deduplicationId: 'd' }))).toEqual({
      kind: 'MissingRequiredParameterException',
      message: 'The request must contain the parameter MessageGroupId.',
    });
  });

  it('refuses a FIFO message without a deduplication id where none is made of its content', () => {
    expect(refusal(() => checkMessage(fifoDeclaration(), { body: 'x', groupId: 'g' })).message).toBe(
      'The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly',
    );
  });

  it.each([['groupId', 'MessageGroupId'] as const, ['deduplicationId', 'MessageDeduplicationId'] as const])(
    'takes 128 characters as %s, and refuses more, none, spaces and letters beyond ASCII',
    (field, parameter) => {
      expect(() => fifo({ [field]: '~'.repeat(128) })).not.toThrow();
      for (const id of ['x'.repeat(129), '', 'a b', 'é']) {
        expect(refusal(() => fifo({ [field]: id })).message).toBe(
          `Value ${id} for parameter ${parameter} is invalid. Reason: ${parameter} can only include alphanumeric and punctuation characters. 1 to 128 in length.`,
        );
      }
    },
  );

  it('refuses a delay of a single FIFO message, but for 0', () => {
    expect(() => fifo({ delayMs: 0 })).not.toThrow();
    expect(refusal(() => fifo({ delayMs: 2000 })).message).toBe(
      'Value 2 for parameter DelaySeconds is invalid. Reason: The request include parameter that is not valid for this queue type.',
    );
  });

  it('takes a delay of 15 minutes on a standard queue, and refuses a longer or a negative one', () => {
    expect(() => standard({ delayMs: 900_000 })).not.toThrow();
    for (const delayMs of [901_000, -1000]) {
      expect(refusal(() => standard({ delayMs })).message).toContain('for parameter DelaySeconds is invalid');
    }
  });

  it('refuses a deduplication id on a standard queue', () => {
    expect(refusal(() => standard({ deduplicationId: 'd' })).message).toContain('MessageDeduplicationId is invalid');
  });

  it('refuses an attribute with a bad name, a bad type or no value, and more than ten', () => {
    const text = { DataType: 'String', StringValue: 'v' };
    for (const name of ['AWS.x', 'amazon.x', '.x', 'x.', 'x..y', 'x y', 'x'.repeat(257)]) {
      expect(refusal(() => standard({ attributes: { [name]: text } })).message).toContain('name');
    }
    expect(refusal(() => standard({ attributes: { x: { ...text, DataType: 'Text' } } })).message).toContain('type');
    expect(refusal(() => standard({ attributes: { x: { DataType: 'Binary', StringValue: 'v' } } })).message).toContain(
      'non-empty',
    );
    const eleven = Object.fromEntries(Array.from({ length: 11 }, (_, index) => [`n${index}`, text]));
    expect(refusal(() => standard({ attributes: eleven })).message).toContain('exceeds the allowed maximum [10]');
    expect(() => standard({ attributes: { 'a.b-c_d': { DataType: 'Number.int', StringValue: '1' } } })).not.toThrow();
  });

  it('refuses to hand out fewer than one or more than ten messages', () => {
    const { queue } = queueFixture();
    for (const max of [0, 11]) {
      expect(refusal(() => queue.receive({ max })).message).toBe(
        `Value ${max} for parameter MaxNumberOfMessages is invalid. Reason: Must be between 1 and 10, if provided.`,
      );
    }
  });

  it('takes what it can of several, and tells which it does not', () => {
    const { queue, bodies } = queueFixture(standardDeclaration());
    const results = queue.sendAll([{ body: 'a' }, { body: '' }, { body: 'c' }]);
    expect(results.map((result) => result instanceof QueueError)).toEqual([false, true, false]);
    expect(bodies()).toEqual(['a', 'c']);
  });
});
