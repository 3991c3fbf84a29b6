import { Duration } from 'aws-cdk-lib';
import { describe, expect, it } from 'vitest';
import { resolvePresence } from '../../lib/presence.ts';
import { makeStack, propertiesOf, templateOf } from './synthesis.ts';

describe('presence', () => {
  it('pings each connection every 9 minutes, and tells a hundred readers of joins and leaves, where nothing is said', () => {
    expect(resolvePresence({})).toEqual({ pingInterval: 9, joinLeaveReaders: 100 });
  });

  it('takes an interval in minutes, or a Duration', () => {
    expect(resolvePresence({ pingInterval: 1 }).pingInterval).toBe(1);
    expect(resolvePresence({ pingInterval: Duration.seconds(300) }).pingInterval).toBe(5);
  });

  it.each([
    [0, '0'],
    [10, '10'],
    [2.5, '2.5'],
    ['5', '"5"'],
    [Duration.seconds(90), '1.5'],
    [Duration.millis(500), '0.008333333333333333'],
    [Duration.hours(1), '60'],
  ])('refuses an interval of %s', (pingInterval, given) => {
    expect(() => resolvePresence({ pingInterval: pingInterval as number })).toThrow(
      `pingInterval: is ${given}: a whole number of minutes (or a Duration) from 1 to 9 is allowed`,
    );
  });

  it('lets joinLeaveReaders be from 0 to 1,000, and no more', () => {
    for (const joinLeaveReaders of [0, 1000]) {
      expect(resolvePresence({ joinLeaveReaders }).joinLeaveReaders).toBe(joinLeaveReaders);
    }
    for (const joinLeaveReaders of [-1, 1001, 0.5]) {
      expect(() => resolvePresence({ joinLeaveReaders })).toThrow(
        `joinLeaveReaders: is ${joinLeaveReaders}: a whole number from 0 to 1000 is allowed`,
      );
    }
  });

  it('is told to the functions that go by it', () => {
    const template = templateOf({ pingInterval: 3, joinLeaveReaders: 0 });
    const told = (handler: string) => propertiesOf(template, handler).Environment.Variables;
    expect(told('Sweep').PING_INTERVAL).toBe('3');
    expect(told('Deliver').JOIN_LEAVE_READERS).toBe('0');
  });

  it('is refused by the stack where it cannot be', () => {
    expect(makeStack({ pingInterval: 15 })).toThrow('pingInterval: is 15: ');
  });
});
