import type { Channel, TaskGroup, TaskItem, TaskType } from '../base/model.ts';
import { DIAL_ATTRIBUTES } from './dial-defaults.ts';
import { HES_ATTRIBUTES, MOVED_SETTINGS } from './hes-defaults.ts';

/** Default settings of a new device, documented as user manual §7.6 asks; figures and tables are the manual's. */

/** Figure 19. */
export const EMPTY_TASK = 'empty_task';
export const DEFAULT_TASK_GROUPS: readonly Omit<TaskGroup, 'id'>[] = [
  { name: EMPTY_TASK, enabled: false },
  { name: 'upload_task', enabled: true },
  { name: 'down_device_task', enabled: true },
  { name: 'single_phase', enabled: true },
  { name: 'three_phase', enabled: true },
  { name: 'sync_time', enabled: true },
];

/** §7.3 b: 20 days of profiles and 13 months of everything else. */
const PROFILE_RECALL_S = 1_728_000;
const LONG_RECALL_S = 34_819_200;

type ItemRow = readonly [
  name: string,
  intervalS: number,
  maxRecallS: number,
  enabled: boolean,
  priority: number,
  type: TaskType,
  cron: string,
];

/** Figure 20; the demand profile is on, since it is to be kept, and so is the clock of every meter, once a day. */
const READING_ITEMS: readonly ItemRow[] = [
  ['path discovery', 0, 0, true, 4, 'G3 Path Discovery', '0 */4 * * *'],
  ['monthbilling', 259_200, LONG_RECALL_S, true, 1, 'Monthly Billing', '0 */1 1-5 * *'],
  ['monthbilling', 2_332_800, LONG_RECALL_S, true, 3, 'Monthly Billing', '0 */4 6-31 * *'],
  ['energy profile', 120, PROFILE_RECALL_S, true, 2, 'Energy profile', '0 */4 * * *'],
  ['demand profile', 120, PROFILE_RECALL_S, true, 4, 'Demand profile', '0 */4 * * *'],
  ['fraud event', 300, LONG_RECALL_S, true, 3, 'Fraud Event', '0 10 * * *'],
  ['relay event', 300, LONG_RECALL_S, true, 3, 'Relay Event', '0 10 * * *'],
  ['standard event', 300, LONG_RECALL_S, true, 3, 'Standard Event', '0 10 * * *'],
  ['power failure event', 300, LONG_RECALL_S, true, 3, 'Power Failure Event', '0 10 * * *'],
  ['phase interruption event', 300, LONG_RECALL_S, true, 3, 'Phase Interruption Event', '0 10 * * *'],
  ['power quality event', 300, LONG_RECALL_S, true, 3, 'Power Quality Event', '0 10 * * *'],
  ['meter clock', 0, 0, true, 4, 'Meter Clock', '0 10 * * *'],
];

const itemsOf = (task: string, rows: readonly ItemRow[]): readonly Omit<TaskItem, 'id'>[] =>
  rows.map(([name, intervalS, maxRecallS, enabled, priority, type, cron]) => ({
    name,
    task,
    intervalS,
    offsetS: 0,
    maxRecallS,
    enabled,
    priority,
    type,
    cron,
  }));

export const DEFAULT_TASK_ITEMS: readonly Omit<TaskItem, 'id'>[] = [
  ...itemsOf('single_phase', READING_ITEMS),
  ...itemsOf('three_phase', READING_ITEMS),
  ...itemsOf('sync_time', [['meter clock', 0, 0, true, 4, 'Meter Clock', '0 10 */2 * *']]),
];

/** Figure 14, one channel for meters that have an IP address each, and one for what meters push. */
export const DEFAULT_CHANNELS: readonly Omit<Channel, 'id'>[] = [
  channel('485_1', '485_test_fis', 'empty_task', true, 2, 3, 4, 'RS-485 line 1'),
  channel('tcp_server', 'dlms_up_server', 'empty_task', true, 3, 5, 9, 'head-end dials in'),
  channel('tcp_client', 'dlms_up', 'upload_task', true, 3, 5, 5, 'dials the head-end'),
  channel('reading_module', 'mip', 'sync_time', true, 3, 2, 2, 'power line module'),
  channel('485_2', '485_test_fis_ch2', 'empty_task', false, 2, 3, 7, 'RS-485 line 2'),
  channel('485_3', '485_test_fis_ch3', 'empty_task', false, 2, 3, 8, 'RS-485 line 3'),
  channel('tcp_server_gui', 'dlms_up_server_gui', 'empty_task', true, 3, 5, 10, 'local software'),
  channel('tcp_server_im', 'dlms_up_server_im', 'empty_task', true, 3, 5, 11, 'balance meter'),
  channel('tcp_meters', 'dlms_down', 'empty_task', true, 3, 5, 12, 'meters with an IP address each'),
  channel('g3_meters', 'dlms_down', 'empty_task', true, 10, 10, 14, 'meters of a G3-PLC network, by IPv6'),
  channel('mqtt', 'mqtt', 'empty_task', false, 10, 10, 15, 'brings what there is to an MQTT broker'),
  channel('listen', 'dlms_push', 'empty_task', false, 3, 5, 13, 'what meters push'),
  channel('hes_push', 'dlms_up_push', 'empty_task', false, 10, 10, 16, 'pushes what there is to a head-end'),
];

function channel(
  name: string,
  protocol: string,
  task: string,
  enabled: boolean,
  readTimeoutS: number,
  writeTimeoutS: number,
  commType: Channel['commType'],
  description: string,
): Omit<Channel, 'id'> {
  return { name, protocol, task, enabled, readTimeoutS, writeTimeoutS, commType, description };
}

export interface DefaultAttribute {
  readonly owner: string;
  readonly key: string;
  readonly value: string;
  readonly description: string;
}

const attributesOf = (
  owner: string,
  rows: readonly (readonly [key: string, value: string, description: string])[],
): readonly DefaultAttribute[] =>
  rows.map(([key, value, description]) => ({ owner, key, value, description }));

/** Serial lines: IEC 62056-46 asks for 8 bits, no parity. */
export const DEFAULT_CHANNEL_ATTRIBUTES: readonly DefaultAttribute[] = [
  ...attributesOf('tcp_client', [...DIAL_ATTRIBUTES, ...HES_ATTRIBUTES]),
  ...attributesOf('tcp_server', [
    ['host', '0.0.0.0', 'address to listen on'],
    ['port', '', 'port to listen on, usually 4059; 0 = any; empty = closed'],
    ['meter.ports', '', 'a TCP port for each meter: first-last; empty = none'],
    ['meter.ports.from', '', 'addresses and ranges (CIDR) that may connect to them; empty = any'],
    ...HES_ATTRIBUTES,
  ]),
  // The software on the spot comes over this machine or a tunnel to it, unless somebody opens the port to others.
  ...attributesOf('tcp_server_gui', [
    ['host', '127.0.0.1', 'address to listen on; 0.0.0.0 = all'],
    ['port', '', 'port to listen on; 0 = any; empty = closed'],
    ...HES_ATTRIBUTES,
  ]),
  ...attributesOf('tcp_server_im', [
    ['host', '0.0.0.0', 'address to listen on'],
    ['port', '', 'port to listen on; 0 = any; empty = closed'],
    ...HES_ATTRIBUTES,
  ]),
  ...attributesOf('listen', [
    ['host', '0.0.0.0', 'address to listen on'],
    ['port', '4059', 'port to listen on'],
    ['transport', 'both', 'tcp, udp or both'],
  ]),
  ...attributesOf('mqtt', [
    ['url', '', 'mqtt://host:port, or mqtts:// with TLS'],
    ['version', '5', '4 = MQTT 3.1.1, 5 = MQTT 5'],
    ['client.id', '', 'made from the serial number if empty'],
    ['username', '', 'account at the broker; its password is the setting mqtt.password'],
    ['topic.prefix', 'opendcu', 'what all topics begin with'],
    ['qos', '1', 'each message is acknowledged'],
    ['keepalive', '60', 'seconds'],
    ['in.flight', '16', 'messages that wait for their acknowledgement at most'],
    ['ack.timeout', '30', 'seconds without an acknowledgement after which the broker is left'],
    ['window', '', 'HH:MM-HH:MM for what a rule sends to the window; any time if empty'],
    ['discovery', 'yes', 'whether meters are announced with retained messages'],
    ['tls.ca', '', 'PEM file below tls/ of the data directory; the certificates of the system if empty'],
    ['tls.fingerprint', '', 'SHA-256 of the certificate of the broker, which alone is trusted then'],
    ['tls.certificate', '', 'PEM file below tls/: our own certificate'],
    ['tls.key', '', 'PEM file below tls/: its key'],
    ['command.read', 'no', 'whether a meter may be read on request'],
    ['command.relay', 'no', 'whether relays may be switched on request'],
    ['command.clock', 'no', 'whether clocks may be set on request'],
  ]),
  ...attributesOf('hes_push', [
    ['host', '', 'address of the listener of the head-end'],
    ['port', '4059', 'its port'],
    ['client', '1', 'client address (wPort) that it is pushed to'],
    [
      'confirmed',
      'yes',
      'whether each notification has to be confirmed; without, it is settled when it has left',
    ],
    ['ciphered', 'no', 'yes = authenticated and encrypted with the keys of the head-end'],
    ['hes.encryption.key', '', 'key of the head-end, 32 hex digits; ciphered'],
    ['hes.authentication.key', '', 'authentication key of the head-end, 32 hex digits; ciphered'],
    ['ack.timeout', '30', 'seconds that a confirmation may take'],
    ['connect.timeout', '5', 'seconds to wait for a connection'],
    ['idle.timeout', '60', 'seconds without anything to push after which the connection is closed'],
    ['in.flight', '4', 'items that wait for their confirmation at most'],
    ['max.pdu', '65535', 'bytes of the longest APDU; longer ones go in general blocks'],
    ['window', '', 'HH:MM-HH:MM for what a rule sends to the window; any time if empty'],
    ['retries', '4', 'failures of an item, after the first, until others go in front of it'],
    ['retry.delay', '1', 'seconds until the first further try; doubles with each that fails'],
    ['retry.delay.max', '300', 'seconds between tries at most'],
  ]),
  ...attributesOf('reading_module', [
    ['device', '', 'path of the serial port'],
    ['baud', '9600', 'bits per second that the module is set to with 05F10'],
    ['parity', 'even', 'none, even or odd'],
    ['master.address', '', 'twelve digits; made from the serial number if empty'],
    ['max.concurrent', '128', 'meters read at the same time, at most'],
    ['forward.timeout', '60', 'seconds that the module may take to reach a meter'],
    ['band', '', 'frequency band 0 to 3; as the module has it if empty'],
  ]),
  ...['485_1', '485_2', '485_3'].flatMap((name) =>
    attributesOf(name, [
      ['device', '', 'path of the serial port'],
      ['baud', '9600', 'bits per second'],
      ['data.bits', '8', 'data bits'],
      ['parity', 'none', 'none, even or odd'],
      ['stop.bits', '1', 'stop bits'],
      ['clock.broadcast', '0', '1 = clocks that are off are set all at once, by a frame to all meters'],
    ]),
  ),
];

export type Direction = 'ToMeter' | 'ToHeadEnd';

/** Figures 16 and 17. */
export const DEFAULT_PROTOCOLS: readonly {
  readonly name: string;
  readonly direction: Direction;
  readonly description: string;
}[] = [
  { name: 'dlms_down', direction: 'ToMeter', description: 'DLMS to meters' },
  { name: 'dlms_up', direction: 'ToHeadEnd', description: 'DLMS on a dialled connection' },
  { name: 'dlms_up_server', direction: 'ToHeadEnd', description: 'DLMS in server mode' },
  { name: '485_test_fis', direction: 'ToMeter', description: 'DLMS over HDLC on RS-485 1' },
  { name: '485_test_fis_ch2', direction: 'ToMeter', description: 'DLMS over HDLC on RS-485 2' },
  { name: '485_test_fis_ch3', direction: 'ToMeter', description: 'DLMS over HDLC on RS-485 3' },
  { name: 'mip', direction: 'ToMeter', description: 'power line module (Q/GDW 10376.2)' },
  { name: 'dlms_up_server_gui', direction: 'ToHeadEnd', description: 'DLMS in server mode (WEB-GUI)' },
  { name: 'dlms_up_server_im', direction: 'ToHeadEnd', description: 'DLMS in server mode (Balance-Meter)' },
  { name: 'mqtt', direction: 'ToHeadEnd', description: 'MQTT 3.1.1 and 5' },
  { name: 'dlms_push', direction: 'ToMeter', description: 'DLMS that meters push' },
  { name: 'dlms_up_push', direction: 'ToHeadEnd', description: 'DLMS that is pushed to a head-end' },
];

/** Protocols whose channels have all attributes themselves. */
const WITHOUT_ATTRIBUTES: ReadonlySet<string> = new Set(['dlms_push', 'dlms_up_push', 'mqtt']);

/** Tables 4 and 5. */
export const DEFAULT_PROTOCOL_ATTRIBUTES: readonly DefaultAttribute[] = DEFAULT_PROTOCOLS.filter(
  ({ name }) => !WITHOUT_ATTRIBUTES.has(name),
).flatMap(({ name, direction }) =>
  direction === 'ToMeter'
    ? attributesOf(name, [
        // The module's longest frame counts too, and the manual's 80 would make twenty messages of one.
        ['max.bytes', name === 'mip' ? '2030' : '80', 'bytes per information field'],
        ['send.retry', '3', 'retries after the first try'],
        ['send.timeout', '10', 'seconds to wait for an answer'],
        ['send.silent', '2', 'seconds of quiet after a success'],
      ])
    : attributesOf(name, [
        ['max.bytes', '1024', 'bytes per packet'],
        ['send.retry', '3', 'retries after the first try'],
        ['send.timeout', '10', 'seconds to wait for an answer'],
        ['server.mode', '1', '1 = the concentrator is the DLMS server, 0 = the client'],
      ]),
);

export interface DefaultSetting {
  readonly key: string;
  readonly value: string;
  readonly description: string;
}

/** Figures 11 to 13, and what the figures leave out. */
export function defaultSettings(serialNumber: string, timeZone: string): readonly DefaultSetting[] {
  return [
    { key: 'up.device', value: 'ethernet', description: 'way to the master station: ethernet or gprs' },
    { key: 'ppp.apn', value: '', description: 'APN for SIM card' },
    { key: 'ppp.username', value: '', description: 'account for APN' },
    { key: 'ppp.password', value: '', description: 'password for APN' },
    { key: 'ppp.sms', value: '', description: 'SMS centre' },
    { key: 'ppp.pin', value: '', description: 'PIN code' },
    { key: 'ppp.access.number', value: '', description: 'access number' },
    { key: 'ftp.ip', value: '', description: 'FTP address for upgrade' },
    { key: 'ftp.port', value: '0', description: 'FTP port' },
    { key: 'ftp.username', value: '', description: 'FTP account' },
    { key: 'ftp.password', value: '', description: 'FTP password' },
    { key: 'device.serial', value: serialNumber, description: 'serial number of the concentrator' },
    {
      key: 'device.timezone',
      value: timeZone,
      description: 'IANA name of the time zone that days are counted in',
    },
    { key: 'device.firmware', value: '', description: 'firmware of the last start' },
    { key: 'maintenance.ip', value: '192.168.100.100', description: 'maintenance address' },
    { key: 'maintenance.netmask', value: '255.255.255.0', description: 'its subnet mask' },
    { key: 'retention.days', value: '92', description: 'days that profiles are kept' },
    {
      key: 'retention.long.days',
      value: '420',
      description: 'days that billing rows, events and logs are kept',
    },
    {
      key: 'meter.check.interval',
      value: '3600',
      description: 'seconds between checks whether a meter answers; 0 = never',
    },
    {
      key: 'clock.source',
      value: 'own',
      description: 'whose clock is set: own, beside that of the machine, or system',
    },
    { key: 'ntp.server', value: '', description: 'time server behind the head-end; none is asked if empty' },
    { key: 'ntp.port', value: '123', description: 'port of the time server' },
    { key: 'ntp.interval', value: '3600', description: 'seconds between two looks at the time server' },
    {
      key: 'clock.threshold',
      value: '2',
      description: 'seconds that a meter may be off before it is corrected',
    },
    {
      key: 'clock.shift.limit',
      value: '60',
      description: 'seconds up to which a meter clock is shifted; beyond, it is set',
    },
    {
      key: 'hes.events',
      value: '',
      description: 'types of events that head-ends are shown of the logbook, with commas; all if empty',
    },
    { key: 'mqtt.password', value: '', description: 'password at the MQTT broker' },
    {
      key: 'outbox.max.days',
      value: '30',
      description: 'days that is kept what no head-end has acknowledged',
    },
    {
      key: 'outbox.max.mb',
      value: '64',
      description:
        'megabytes that are kept of it for each head-end; the oldest of the lowest priority goes first',
    },
    {
      key: 'login.attempts',
      value: '5',
      description: 'failed logins until an account or interface is blocked',
    },
    { key: 'login.lockout', value: '86400', description: 'seconds that it is blocked for' },
    {
      key: 'login.lockout.steepness',
      value: '1',
      description: 'by how much each block is longer than the one before, until somebody succeeds',
    },
    { key: 'login.lockout.max', value: '86400', description: 'seconds that a block lasts at most' },
  ];
}

/** Settings that are sealed on disk and never shown. */
export const SECRET_SETTINGS: ReadonlySet<string> = new Set([
  'ppp.password',
  'ppp.pin',
  'ftp.password',
  'mqtt.password',
  ...MOVED_SETTINGS,
]);
