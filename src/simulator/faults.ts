import { DcuError } from '../base/errors.ts';
import type { Random } from '../base/random.ts';

/** What can be wrong with a meter or its line. Composable; each kind is on once at most. */
export type Fault =
  /** It answers nothing. */
  | { readonly kind: 'silence' }
  /** Each burst of bytes, either way, is lost with this probability. */
  | { readonly kind: 'drop'; readonly probability: number }
  /** Each byte, either way, gets one bit flipped with this probability. */
  | { readonly kind: 'flip'; readonly probability: number }
  /** Its answers come late. */
  | { readonly kind: 'delay'; readonly delayMs: number }
  /** Silent for so long, then back without its associations. Happens once, when switched on. */
  | { readonly kind: 'reboot'; readonly seconds: number }
  /** Its clock jumps without a word in the log. Happens once, when switched on. */
  | { readonly kind: 'clock-jump'; readonly seconds: number }
  /** It uses other keys, and another password, than it was delivered with. */
  | { readonly kind: 'wrong-key' }
  /** It refuses every association. */
  | { readonly kind: 'refuse' };

export type FaultKind = Fault['kind'];

interface FaultArgument {
  readonly name: string;
  readonly lowest: number;
  readonly highest: number;
}

/** The argument that each kind takes, if any; for the command line and its messages. */
const ARGUMENTS: Readonly<Record<FaultKind, FaultArgument | undefined>> = {
  silence: undefined,
  drop: { name: 'probability', lowest: 0, highest: 1 },
  flip: { name: 'probability', lowest: 0, highest: 1 },
  delay: { name: 'milliseconds', lowest: 0, highest: 600_000 },
  reboot: { name: 'seconds', lowest: 0, highest: 86_400 },
  // As far as the year 2099, and back.
  'clock-jump': { name: 'seconds', lowest: -4e9, highest: 4e9 },
  'wrong-key': undefined,
  refuse: undefined,
};

/** A fault as written on the command line, and the positions (from 1) of the meters meant; all if absent. */
export interface FaultOrder {
  readonly fault: Fault;
  readonly meters?: readonly number[];
}

/** From `NAME[=ARG][@N,N…]`, e.g. `drop=0.1` or `silence@2,5`. Throws `invalid-argument`, field `fault`. */
export function parseFault(text: string): FaultOrder {
  const [what = '', where, ...more] = text.split('@');
  const [name = '', argument, ...rest] = what.split('=');
  const fail = (message: string): never => {
    throw new DcuError('invalid-argument', `fault '${text}': ${message}`, { field: 'fault' });
  };
  if (more.length > 0 || rest.length > 0) return fail('write NAME[=ARG][@N,N…]');
  const kind = (Object.keys(ARGUMENTS) as FaultKind[]).find((known) => known === name);
  if (kind === undefined)
    return fail(`there is no '${name}'; known are ${Object.keys(ARGUMENTS).join(', ')}`);
  const wanted = ARGUMENTS[kind];
  let value = 0;
  if (wanted === undefined) {
    if (argument !== undefined) return fail(`${kind} takes no argument`);
  } else {
    value = argument === undefined || argument.trim() === '' ? Number.NaN : Number(argument);
    if (!(value >= wanted.lowest && value <= wanted.highest)) {
      return fail(`${kind} needs ${wanted.name} from ${wanted.lowest} to ${wanted.highest}`);
    }
  }
  const fault = makeFault(kind, value);
  if (where === undefined) return { fault };
  const meters = where.split(',').map(Number);
  if (!meters.every((position) => Number.isInteger(position) && position > 0)) {
    return fail('behind @ come positions of meters, counted from 1');
  }
  return { fault, meters };
}

function makeFault(kind: FaultKind, value: number): Fault {
  switch (kind) {
    case 'drop':
    case 'flip':
      return { kind, probability: value };
    case 'delay':
      return { kind, delayMs: value };
    case 'reboot':
    case 'clock-jump':
      return { kind, seconds: value };
    default:
      return { kind };
  }
}

/** The lasting faults of one meter; switched while it runs. */
export class FaultSet {
  readonly #active = new Map<FaultKind, Fault>();
  readonly #random: Random;

  constructor(random: Random) {
    this.#random = random;
  }

  turnOn(fault: Fault): void {
    this.#active.set(fault.kind, fault);
  }

  turnOff(kind: FaultKind): void {
    this.#active.delete(kind);
  }

  has(kind: FaultKind): boolean {
    return this.#active.has(kind);
  }

  get delayMs(): number {
    const fault = this.#active.get('delay');
    return fault?.kind === 'delay' ? fault.delayMs : 0;
  }

  /** What is left of a burst of bytes on the line; undefined = nothing. The input is not changed. */
  pass(bytes: Uint8Array): Uint8Array | undefined {
    if (this.#active.size === 0) return bytes;
    const drop = this.#active.get('drop');
    if (drop?.kind === 'drop' && this.#random.next() < drop.probability) return undefined;
    const flip = this.#active.get('flip');
    if (flip?.kind !== 'flip' || flip.probability === 0) return bytes;
    return bytes.map((byte) =>
      this.#random.next() < flip.probability ? byte ^ (1 << Math.floor(this.#random.next() * 8)) : byte,
    );
  }
}
