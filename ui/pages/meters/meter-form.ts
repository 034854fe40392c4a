import type { Meter, NewMeter } from '../../../src/api/contract.ts';

/** What the drawer edits: flat secrets, numbers that may be empty while being typed. */
export interface MeterForm {
  meterNo: string;
  enabled: boolean;
  mac: number | string;
  channel: string;
  task: string;
  profile: string;
  meterType: number | string;
  phase: number | string;
  credit: number | string;
  prepaid: number | string;
  wiring: number | string;
  balance: boolean;
  /** Empty: the only balance meter; `-`: none. */
  balanceMeter: string;
  address: {
    framing: 'hdlc' | 'wrapper';
    host: string;
    port: number | string;
    clientAddress: number | string;
    serverAddress: number | string;
    physicalAddress: number | string;
    addressBytes: '1' | '2' | '4';
    referencing: 'ln' | 'sn' | 'auto';
    transport: 'tcp' | 'udp';
    node: string;
    opening: 'direct' | 'mode-e';
    /** Empty: as the channel is set. */
    baudRate: string;
    parity: '' | 'none' | 'even' | 'odd';
  };
  security: {
    auth: Meter['security']['auth'];
    policy: 'none' | 'auth' | 'enc' | 'auth-enc';
    systemTitle: string;
    suite: '0' | '1' | '2';
    signingKey: string;
  };
  secrets: {
    password: string;
    encryptionKey: string;
    authenticationKey: string;
    masterKey: string;
    signingKey: string;
  };
}

/** What a found device would be, as far as it told. */
export interface ProposedMeter {
  readonly meterNo?: string | null;
  readonly channel?: string;
  readonly profile?: string;
  readonly phase?: number | null;
  readonly address?: Partial<Meter['address']>;
  readonly security?: Partial<Meter['security']>;
}

/** How meters of a channel are reached; `other` may be any way. */
export type Way = 'ip' | 'line' | 'module' | 'other';

const WAYS: Readonly<Record<number, Way>> = {
  2: 'module',
  4: 'line',
  7: 'line',
  8: 'line',
  12: 'ip',
  14: 'ip',
};
export const wayOf = (commType: number | undefined): Way => WAYS[commType ?? 0] ?? 'other';

export const BAUD_RATES = [300, 600, 1200, 2400, 4800, 9600, 19_200, 38_400, 57_600, 115_200];

const noSecrets = { password: '', encryptionKey: '', authenticationKey: '', masterKey: '', signingKey: '' };

const usualAddress: MeterForm['address'] = {
  framing: 'wrapper',
  host: '',
  port: 4059,
  clientAddress: 1,
  serverAddress: 1,
  physicalAddress: '',
  addressBytes: '1',
  referencing: 'ln',
  transport: 'tcp',
  node: '',
  opening: 'direct',
  baudRate: '',
  parity: '',
};

function addressForm(
  address: Partial<Meter['address']>,
  fallback: MeterForm['address'],
): MeterForm['address'] {
  return {
    framing: address.framing ?? fallback.framing,
    host: address.host ?? '',
    port: address.port ?? '',
    clientAddress: address.clientAddress ?? fallback.clientAddress,
    serverAddress: address.serverAddress ?? fallback.serverAddress,
    physicalAddress: address.physicalAddress ?? '',
    addressBytes: String(address.addressBytes ?? 1) as '1' | '2' | '4',
    referencing: address.referencing ?? 'ln',
    transport: address.transport ?? 'tcp',
    node: address.node ?? '',
    opening: address.opening ?? 'direct',
    baudRate: address.baudRate === undefined ? '' : String(address.baudRate),
    parity: address.parity ?? '',
  };
}

function securityForm(security: Partial<Meter['security']>): MeterForm['security'] {
  return {
    auth: security.auth ?? 'none',
    policy: security.policy ?? 'none',
    systemTitle: security.systemTitle ?? '',
    suite: String(security.suite ?? 0) as '0' | '1' | '2',
    signingKey: security.signingKey ?? '',
  };
}

/** The form of the meter that a found device would be. */
export function formOfProposal(
  proposed: ProposedMeter,
  first: { channel: string; task: string; profile: string },
): MeterForm {
  const usual = formOf(undefined, first);
  return {
    ...usual,
    meterNo: proposed.meterNo ?? '',
    channel: proposed.channel ?? usual.channel,
    profile: proposed.profile ?? usual.profile,
    phase: proposed.phase ?? usual.phase,
    address: addressForm(proposed.address ?? {}, { ...usualAddress, framing: 'hdlc' }),
    security: securityForm(proposed.security ?? {}),
  };
}

/** The form of the meter that takes the place of one: what that has of its own is left out. */
export function formOfSuccessor(meter: Meter): MeterForm {
  const form = formOf(meter, { channel: meter.channel, task: meter.task, profile: meter.profile });
  return {
    ...form,
    meterNo: '',
    enabled: true,
    mac: -1,
    security: { ...form.security, systemTitle: '', signingKey: '' },
  };
}

/** A new meter starts with the manual's usual values (Figure 8). */
export function formOf(
  meter: Meter | undefined,
  first: { channel: string; task: string; profile: string },
): MeterForm {
  if (meter === undefined) {
    return {
      meterNo: '',
      enabled: true,
      mac: -1,
      ...first,
      meterType: 1,
      phase: 1,
      credit: 1,
      prepaid: 255,
      wiring: 0,
      balance: false,
      balanceMeter: '',
      address: usualAddress,
      security: securityForm({}),
      secrets: noSecrets,
    };
  }
  return {
    meterNo: meter.meterNo,
    enabled: meter.enabled,
    mac: meter.mac,
    channel: meter.channel,
    task: meter.task,
    profile: meter.profile,
    meterType: meter.meterType,
    phase: meter.phase,
    credit: meter.credit,
    prepaid: meter.prepaid,
    wiring: meter.wiring,
    balance: meter.balance ?? false,
    balanceMeter: meter.balanceMeter ?? '',
    address: addressForm(meter.address, usualAddress),
    security: securityForm(meter.security),
    secrets: noSecrets,
  };
}

/** The body for the API: what the way to the meter has no use for is left out, and empty secrets, which keeps the stored ones. */
export function bodyOf(form: MeterForm, way: Way = 'other'): NewMeter {
  const { address, security, secrets } = form;
  const given = Object.fromEntries(
    Object.entries(secrets)
      .map(([key, value]) => [key, key === 'password' ? value : value.replaceAll(/\s/g, '')] as const)
      .filter(([, value]) => value !== ''),
  );
  return {
    meterNo: form.meterNo.trim(),
    enabled: form.enabled,
    mac: Number(form.mac),
    channel: form.channel,
    task: form.task,
    profile: form.profile,
    meterType: Number(form.meterType),
    phase: Number(form.phase),
    credit: Number(form.credit),
    prepaid: Number(form.prepaid),
    wiring: Number(form.wiring),
    balance: form.balance,
    balanceMeter: form.balance ? '' : form.balanceMeter,
    address: addressBody(address, way),
    security: {
      auth: security.auth,
      policy: security.policy,
      ...(security.systemTitle.trim() === '' ? {} : { systemTitle: security.systemTitle.trim() }),
      ...(security.suite === '0' ? {} : { suite: Number(security.suite) as 1 | 2 }),
      ...(security.signingKey.trim() === '' ? {} : { signingKey: security.signingKey.replaceAll(/\s/g, '') }),
    },
    ...(Object.keys(given).length === 0 ? {} : { secrets: given }),
  };
}

function addressBody(address: MeterForm['address'], way: Way): NewMeter['address'] {
  const { framing, referencing, transport, node, opening, baudRate, parity } = address;
  const host = address.host.trim();
  const hasPhysical = address.physicalAddress !== '' && framing === 'hdlc' && address.addressBytes !== '1';
  const byIp = way === 'ip' || way === 'other';
  const byLine = way === 'line' || way === 'other';
  const byModule = way === 'module' || way === 'other';
  return {
    framing,
    ...(byIp && host !== '' ? { host } : {}),
    ...(byIp && address.port !== '' ? { port: Number(address.port) } : {}),
    clientAddress: Number(address.clientAddress),
    serverAddress: Number(address.serverAddress),
    ...(hasPhysical ? { physicalAddress: Number(address.physicalAddress) } : {}),
    addressBytes: Number(address.addressBytes) as 1 | 2 | 4,
    ...(referencing === 'ln' ? {} : { referencing }),
    ...(byIp && framing === 'wrapper' && transport === 'udp' ? { transport } : {}),
    ...(byModule && node.trim() !== '' ? { node: node.trim().padStart(12, '0') } : {}),
    ...(byLine && framing === 'hdlc' && opening === 'mode-e' ? { opening } : {}),
    ...(byLine && baudRate !== '' ? { baudRate: Number(baudRate) } : {}),
    ...(byLine && parity !== '' ? { parity } : {}),
  };
}

const hexOf = (digits: readonly number[]) => (value: string) => {
  const tidy = value.replaceAll(/\s/g, '');
  if (tidy === '') return null;
  return /^[0-9a-fA-F]+$/.test(tidy) && digits.includes(tidy.length)
    ? null
    : `Must be ${digits.join(' or ')} hexadecimal digits`;
};

const wholeNumber = (min: number, max: number) => (value: number | string) =>
  value !== '' && Number.isInteger(Number(value)) && Number(value) >= min && Number(value) <= max
    ? null
    : `Must be a whole number from ${min} to ${max}`;

const chosen = (value: string) => (value === '' ? 'Choose one' : null);

/** Says at once what the API would refuse. */
export const meterValidation = {
  meterNo: (value: string) =>
    /^[A-Za-z0-9._-]{1,32}$/.test(value.trim())
      ? null
      : 'Up to 32 letters, digits, dots, dashes and underscores',
  mac: (value: number | string) => (value !== '' && Number(value) >= -1 ? null : '-1 = not yet known'),
  channel: chosen,
  task: chosen,
  profile: chosen,
  meterType: wholeNumber(0, 255),
  phase: wholeNumber(0, 255),
  credit: wholeNumber(0, 255),
  prepaid: wholeNumber(0, 255),
  wiring: wholeNumber(0, 255),
  address: {
    port: (value: number | string) => (value === '' ? null : wholeNumber(1, 65535)(value)),
    clientAddress: (value: number | string, form: MeterForm) =>
      wholeNumber(1, form.address.framing === 'hdlc' ? 127 : 65535)(value),
    serverAddress: (value: number | string, form: MeterForm) =>
      wholeNumber(
        0,
        form.address.framing === 'wrapper' ? 65535 : form.address.addressBytes === '4' ? 16383 : 127,
      )(value),
    node: (value: string) =>
      /^\d{0,12}$/.test(value.trim()) ? null : 'Up to twelve digits; empty = MeterNo with zeros in front',
    physicalAddress: (value: number | string, form: MeterForm) =>
      form.address.framing === 'wrapper' || form.address.addressBytes === '1'
        ? null
        : wholeNumber(0, form.address.addressBytes === '4' ? 16383 : 127)(value),
  },
  security: {
    systemTitle: hexOf([16]),
    suite: (value: string, form: MeterForm) =>
      form.security.auth === 'hls-ecdsa' && value === '0' ? 'ECDSA needs suite 1 or 2' : null,
    signingKey: hexOf([128, 192]),
  },
  secrets: {
    encryptionKey: hexOf([32, 64]),
    authenticationKey: hexOf([32, 64]),
    masterKey: hexOf([32, 64]),
    signingKey: hexOf([64, 96]),
  },
};
