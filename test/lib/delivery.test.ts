import { Duration } from 'aws-cdk-lib';
import { describe, expect, it } from 'vitest';
import { resolveDelivery } from '../../lib/delivery.ts';

describe('delivery', () => {
  it('has 15 s for a batch, hides it for 45 s and works on 50 at once where nothing is said', () => {
    expect(resolveDelivery({})).toEqual({ deliverTimeout: 15, visibilityTimeout: 45, deliverConcurrency: 5 });
  });

  it('hides a batch as long as a longer timeout needs', () => {
    expect(resolveDelivery({ deliverTimeout: Duration.minutes(1) })).toMatchObject({
      deliverTimeout: 60,
      visibilityTimeout: 90,
    });
  });

  it('refuses a visibility timeout in which an event that was given back in order seems to come from a death', () => {
    expect(() => resolveDelivery({ deliverTimeout: 20, visibilityTimeout: 49 })).toThrow(
      'visibilityTimeout: is 49: a whole number of seconds (or a Duration) from 50 to 900 is allowed',
    );
    expect(resolveDelivery({ deliverTimeout: 20, visibilityTimeout: 50 }).visibilityTimeout).toBe(50);
  });

  it.each([9, 301, 15.5])('refuses a timeout of %d s', (deliverTimeout) => {
    expect(() => resolveDelivery({ deliverTimeout })).toThrow(`deliverTimeout: is ${deliverTimeout}: `);
  });

  it.each([1, 1001, 2.5])('refuses a concurrency of %d', (deliverConcurrency) => {
    expect(() => resolveDelivery({ deliverConcurrency })).toThrow(
      `deliverConcurrency: is ${deliverConcurrency}: a whole number from 2 to 1000 is allowed`,
    );
  });
});
