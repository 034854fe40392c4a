import type { Result } from '../../api/client.ts';

export type Module = Result<'GET /api/modules'>['rows'][number];

export interface ModuleWords {
  readonly label: string;
  readonly color: string;
  /** What it means, and what to do. */
  readonly text: string;
}

/** How a module is, in words. */
export function moduleWords({ state, trouble, archive, network, searching, upgrade }: Module): ModuleWords {
  if (state === 'unplugged') {
    return {
      label: 'Unplugged',
      color: 'red',
      text: 'Its serial port cannot be opened. Check the adapter and its cable, and the device in the settings of the channel. It is tried again by itself.',
    };
  }
  if (trouble !== null && trouble.code === 'link-timeout') {
    return {
      label: 'Silent',
      color: 'red',
      text: 'The port is open, but the module does not answer. Check its power, its wiring and the baud rate of the channel. It is asked again by itself.',
    };
  }
  if (trouble !== null) {
    return {
      label: 'Trouble',
      color: 'red',
      text: 'The module cannot be used now. It is started anew by itself; if this stays, take it out and put it in again, or swap it.',
    };
  }
  if (upgrade?.state === 'running') {
    return { label: 'Firmware', color: 'blue', text: 'New firmware is being handed over; reading waits.' };
  }
  switch (state) {
    case 'off':
      return { label: 'Off', color: 'gray', text: 'The module is not used.' };
    case 'starting':
      return { label: 'Starting', color: 'yellow', text: 'The module is being asked what it is.' };
    case 'synchronising':
      return {
        label: 'Taking meters',
        color: 'yellow',
        text: `The module is being told the ${archive} meters that it is to have.`,
      };
    default:
      if (searching) {
        return { label: 'Registering', color: 'blue', text: 'Devices that nobody has entered may register.' };
      }
      return network.looking
        ? { label: 'Looking', color: 'blue', text: 'The network is being looked at.' }
        : { label: 'Ready', color: 'teal', text: 'Meters can be read.' };
  }
}
