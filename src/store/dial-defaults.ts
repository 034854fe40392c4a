type AttributeRow = readonly [key: string, value: string, description: string];

/** Addresses of a head-end that a dialling channel has. */
export const MOST_ADDRESSES = 8;

const ORDINALS = ['first', 'second', 'third', 'fourth', 'fifth', 'sixth', 'seventh', 'eighth'];

/** Where the head-end is (Figure 15), and how a connection to it is kept; a new device knows none. */
export const DIAL_ATTRIBUTES: readonly AttributeRow[] = [
  ...ORDINALS.flatMap((ordinal, i): AttributeRow[] => [
    [`ip.${i + 1}`, '', `address of the ${ordinal} head-end`],
    [`port.${i + 1}`, '0', 'its port'],
  ]),
  ['ip.size', '1', 'how many of the addresses are used'],
  ['connect.timeout', '5', 'seconds to wait for a connection'],
  ['connect', 'always', 'when there is to be a connection: always, off, or HH:MM-HH:MM'],
  ['return.after', '3600', 'seconds on another address after which the first one is tried again'],
  [
    'redial.first',
    '5',
    'seconds until the addresses are dialled again; twice as long each time, half by chance',
  ],
  ['redial.max', '600', 'seconds that this grows to, while nothing useful comes of it'],
  ['heartbeat', 'off', 'off, identification, echo or data-notification'],
  ['heartbeat.interval', '60', 'seconds from one to the next'],
  ['heartbeat.timeout', '10', 'seconds to wait for its answer'],
  ['heartbeat.misses', '3', 'how many without an answer, one after the other, end the connection'],
  ['heartbeat.id', '', 'up to 12 characters; made from the serial number if empty'],
  ['push', 'no', 'whether data and events are pushed on the connection'],
  [
    'push.ciphered',
    'yes',
    'whether that is ciphered with the keys below, where the head-end has not associated',
  ],
  ['confirmed', 'yes', 'whether the head-end confirms what is pushed'],
  ['in.flight', '4', 'pushes that wait for their confirmation at most'],
  ['window', '', 'HH:MM-HH:MM for what a rule sends to the window; any time if empty'],
  ['hes.server', '1', 'address of the head-end as a server, where server.mode is 0'],
];
