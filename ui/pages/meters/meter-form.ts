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
  address: {
    framing: 'hdlc' | 'wrapper';
    host: string;
    port: number | string;
    clientAddress: number | string;
    serverAddress: number | string;
    physicalAddress: number | string;
    addressBytes: '1' | '2' | '4';
    referencing: 'ln' | 'sn' | 'auto';
  };
  security: {
    auth: Meter['security']['auth'];
    policy: 'none' | 'auth' | 'enc' | 'auth-enc';
    systemTitle: string;
    suite: '0' | '1' | '2';
    signingKey: string;
  };
  secrets: { password: string; encryptionKey: string; authenticationKey: string; signingKey: string };
}

/** A new meter starts with the manual's usual values (Figure 8). */
export function formOf(
  meter: Meter | undefined,
  first: { channel: string; task: string; profile: string },
): MeterForm {
  const secrets = { password: '', encryptionKey: '', authenticationKey: '', signingKey: '' };
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
      address: {
        framing: 'wrapper',
        host: '',
        port: 4059,
        clientAddress: 1,
        serverAddress: 1,
        physicalAddress: '',
        addressBytes: '1',
        referencing: 'ln',
      },
      security: { auth: 'none', policy: 'none', systemTitle: '', suite: '0', signingKey: '' },
      secrets,
    };
  }
  const { address, security } = meter;
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
    address: {
      framing: address.framing,
      host: address.host ?? '',
      port: address.port ?? '',
      clientAddress: address.clientAddress,
      serverAddress: address.serverAddress,
      physicalAddress: address.physicalAddress ?? '',
      addressBytes: String(address.addressBytes) as '1' | '2' | '4',
      referencing: address.referencing ?? 'ln',
    },
    security: {
      ...security,
      systemTitle: security.systemTitle ?? '',
      suite: String(security.suite ?? 0) as '0' | '1' | '2',
      signingKey: security.signingKey ?? '',
    },
    secrets,
  };
}

/** The body for the API. Empty secrets are left out, which keeps the stored ones. */
export function bodyOf(form: MeterForm): NewMeter {
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
    address: {
      framing: address.framing,
      ...(address.host.trim() === '' ? {} : { host: address.host.trim() }),
      ...(address.port === '' ? {} : { port: Number(address.port) }),
      clientAddress: Number(address.clientAddress),
      serverAddress: Number(address.serverAddress),
      ...(address.physicalAddress === '' || address.framing === 'wrapper' || address.addressBytes === '1'
        ? {}
        : { physicalAddress: Number(address.physicalAddress) }),
      addressBytes: Number(address.addressBytes) as 1 | 2 | 4,
      ...(address.referencing === 'ln' ? {} : { referencing: address.referencing }),
    },
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
    signingKey: hexOf([64, 96]),
  },
};
