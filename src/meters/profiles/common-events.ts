import { eventTable } from '../meter-profile.ts';

/** Codes on which the companion specifications of the IDIS and DSMR families agree (both in public use, tables compared). */
export const COMMON_EVENTS = {
  ...eventTable('power', 'info', { 2: 'Power up' }, 'power-up'),
  ...eventTable('power', 'warning', { 1: 'Power down' }, 'power-down'),
  ...eventTable('standard', 'info', {
    3: 'Daylight saving time changed',
    9: 'Tariff scheme activated',
    10: 'Error register cleared',
    11: 'Alarm register cleared',
    17: 'Firmware ready for activation',
    18: 'Firmware activated',
    19: 'Passive tariff scheme programmed',
  }),
  ...eventTable('standard', 'info', { 4: 'Clock adjusted (old time)' }, 'clock-before'),
  ...eventTable('standard', 'info', { 5: 'Clock adjusted (new time)' }, 'clock-after'),
  ...eventTable('standard', 'warning', {
    6: 'Clock invalid',
    7: 'Replace battery',
    8: 'Battery voltage low',
    254: 'Load profile cleared',
    255: 'Event log cleared',
  }),
  ...eventTable('standard', 'alarm', {
    12: 'Program memory error',
    13: 'RAM error',
    14: 'Non-volatile memory error',
    15: 'Watchdog error',
    16: 'Measurement system error',
  }),
  ...eventTable('fraud', 'alarm', {
    40: 'Terminal cover removed',
    42: 'Strong magnetic field detected',
    44: 'Meter cover removed',
  }),
  ...eventTable('fraud', 'info', {
    41: 'Terminal cover closed',
    43: 'Strong magnetic field gone',
    45: 'Meter cover closed',
  }),
  ...eventTable('security', 'alarm', { 46: 'Association refused several times' }),
  ...eventTable('security', 'warning', { 47: 'Parameters changed' }),
  ...eventTable('relay', 'info', {
    59: 'Relay ready for manual reconnection',
    60: 'Relay disconnected by hand',
    61: 'Relay connected by hand',
    62: 'Relay disconnected remotely',
    63: 'Relay connected remotely',
    64: 'Relay disconnected locally',
    66: 'Limiter threshold kept again',
    67: 'Limiter threshold changed',
    69: 'Relay reconnected locally',
  }),
  ...eventTable('relay', 'warning', { 65: 'Limiter threshold exceeded' }),
  ...eventTable('relay', 'alarm', { 68: 'Relay failed to switch' }),
};
