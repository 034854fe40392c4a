import type { EventLog } from '../base/model.ts';

/** Event codes of the simulated meters' device profile, grouped by the log that they go to. */
export const EVENT = {
  powerDown: 1,
  powerUp: 2,
  daylightSaving: 3,
  clockOld: 4,
  clockNew: 5,
  clockInvalid: 6,
  batteryLow: 8,
  tariffActivated: 9,
  watchdog: 15,
  firmwareReady: 17,
  firmwareActivated: 18,
  terminalCoverOpen: 40,
  terminalCoverClosed: 41,
  magneticFieldOn: 42,
  magneticFieldOff: 43,
  meterCoverOpen: 44,
  meterCoverClosed: 45,
  loginFailed: 46,
  configurationChanged: 47,
  keysChanged: 48,
  decryptionFailed: 49,
  replayDetected: 50,
  relayRemoteOff: 62,
  relayRemoteOn: 63,
  relayLocalOff: 64,
  /** Per phase: add 0, 1 or 2. */
  sag: 76,
  swell: 79,
  phaseLost: 82,
  phaseBack: 85,
} as const;

/** Where an event log lives and what it captures beside the clock. */
export interface EventLogObject {
  readonly log: EventLog;
  /** The profile generic. */
  readonly obis: string;
  /** The captured object: event code, or the duration of a power failure. */
  readonly capturedObis: string;
  readonly capturedClass: 1 | 3;
}

export const EVENT_LOG_OBJECTS: readonly EventLogObject[] = [
  { log: 'standard', obis: '0.0.99.98.0.255', capturedObis: '0.0.96.11.0.255', capturedClass: 1 },
  { log: 'fraud', obis: '0.0.99.98.1.255', capturedObis: '0.0.96.11.1.255', capturedClass: 1 },
  { log: 'relay', obis: '0.0.99.98.2.255', capturedObis: '0.0.96.11.2.255', capturedClass: 1 },
  { log: 'power-quality', obis: '0.0.99.98.5.255', capturedObis: '0.0.96.11.5.255', capturedClass: 1 },
  { log: 'phase-interruption', obis: '0.0.99.98.6.255', capturedObis: '0.0.96.11.6.255', capturedClass: 1 },
  { log: 'power-failure', obis: '1.0.99.97.0.255', capturedObis: '0.0.96.7.19.255', capturedClass: 3 },
];

/** One line of an event log. */
export interface LoggedEvent {
  readonly log: EventLog;
  /** True (not the meter's own) time, UTC ms. */
  readonly atMs: number;
  /** Event code; for the power-failure log the duration in seconds. */
  readonly value: number;
  /** The meter's own time at that moment, where it differs from what its clock says of `atMs` (before a setting). */
  readonly stampMs?: number;
}
