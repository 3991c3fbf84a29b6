/** Decides which of several things happens; 0 is what happens when nothing is wrong. */
export interface Decisions {
  /** Which function goes on: 0 up to, not including, `choices`. */
  move(choices: number): number;
  /** What becomes of an outside call: 0 up to, not including, `outcomes`. */
  outcome(outcomes: number): number;
}

/** Nothing goes wrong, but for one fault: the outcome of the `at`th decision about a call. */
export function oneFault(at: number, outcome: number): Decisions & { readonly asked: () => number } {
  let asked = 0;
  return {
    move: () => 0,
    outcome: (outcomes) => {
      asked++;
      return asked === at + 1 && outcome < outcomes ? outcome : 0;
    },
    asked: () => asked,
  };
}

/** Decides along a tape of random numbers, 0 up to 999, with at most so many faults. After its end nothing goes wrong. */
export function alongTape(tape: readonly number[], faults: number): Decisions {
  let at = 0;
  let left = faults;
  const next = () => tape[at++] ?? 0;
  // some runs keep to one function for long, others change with every call: each finds what the other does not
  const calm = [0, 350, 700][next() % 3] ?? 0;
  return {
    move: (choices) => {
      const number = next();
      return number <= calm ? 0 : number % choices;
    },
    outcome: (outcomes) => {
      const number = next();
      if (number < 900 || left === 0) return 0;
      const outcome = number % outcomes;
      if (outcome > 0) left--;
      return outcome;
    },
  };
}
