import type { Clock } from '../base/clock.ts';
import type { ClockCorrection, CollectionStore } from '../base/collection.ts';
import type { CollectionKind, EventLog, Meter, ProfileKind, TaskType } from '../base/model.ts';
import type { ClockLimits, ClockReading } from '../meters/clock.ts';
import type { LineAccess } from '../meters/line-channels.ts';
import type { MeterSession } from '../meters/session.ts';
import type { BroadcastCourse } from './clock-broadcasts.ts';

export interface ActionContext {
  readonly meter: Meter;
  readonly session: MeterSession;
  readonly store: CollectionStore;
  readonly clock: Clock;
  /** What setting all clocks of the line at once has done to this one, or is to do; see `ClockBroadcasts.course`. */
  broadcast(reading: ClockReading, limits: ClockLimits): BroadcastCourse;
  /** To be told before the meter's clock is set back: what it has logged may bear times up to `untilMs`, UTC. */
  settingBack(untilMs: number): Promise<void>;
  /** To be told of each correction of the meter's clock. */
  corrected(correction: ClockCorrection): void;
}

/**
 * How an action ended; `pending` = nothing wrong, but to be tried at the next tick whatever the Interval says;
 * `againInMs` = then, without waiting for a tick.
 */
export type ActionOutcome = 'done' | 'pending' | { readonly againInMs: number };

interface CommonTaskType {
  readonly type: TaskType;
  readonly title: string;
  readonly description: string;
  /** Why the type has nothing to do on this kind of line; undefined = it applies. */
  notApplicable?(access: LineAccess): string | undefined;
}

/** Collects rows of a profile; gap-driven. */
export interface ProfileTaskType extends CommonTaskType {
  readonly collects: 'profile';
  readonly kind: ProfileKind;
  /** Most that one request asks for, so that an interruption costs little. */
  readonly chunkMs: number;
  /** A success is only one when a row of the running month is there (billing). */
  readonly expectsMonth?: boolean;
}

/** Collects entries of an event log; gap-driven. */
export interface EventTaskType extends CommonTaskType {
  readonly collects: 'events';
  readonly kind: EventLog;
  readonly chunkMs: number;
}

/** Does something else with an open session. */
export interface ActionTaskType extends CommonTaskType {
  readonly collects: 'nothing';
  run(context: ActionContext): Promise<ActionOutcome>;
}

export type TaskTypeDefinition = ProfileTaskType | EventTaskType | ActionTaskType;

export const DAY_MS = 86_400_000;

/** One task type is one file that calls this. */
export function defineTaskType<Definition extends TaskTypeDefinition>(definition: Definition): Definition {
  return definition;
}

export const kindOf = (type: TaskTypeDefinition): CollectionKind | undefined =>
  type.collects === 'nothing' ? undefined : type.kind;
