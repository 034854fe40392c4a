import { ApiError } from '../../api/client.ts';
import type { Kind, Rule } from './queries.ts';

export type RouteName = Rule['route'];

export const kindNames: Readonly<Record<Kind['class'], string>> = {
  answer: 'Answers to commands',
  fraud: 'Fraud events',
  'power-failure': 'Power failure events',
  relay: 'Relay events',
  'phase-interruption': 'Phase interruption events',
  'power-quality': 'Power quality events',
  standard: 'Standard events',
  status: 'States of meters',
  logbook: 'Concentrator log',
  billing: 'Monthly billing',
  register: 'Registers',
  energy: 'Energy profile',
  demand: 'Demand profile',
  balance: 'Balance of transformers',
};

export const routeNames: Readonly<Record<RouteName, string>> = {
  now: 'At once',
  window: 'In the window',
  never: 'Not at all',
};

/** What a route means for a destination whose window is this; empty: any time. */
export function routeText(route: RouteName, window: string): string {
  switch (route) {
    case 'now':
      return 'Goes as soon as its delay is over, by day and by night.';
    case 'window':
      return window === ''
        ? 'Waits for the window of the channel, which is not set: it goes at any time.'
        : `Waits for the window of the channel, ${window}.`;
    default:
      return 'Is not kept for this head-end from now on. What waits already still goes.';
  }
}

export interface RuleRow extends Omit<Rule, 'destination'> {
  readonly label: string;
  /** Set by somebody, and not the usual one. */
  readonly own: boolean;
}

/** The rule of each kind for a destination, those of single event codes below their kind. */
export function rulesOf(
  kinds: readonly Kind[],
  rules: readonly Rule[],
  destination: string,
): readonly RuleRow[] {
  const own = rules.filter((rule) => rule.destination === destination);
  return kinds.flatMap((kind) => {
    const label = kindNames[kind.class];
    const rule = own.find((one) => one.class === kind.class);
    const { priority, route, delayS } = rule ?? kind;
    const codes = own
      .filter((one) => one.class.startsWith(`${kind.class}:`))
      .map((one) => ({ one, code: Number(one.class.slice(kind.class.length + 1)) }))
      .sort((a, b) => a.code - b.code);
    return [
      { class: kind.class, priority, route, delayS, label, own: rule !== undefined },
      ...codes.map(({ one, code }) => ({
        class: one.class,
        priority: one.priority,
        route: one.route,
        delayS: one.delayS,
        label: `${label}, code ${code}`,
        own: true,
      })),
    ];
  });
}

export type RuleForm = {
  kind: string;
  code: number | string;
  priority: number | string;
  route: string;
  delayS: number | string;
};

/**
 * The rule that a form asks for.
 * @throws ApiError that names the field
 */
export function ruleOf(form: RuleForm): Pick<Rule, 'class' | 'priority' | 'route' | 'delayS'> {
  const kind = keyOf(kindNames, form.kind);
  if (kind === undefined) throw wrong('kind', 'Choose the events');
  const route = keyOf(routeNames, form.route);
  if (route === undefined) throw wrong('route', 'Choose a route');
  const code = form.code === '' ? undefined : whole(form.code, 'code', 0, 99_999);
  return {
    class: code === undefined ? kind : `${kind}:${code}`,
    priority: whole(form.priority, 'priority', 1, 5),
    route,
    delayS: whole(form.delayS, 'delayS', 0, 86_400),
  };
}

function whole(value: number | string, field: string, least: number, most: number): number {
  const number = typeof value === 'string' && value.trim() === '' ? Number.NaN : Number(value);
  if (Number.isInteger(number) && number >= least && number <= most) return number;
  throw wrong(field, `Must be a whole number from ${least} to ${most}`);
}

const wrong = (field: string, message: string): ApiError =>
  new ApiError(422, 'invalid-field', message, field);

function keyOf<Key extends string>(names: Readonly<Record<Key, string>>, name: string): Key | undefined {
  for (const key in names) if (names[key] === name) return key;
  return undefined;
}
