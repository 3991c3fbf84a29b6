import { describe, expect, it, vi } from 'vitest';
import { createTimers } from '../../../local/gateway/timers.ts';
import { fakeClock } from '../../support/clock.ts';

describe('the timers of a gateway', () => {
  it('call back at their time, unless they are called off', () => {
    const clock = fakeClock();
    const timers = createTimers(clock);
    const [first, second] = [vi.fn(), vi.fn()];
    timers.at(clock.now() + 10, first);
    timers.at(clock.now() + 10, second)();
    clock.advance(9);
    expect(first).not.toHaveBeenCalled();
    clock.advance(1);
    expect(first).toHaveBeenCalledOnce();
    expect(second).not.toHaveBeenCalled();
  });

  it('are none once they are stopped, and none are made then', () => {
    const clock = fakeClock();
    const timers = createTimers(clock);
    timers.at(clock.now() + 10, () => undefined);
    timers.stop();
    expect(clock.next).toBeUndefined();
    timers.at(clock.now() + 10, () => undefined);
    expect(clock.next).toBeUndefined();
  });

  it('wait for work no longer than they are told, and leave nothing behind', async () => {
    const clock = fakeClock();
    const timers = createTimers(clock);
    const never = timers.within(10, new Promise(() => undefined));
    clock.advance(10);
    await never;
    await timers.within(10, Promise.reject(new Error('work that fails is over too')));
    expect(clock.next).toBeUndefined();
  });
});
