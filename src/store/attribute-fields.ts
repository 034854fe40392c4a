import { toDcuError } from '../base/errors.ts';
import { HostRanges, portRange } from '../base/host-ranges.ts';
import { isTimeZone } from '../base/zone.ts';
import { MOST_ADDRESSES } from './dial-defaults.ts';
import { checkHost, checkIntegerText, checkOneOf, checkText, checkWindow, invalid } from './validation.ts';

type Check = (field: string, value: string) => void;

const integer =
  (min: number, max: number): Check =>
  (field, value) =>
    checkIntegerText(field, value, min, max);

/** Empty = not set. */
const integerOrNothing =
  (min: number, max: number): Check =>
  (field, value) => {
    if (value !== '') checkIntegerText(field, value, min, max);
  };

const oneOf =
  (...allowed: readonly string[]): Check =>
  (field, value) =>
    checkOneOf(field, value, allowed);

/** Empty = not set. */
const hostOrNothing: Check = (field, value) => {
  if (value !== '') checkHost(field, value);
};

const nodeAddressOrNothing: Check = (field, value) => {
  if (value !== '' && !/^\d{12}$/.test(value)) throw invalid(field, 'must be twelve digits');
};

/** 16 is the public client's. */
const hesClient: Check = (field, value) => {
  checkIntegerText(field, value, 1, 127);
  if (Number(value) === 16) throw invalid(field, 'must not be 16, the public client');
};

/** Empty = there is none. */
const hesClientOrNothing: Check = (field, value) => {
  if (value !== '') hesClient(field, value);
};

const hesAuth = oneOf('lls', 'hls-md5', 'hls-sha1', 'hls-sha256', 'hls-gmac');

/** Text, or `hex:` and the hex digits of a secret that is none; as many bytes as class 15 takes for one. */
const hesPassword: Check = (field, value) =>
  checkText(field, value, 0, /^hex:(?:[\da-f]{2})+$/i.test(value) ? 4 + 2 * 64 : 64);

/** Of requests and responses, or of each with / in between. */
const hesPolicy: Check = (field, value) => {
  const [request, response = request, ...others] = value.split('/');
  const known = [request, response].every((one) => /^(?:none|auth|enc|auth-enc)$/.test(one ?? ''));
  if (!known || others.length > 0) throw invalid(field, 'must be none, auth, enc or auth-enc');
};

const keyOrNothing: Check = (field, value) => {
  if (value !== '' && !/^[\da-f]{32}$/i.test(value)) throw invalid(field, 'must be 32 hex digits');
};

const host: Check = (field, value) => checkHost(field, value);

const text =
  (max: number): Check =>
  (field, value) =>
    checkText(field, value, 0, max);

const timeZone: Check = (field, value) => {
  if (!isTimeZone(value)) throw invalid(field, 'is not the name of a time zone');
};

const brokerUrlOrNothing: Check = (field, value) => {
  if (value === '') return;
  const url = URL.parse(value);
  const isSound =
    url !== null &&
    (url.protocol === 'mqtt:' || url.protocol === 'mqtts:') &&
    url.hostname !== '' &&
    url.username === '' &&
    url.password === '' &&
    (url.pathname === '' || url.pathname === '/') &&
    url.search + url.hash === '';
  if (!isSound) throw invalid(field, 'must be mqtt://host:port or mqtts://host:port');
};

const topicPrefix: Check = (field, value) => {
  if (!/^[\w.-]+(?:\/[\w.-]+)*$/.test(value) || value.length > 128)
    throw invalid(field, 'must be levels of letters, digits, _, - and . with / in between');
};

const eventTypesOrNothing: Check = (field, value) => {
  if (!/^(?:[a-z0-9-]+(?:,[a-z0-9-]+)*)?$/.test(value) || value.length > 1024)
    throw invalid(field, 'must be types of events with commas in between');
};

const windowOrNothing: Check = (field, value) => {
  if (value !== '') checkWindow(field, value);
};

/** Only a name, so that no other file can be asked for. */
const fileNameOrNothing: Check = (field, value) => {
  if (value !== '' && !/^\w[\w.-]{0,99}$/.test(value)) throw invalid(field, 'must be the name of a file');
};

const fingerprintOrNothing: Check = (field, value) => {
  if (value !== '' && !/^[\da-f]{64}$/i.test(value.replaceAll(':', '')))
    throw invalid(field, 'must be 64 hex digits');
};

const connectWhen: Check = (field, value) => {
  if (value !== 'always' && value !== 'off') checkWindow(field, value);
};

const heartbeatId: Check = (field, value) => {
  if (!/^[\x21-\x7e]{0,12}$/.test(value)) throw invalid(field, 'must be up to 12 ASCII characters');
};

/** What cannot be made of a value refuses it with its reason. */
const madeBy =
  (make: (value: string) => unknown): Check =>
  (field, value) => {
    try {
      make(value);
    } catch (error) {
      throw invalid(field, `is not right: ${toDcuError(error).message}`);
    }
  };

const portsOrNothing = madeBy(portRange);
const hostRangesOrNothing = madeBy((value) => new HostRanges(value));

/** Attributes of channels and protocols (Figures 15 and 17, Tables 4 and 5). Others are free text. */
const ATTRIBUTES: Readonly<Record<string, Check>> = {
  'max.bytes': integer(16, 2030),
  'send.retry': integer(0, 10),
  'send.timeout': integer(1, 300),
  'send.silent': integer(0, 300),
  'server.mode': oneOf('0', '1'),
  'ip.n': hostOrNothing,
  'port.n': integer(0, 65_535),
  'ip.size': integer(1, MOST_ADDRESSES),
  'connect.timeout': integer(1, 300),
  connect: connectWhen,
  'return.after': integer(10, 604_800),
  'redial.first': integer(1, 3600),
  'redial.max': integer(1, 86_400),
  heartbeat: oneOf('off', 'identification', 'echo', 'data-notification'),
  'heartbeat.interval': integer(1, 86_400),
  'heartbeat.timeout': integer(1, 3600),
  'heartbeat.misses': integer(1, 100),
  'heartbeat.id': heartbeatId,
  'push.ciphered': oneOf('yes', 'no'),
  'hes.server': integer(1, 0xffff),
  host,
  port: integerOrNothing(0, 65_535),
  'hes.auth': hesAuth,
  'hes.client': hesClient,
  'hes.rights': oneOf('read', 'full'),
  gateway: oneOf('off', 'associated', 'open'),
  'gateway.network': integer(0, 255),
  'meter.ports': portsOrNothing,
  'meter.ports.from': hostRangesOrNothing,
  'hes.policy': hesPolicy,
  'hes.password': hesPassword,
  'hes.encryption.key': keyOrNothing,
  'hes.authentication.key': keyOrNothing,
  'hes.master.key': keyOrNothing,
  'hes.live.client': hesClientOrNothing,
  'hes.reader.client': hesClientOrNothing,
  'hes.reader.auth': hesAuth,
  'hes.reader.password': hesPassword,
  'hes.reader.encryption.key': keyOrNothing,
  'hes.reader.authentication.key': keyOrNothing,
  transport: oneOf('tcp', 'udp', 'both'),
  url: brokerUrlOrNothing,
  version: oneOf('4', '5'),
  'client.id': text(64),
  username: text(128),
  'topic.prefix': topicPrefix,
  qos: oneOf('1'),
  keepalive: integer(5, 3600),
  'in.flight': integer(1, 256),
  'ack.timeout': integer(1, 600),
  window: windowOrNothing,
  discovery: oneOf('yes', 'no'),
  push: oneOf('yes', 'no'),
  // push_client_SAP of class 40 is an integer.
  client: integer(1, 127),
  confirmed: oneOf('yes', 'no'),
  ciphered: oneOf('yes', 'no'),
  'idle.timeout': integer(1, 86_400),
  'max.pdu': integer(64, 65_535),
  retries: integer(0, 254),
  'retry.delay': integer(1, 3600),
  'retry.delay.max': integer(1, 65_535),
  'tls.ca': fileNameOrNothing,
  'tls.fingerprint': fingerprintOrNothing,
  'tls.certificate': fileNameOrNothing,
  'tls.key': fileNameOrNothing,
  'command.read': oneOf('yes', 'no'),
  'command.relay': oneOf('yes', 'no'),
  'command.clock': oneOf('yes', 'no'),
  device: text(255),
  baud: oneOf('300', '600', '1200', '2400', '4800', '9600', '19200', '38400', '57600', '115200'),
  'data.bits': oneOf('7', '8'),
  parity: oneOf('none', 'even', 'odd'),
  'stop.bits': oneOf('1', '2'),
  'clock.broadcast': oneOf('0', '1'),
  'master.address': nodeAddressOrNothing,
  'max.concurrent': integer(1, 128),
  'forward.timeout': integer(1, 600),
  band: oneOf('', '0', '1', '2', '3'),
};

/** Settings with a form of their own; others are free text. */
const SETTINGS: Readonly<Record<string, Check>> = {
  'up.device': oneOf('ethernet', 'gprs'),
  'ftp.ip': hostOrNothing,
  'ftp.port': integer(0, 65_535),
  'device.serial': text(32),
  'device.timezone': timeZone,
  'maintenance.ip': hostOrNothing,
  'maintenance.netmask': hostOrNothing,
  'retention.days': integer(1, 3660),
  'retention.long.days': integer(1, 3660),
  'login.attempts': integer(1, 100),
  'login.lockout': integer(1, 31_536_000),
  'login.lockout.steepness': integer(1, 100),
  'login.lockout.max': integer(1, 31_536_000),
  'meter.check.interval': integer(0, 604_800),
  'hes.events': eventTypesOrNothing,
  'clock.source': oneOf('own', 'system'),
  'ntp.server': hostOrNothing,
  'ntp.port': integer(1, 65_535),
  'ntp.interval': integer(64, 86_400),
  'clock.threshold': integer(1, 3600),
  'clock.shift.limit': integer(1, 900),
  'outbox.max.days': integer(1, 3660),
  'outbox.max.mb': integer(1, 65_536),
};

const freeText = text(1024);

/** @throws DcuError `invalid-field` named after the attribute's key */
export function checkAttribute(key: string, value: string): void {
  checkBy(ATTRIBUTES, key, value, key.replace(/^(ip|port)\.[1-9]\d*$/, '$1.n'));
}

/** @throws DcuError `invalid-field` named after the setting's key */
export function checkSetting(key: string, value: string): void {
  checkBy(SETTINGS, key, value);
}

/** @param row what the field is called in the table, where it is one of many */
function checkBy(table: Readonly<Record<string, Check>>, key: string, value: string, row = key): void {
  const check = Object.hasOwn(table, row) ? table[row] : undefined;
  (check ?? freeText)(key, value);
}
