import { dataNotification } from './data-notification.ts';
import { echo } from './echo.ts';
import type { Heartbeat } from './heartbeat.ts';
import { identification } from './identification.ts';

/** Every kind of heartbeat; a further one is a file and a line here. */
export const HEARTBEATS: readonly Heartbeat[] = [identification, echo, dataNotification];

/** Undefined for `off`, and for what nobody has defined. */
export const heartbeatOf = (name: string): Heartbeat | undefined =>
  HEARTBEATS.find((heartbeat) => heartbeat.name === name);
