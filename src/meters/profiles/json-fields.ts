import { OBIS_PATTERN } from '../meter-profile.ts';

/** Entries of an object or list. */
const MOST_ENTRIES = 2_000;
const MOST_PROBLEMS = 50;

/** A value of the file with its place, noting what is wrong with it; inner ones note in the same list. */
export class Fields {
  readonly problems: string[];
  readonly #place: string;
  readonly #value: unknown;
  readonly #object: ReadonlyMap<string, unknown>;

  constructor(place: string, value: unknown, problems: string[] = []) {
    this.#place = place;
    this.#value = value;
    this.problems = problems;
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
    this.#object = new Map(isObject ? Object.entries(value) : []);
    if (place === '' && !isObject) this.wrong('', 'the file holds no JSON object');
  }

  get isText(): boolean {
    return typeof this.#value === 'string';
  }

  wrong(key: string, what: string): void {
    const place = [this.#place, key].filter((part) => part !== '').join('.');
    if (this.problems.length < MOST_PROBLEMS) this.problems.push(place === '' ? what : `${place}: ${what}`);
  }

  onlyKnown(keys: readonly string[]): void {
    for (const key of this.#object.keys()) if (!keys.includes(key)) this.wrong(key, 'nothing is called so');
  }

  required<Value>(key: string, read: () => Value | undefined): Value | undefined {
    if (!this.#object.has(key)) this.wrong(key, 'is missing');
    return read();
  }

  inner(key: string): Fields | undefined {
    const value = this.#object.get(key);
    if (value === undefined) return undefined;
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return this.#at(key, value);
    this.wrong(key, 'is to be an object');
    return undefined;
  }

  entries(): [string, Fields][] {
    if (this.#object.size > MOST_ENTRIES) this.wrong('', `has more than ${MOST_ENTRIES} entries`);
    return [...this.#object].slice(0, MOST_ENTRIES).map(([key, value]) => [key, this.#at(key, value)]);
  }

  list<Item>(key: string, read: (item: Fields) => Item | undefined): Item[] | undefined {
    const value = this.#object.get(key);
    if (value === undefined) return undefined;
    if (!Array.isArray(value) || value.length > MOST_ENTRIES) {
      this.wrong(key, `is to be a list of at most ${MOST_ENTRIES}`);
      return undefined;
    }
    return value.flatMap((one, index) => {
      const item = read(this.#at(`${key}[${index}]`, one));
      return item === undefined ? [] : [item];
    });
  }

  text(key: string, most: number): string | undefined {
    return this.#object.has(key) ? this.#at(key, this.#object.get(key)).asText(most) : undefined;
  }

  obis(key: string): string | undefined {
    const value = this.#object.get(key);
    return value === undefined || value === null ? undefined : this.#at(key, value).asObis();
  }

  whole(key: string, least: number, most: number): number | undefined {
    return this.#object.has(key) ? this.#at(key, this.#object.get(key)).asWhole(least, most) : undefined;
  }

  flag(key: string): boolean | undefined {
    const value = this.#object.get(key);
    if (value === undefined || typeof value === 'boolean') return value;
    this.wrong(key, 'is to be true or false');
    return undefined;
  }

  choice<Choice extends string>(key: string, choices: readonly Choice[]): Choice | undefined {
    const value = this.#object.get(key);
    const choice = choices.find((known) => known === value);
    if (value !== undefined && choice === undefined) this.wrong(key, `is to be one of ${choices.join(', ')}`);
    return choice;
  }

  asText(most: number): string | undefined {
    const value = this.#value;
    if (typeof value === 'string' && value.length > 0 && value.length <= most) return value;
    this.wrong('', `is to be a text of 1 to ${most} characters`);
    return undefined;
  }

  asObis(): string | undefined {
    const value = this.#value;
    if (typeof value === 'string' && OBIS_PATTERN.test(value)) return value;
    this.wrong('', 'is not an OBIS code such as 1.0.1.8.0.255');
    return undefined;
  }

  asWhole(least: number, most: number): number | undefined {
    const value = this.#value;
    if (typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most) return value;
    this.wrong('', `is to be a whole number from ${least} to ${most}`);
    return undefined;
  }

  #at(key: string, value: unknown): Fields {
    return new Fields([this.#place, key].filter((part) => part !== '').join('.'), value, this.problems);
  }
}
