import type { Static } from 'elysia';
import { t } from 'elysia';
import { DcuError } from '../../base/errors.ts';
import { needsKeys, needsSecret } from '../../base/security-needs.ts';
import type { DiscoveryCredentials } from '../../meters/discovery/examine.ts';
import type { MeterProfile } from '../../meters/meter-profile.ts';
import * as schema from '../discovery-schema.ts';
import { secretsFrom } from '../meter-input.ts';
import { defineRoute, done, ok } from '../route.ts';
import { list } from '../schema.ts';
import type { ApiServices } from '../services.ts';

type Body = Static<typeof schema.discoveryBody>;

function credentialsOf(given: Body['credentials']): DiscoveryCredentials | undefined {
  if (given === undefined) return undefined;
  const { clientAddress, auth, policy, suite = 0, secrets } = given;
  if (auth === 'hls' || auth === 'hls-ecdsa') throw invalid('auth', `${auth} is not for looking around`);
  const { password, encryptionKey, authenticationKey } = secretsFrom(secrets);
  if (needsSecret(auth) && password === undefined) throw invalid('secrets.password', 'is needed');
  if (needsKeys({ auth, policy }) && (encryptionKey === undefined || authenticationKey === undefined)) {
    throw invalid('secrets.encryptionKey', 'and the authentication key are needed');
  }
  return {
    clientAddress,
    auth,
    policy,
    suite,
    ...(password === undefined ? {} : { password }),
    ...(encryptionKey === undefined ? {} : { encryptionKey }),
    ...(authenticationKey === undefined ? {} : { authenticationKey }),
  };
}

const invalid = (field: string, what: string): DcuError =>
  new DcuError('invalid-field', `credentials.${field} ${what}.`, { field: `credentials.${field}` });

/** Hundreds of hosts are no entry of a log. */
const MOST_DETAIL = 500;
const shortened = (text: string): string =>
  text.length <= MOST_DETAIL ? text : `${text.slice(0, MOST_DETAIL)}…`;

function profileView(
  profile: MeterProfile,
  { profiles }: Pick<ApiServices, 'profiles'>,
): Static<typeof schema.meterProfile> {
  const { name, title, unchecked, logs, events, clients, registers, quirks } = profile;
  return {
    name,
    title,
    builtIn: profiles.isBuiltIn(name),
    unchecked: [...unchecked],
    profiles: { ...profile.profiles },
    logs: Object.entries(logs).map(([log, objects]) => ({
      log,
      objects: objects.map(({ obis, codeObis }) => ({ obis, codeObis })),
    })),
    events: Object.entries(events).map(([code, meaning]) => ({ code: Number(code), ...meaning })),
    clients: clients.map((client) => ({ ...client })),
    registers: registers.map((object) => ({ ...object })),
    quirks: { ...quirks },
  };
}

const profilesView = (services: Pick<ApiServices, 'profiles'>): Static<typeof schema.meterProfiles> => ({
  rows: services.profiles.all().map((profile) => profileView(profile, services)),
  problems: services.profiles.problems.map(({ file, problems }) => ({ file, problems: [...problems] })),
});

/** Looking for devices that nobody has entered, and the profiles of which one is proposed. */
export const discoveryRoutes = [
  defineRoute({
    method: 'GET',
    path: '/api/discovery',
    right: 'meters.read',
    summary: 'Searches for devices: those under way and the last that ended',
    response: list(schema.discoveryRun),
    handler: async ({ services }) => ({
      rows: structuredClone(services.discovery.runs()) as Static<typeof schema.discoveryRun>[],
    }),
  }),
  defineRoute({
    method: 'POST',
    path: '/api/discovery',
    right: 'meters.write',
    summary: 'Look for devices on a line, in a network or behind a PLC module',
    body: schema.discoveryBody,
    response: t.Object({ id: t.String() }),
    handler: async ({ services, body, audit }) => {
      const { credentials, ...where } = body;
      const own = credentialsOf(credentials);
      const id = await services.discovery.start({
        ...where,
        ...(own === undefined ? {} : { credentials: own }),
      });
      const asWhom = own === undefined ? '' : `, as client ${own.clientAddress} with ${own.auth}`;
      await audit('discovery.start', body.channel, `${shortened(JSON.stringify(where))}${asWhom}`);
      return { id };
    },
  }),
  defineRoute({
    method: 'DELETE',
    path: '/api/discovery/:id',
    right: 'meters.write',
    summary: 'End a search',
    params: t.Object({ id: t.String({ maxLength: 40 }) }),
    response: done,
    handler: async ({ services, params, audit }) => {
      if (!services.discovery.cancel(params.id)) {
        throw new DcuError('not-found', `There is no search ${params.id} under way.`);
      }
      await audit('discovery.cancel', params.id);
      return ok;
    },
  }),
  defineRoute({
    method: 'GET',
    path: '/api/profiles',
    right: 'meters.read',
    summary: 'What kinds of meters are known: objects, logs, event codes, clients',
    response: schema.meterProfiles,
    handler: async ({ services }) => profilesView(services),
  }),
  defineRoute({
    method: 'POST',
    path: '/api/profiles/reload',
    right: 'settings.write',
    summary: 'Read the profiles of the data directory again',
    response: schema.meterProfiles,
    handler: async ({ services, audit }) => {
      services.profiles.reload();
      await audit('profiles.reload', 'profiles');
      return profilesView(services);
    },
  }),
] as const;
