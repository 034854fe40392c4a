import type { Static, TSchema } from 'elysia';
import type * as archive from './archive-schema.ts';
import type { ApiRoute } from './routes/index.ts';
import type * as schema from './schema.ts';

/** Types by which a client of the API is checked; nothing here exists at run time. */

type Of<Schema> = Schema extends TSchema ? Static<Schema> : never;

/** `METHOD /path` of every route with what goes in and comes out. */
export type ApiContract = {
  [Entry in ApiRoute as `${Entry['method']} ${Entry['path']}`]: {
    readonly params: Of<NonNullable<Entry['params']>>;
    readonly query: Of<NonNullable<Entry['query']>>;
    readonly body: Of<NonNullable<Entry['body']>>;
    readonly response: Of<NonNullable<Entry['response']>>;
  };
};

export type Endpoint = keyof ApiContract;

export type Meter = Static<typeof schema.meter>;
export type NewMeter = Static<typeof schema.newMeter>;
export type MeterState = Static<typeof schema.meterState>;
export type Profile = Static<typeof schema.profile>;
export type ProfileKind = Static<typeof schema.profileKind>;
export type EventLog = Static<typeof schema.eventLog>;
export type ReadNow = Static<typeof schema.readNow>;
export type CollectorSnapshot = Static<typeof schema.collectorSnapshot>;
export type Line = Static<typeof schema.line>;
export type LineMeter = Static<typeof schema.lineMeter>;
export type TaskGroup = Static<typeof schema.taskGroup>;
export type TaskItem = Static<typeof schema.taskItem>;
export type Channel = Static<typeof schema.channel>;
export type Attribute = Static<typeof schema.attribute>;
export type ImportPlan = Static<typeof archive.importPlan>;
export type BlacklistEntry = Static<typeof archive.blacklistEntry>;
export type FoundDevice = Static<typeof archive.foundDevice>;
export type Transformer = Static<typeof schema.transformer>;
export type Balance = Static<typeof schema.balance>;
export type Right = import('./services.ts').Right;
export type { ErrorBody } from './http-error.ts';
