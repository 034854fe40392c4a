/** A machine as data: what each state does with each input. */
export type Table<State extends string, Input extends string, Action extends string> = Readonly<
  Record<State, Readonly<Record<Input, Action>>>
>;

/** Where each action leads, one of these states; `same` is the state in which it was taken. */
export type After<State extends string, Action extends string> = Readonly<
  Record<Action, readonly (State | 'same')[]>
>;

/** The states that may follow when `state` takes `input`. */
export function following<State extends string, Input extends string, Action extends string>(
  table: Table<State, Input, Action>,
  after: After<State, Action>,
  state: State,
  input: Input,
): readonly State[] {
  return after[table[state][input]].map((next) => (next === 'same' ? state : next));
}
