import { DcuError } from '../base/errors.ts';
import type { Random } from '../base/random.ts';

/** OWASP's argon2id parameters: 19 MiB, two passes, one lane. */
const ARGON2ID = { algorithm: 'argon2id', memoryCost: 19_456, timeCost: 2 } as const;

/** Of a random password that nobody has: an unknown name costs the same as a wrong password. */
const NOBODY =
  '$argon2id$v=19$m=19456,t=2,p=1$Uwi7js7AFOVE71MqHq6YLRDDTBRCwGzmWKgq1kSazjE$9/RkyM9zQeP5GuGrAu5j3XKrincT9eE+e8teqyA5G0U';

const MIN_LENGTH = 10;
const MAX_LENGTH = 128;
const MIN_DIFFERENT = 5;
const COMMON = [
  'password',
  'passwort',
  'qwerty',
  'letmein',
  'welcome',
  'changeme',
  '12345678',
  'administrator',
];

/** No symbol that is mistaken for another. */
const SYMBOLS = 'abcdefghijkmnpqrstuvwxyz23456789';
const GROUPS = 4;
const GROUP_LENGTH = 5;

/**
 * Hashes and verifies passwords one at a time, since each needs 19 MiB and a core for some 60 ms. Beyond `waiting` that wait it
 * refuses at once, so that a flood of logins cannot pile up memory.
 */
export class PasswordHasher {
  readonly #waitingLimit: number;
  #waiting = 0;
  #last: Promise<unknown> = Promise.resolve();

  constructor(waitingLimit = 16) {
    this.#waitingLimit = waitingLimit;
  }

  hash(password: string): Promise<string> {
    return this.inTurn(() => Bun.password.hash(password, ARGON2ID));
  }

  /** Must run inside `inTurn`. Takes the same time when there is no hash. */
  async verify(password: string, hash: string | undefined): Promise<boolean> {
    const matches = await Bun.password.verify(password, hash ?? NOBODY);
    return matches && hash !== undefined;
  }

  /** @throws DcuError `rate-limited` */
  inTurn<Result>(body: () => Promise<Result>): Promise<Result> {
    if (this.#waiting >= this.#waitingLimit) {
      return Promise.reject(new DcuError('rate-limited', 'too many logins are waiting'));
    }
    this.#waiting++;
    const mine = this.#last.then(body).finally(() => {
      this.#waiting--;
    });
    this.#last = mine.catch(() => undefined);
    return mine;
  }
}

/** @throws DcuError `invalid-field` saying which rule the password breaks */
export function checkPassword(password: string, accountName: string, field = 'password'): void {
  const broken = brokenRule(password, accountName);
  if (broken !== undefined) throw new DcuError('invalid-field', `the password ${broken}`, { field });
}

function brokenRule(password: string, accountName: string): string | undefined {
  const characters = [...password];
  const lower = password.toLowerCase();
  if (characters.length < MIN_LENGTH) return `must have at least ${MIN_LENGTH} characters`;
  if (characters.length > MAX_LENGTH) return `must have at most ${MAX_LENGTH} characters`;
  if (/\p{Cc}/u.test(password)) return 'must not contain control characters';
  if (new Set(characters).size < MIN_DIFFERENT)
    return `must have at least ${MIN_DIFFERENT} different characters`;
  if (accountName.length >= 3 && lower.includes(accountName.toLowerCase()))
    return 'must not contain the account name';
  if (COMMON.some((word) => lower.includes(word))) return 'must not contain a common password';
  return undefined;
}

/** 20 symbols of 32, in groups: 100 bits. */
export function generatePassword(random: Random): string {
  const symbols = Array.from(
    random.bytes(GROUPS * GROUP_LENGTH),
    (byte) => SYMBOLS[byte % SYMBOLS.length] ?? '',
  );
  return Array.from({ length: GROUPS }, (_, i) =>
    symbols.slice(i * GROUP_LENGTH, (i + 1) * GROUP_LENGTH).join(''),
  ).join('-');
}
