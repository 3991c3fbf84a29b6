import { expect, it } from 'vitest';
import { whenStarterIsGone } from '../../local/starter.ts';

/** A clock that waits for nobody: `wake` calls what is due next. */
function handClock() {
  const due: (() => void)[] = [];
  return {
    now: () => 0,
    at(_: number, callback: () => void) {
      due.push(callback);
      return () => due.splice(due.indexOf(callback), 1);
    },
    wake: () => due.shift()?.(),
    due,
  };
}

it('tells once that the starter is gone, and not before', () => {
  const clock = handClock();
  let parent = 4711;
  let told = 0;
  const callback = () => {
    told++;
  };
  whenStarterIsGone(clock, callback, () => parent);
  clock.wake();
  expect(told).toBe(0);
  parent = 1;
  clock.wake();
  expect(told).toBe(1);
  expect(clock.due).toEqual([]);
});

it('stops looking when told to', () => {
  const clock = handClock();
  const stop = whenStarterIsGone(
    clock,
    () => {},
    () => 1,
  );
  stop();
  expect(clock.due).toEqual([]);
});
