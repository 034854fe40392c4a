import { describe, expect, test } from 'bun:test';
import { addressFrom } from '../../src/api/meter-input.ts';
import {
  bodyOf,
  formOf,
  formOfProposal,
  formOfSuccessor,
  meterValidation,
  type Way,
  wayOf,
} from '../../ui/pages/meters/meter-form.ts';

const first = { channel: 'tcp_meters', task: 'single_phase', profile: 'generic' };

describe('meter form', () => {
  test('a new meter starts with the usual values of the manual', () => {
    const body = bodyOf({ ...formOf(undefined, first), meterNo: ' 0011539465 ' });
    expect(body).toEqual({
      meterNo: '0011539465',
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
      address: { framing: 'wrapper', port: 4059, clientAddress: 1, serverAddress: 1, addressBytes: 1 },
      security: { auth: 'none', policy: 'none' },
    });
  });

  test('what the way to a meter has no use for stays out of its address', () => {
    const form = formOf(undefined, first);
    form.address = {
      ...form.address,
      framing: 'hdlc',
      host: '10.0.0.1',
      node: '42',
      opening: 'mode-e',
      baudRate: '9600',
      parity: 'even',
      transport: 'udp',
    };
    const given = (way: Way) =>
      Object.keys(bodyOf(form, way).address).filter(
        (key) => key in { host: 0, port: 0, node: 0, opening: 0, baudRate: 0, parity: 0, transport: 0 },
      );
    expect(given('ip')).toEqual(['host', 'port']);
    expect(given('line')).toEqual(['opening', 'baudRate', 'parity']);
    expect(given('module')).toEqual(['node']);
    expect(bodyOf(form, 'module').address.node).toBe('000000000042');
    form.address = { ...form.address, framing: 'wrapper' };
    expect(given('ip')).toEqual(['host', 'port', 'transport']);
    expect([2, 4, 12, 14, 13].map(wayOf)).toEqual(['module', 'line', 'ip', 'ip', 'other']);
  });

  test('a proposal fills the form; a successor starts without what a meter has of its own', () => {
    const address = {
      framing: 'hdlc',
      clientAddress: 16,
      serverAddress: 1,
      physicalAddress: 17,
      addressBytes: 2,
    } as const;
    const form = formOfProposal({ meterNo: null, channel: '485_1', phase: 3, address }, first);
    expect([form.meterNo, form.channel, form.task, form.profile, form.phase]).toEqual([
      '',
      '485_1',
      'single_phase',
      'generic',
      3,
    ]);
    expect(bodyOf(form, 'line').address).toEqual(address);
    const meter = {
      ...bodyOf(
        { ...form, meterNo: '1', security: { ...form.security, systemTitle: '4D4D4D0000BC614E' } },
        'line',
      ),
      id: 1,
    } as unknown as Parameters<typeof formOfSuccessor>[0];
    const next = formOfSuccessor(meter);
    expect([next.meterNo, next.security.systemTitle, next.channel]).toEqual(['', '', '485_1']);
    expect(bodyOf(next, 'line').address).toEqual(address);
  });

  test('empty secrets are left out, keys lose their blanks, passwords keep theirs', () => {
    const form = formOf(undefined, first);
    form.secrets = { ...form.secrets, password: ' 1 2', encryptionKey: '00 11 22' };
    expect(bodyOf(form).secrets).toEqual({ password: ' 1 2', encryptionKey: '001122' });
  });

  test('suite, signing keys and short names go out when they are not the usual', () => {
    const form = formOf(undefined, first);
    form.address = { ...form.address, referencing: 'sn' };
    form.security = { ...form.security, auth: 'hls-ecdsa', suite: '1', signingKey: 'AB'.repeat(64) };
    form.secrets = { ...form.secrets, signingKey: 'CD'.repeat(32) };
    const body = bodyOf(form);
    expect(body.address.referencing).toBe('sn');
    expect(body.security).toEqual({
      auth: 'hls-ecdsa',
      policy: 'none',
      suite: 1,
      signingKey: 'AB'.repeat(64),
    });
    expect(body.secrets).toEqual({ signingKey: 'CD'.repeat(32) });
    expect(meterValidation.security.suite('0', form)).not.toBeNull();
  });

  test('what the form lets through, the API takes', () => {
    const form = formOf(undefined, first);
    form.address = {
      ...form.address,
      framing: 'hdlc',
      addressBytes: '4',
      physicalAddress: 16_383,
      serverAddress: 16_383,
    };
    const { physicalAddress, serverAddress } = meterValidation.address;
    expect([physicalAddress(16_383, form), serverAddress(16_383, form)]).toEqual([null, null]);
    expect(addressFrom(bodyOf(form).address)).toMatchObject({
      physicalAddress: 16_383,
      serverAddress: 16_383,
    });
    expect(physicalAddress(16_384, form)).toBe('Must be a whole number from 0 to 16383');
    form.address.addressBytes = '2';
    expect(serverAddress(128, form)).toBe('Must be a whole number from 0 to 127');
    expect(() => addressFrom({ ...bodyOf(form).address, serverAddress: 128 })).toThrow('serverAddress');
  });

  test.each([
    ['00112233445566778899aabbccddeeff', null],
    ['00 11 22 33 44 55 66 77 88 99 aa bb cc dd ee ff', null],
    ['', null],
    ['0011', 'Must be 32 or 64 hexadecimal digits'],
    ['zz112233445566778899aabbccddeeff', 'Must be 32 or 64 hexadecimal digits'],
  ])('key %p', (key, complaint) => {
    expect(meterValidation.secrets.encryptionKey(key)).toBe(complaint);
  });
});
