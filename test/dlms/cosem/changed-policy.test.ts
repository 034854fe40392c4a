import { describe, expect, test } from 'bun:test';
import { toHex } from '../../../src/base/bytes.ts';
import { decodeAare } from '../../../src/dlms/apdu/aare.ts';
import { encodeAarq } from '../../../src/dlms/apdu/aarq.ts';
import { conformanceMask, LN_CONFORMANCE } from '../../../src/dlms/apdu/conformance.ts';
import { encodeGetRequest } from '../../../src/dlms/apdu/get.ts';
import { encodeInitiateRequest } from '../../../src/dlms/apdu/initiate.ts';
import { encodeDataNotification } from '../../../src/dlms/apdu/notification.ts';
import { encodeData } from '../../../src/dlms/axdr.ts';
import { encodeWrapperFrame } from '../../../src/dlms/link/wrapper.ts';
import { type AssociationPolicy, createServerMachine, type ServerEvent } from '../../../src/dlms/server.ts';
import { u32 } from '../../../src/dlms/values.ts';
import { decodeCiphered, encodeCiphered, SuiteZero } from '../ciphering/reference.ts';
import { counterFrom, KEYS, WRAPPER } from './loopback.ts';

const ENERGY = { classId: 3, obis: '1.0.1.8.0.255', attribute: 2 };
const GET = encodeGetRequest({ type: 'normal', invoke: 0xc1, request: { attribute: ENERGY } });
const INITIATE = encodeInitiateRequest({
  responseAllowed: true,
  dlmsVersion: 6,
  conformance: conformanceMask(LN_CONFORMANCE),
  clientMaxReceivePduSize: 0,
});
const SERVICE_NOT_SUPPORTED = 'd80102';
const DECIPHERING_ERROR = 'd80105';

/** A server whose associations change while clients are connected, and a client that is written out. */
class Changing {
  policy: AssociationPolicy = { clientAddress: 1, auth: 'none', policy: 'none', ...KEYS };
  readonly events: ServerEvent[] = [];
  readonly #server;
  #counter = 1;

  constructor(policy: Partial<AssociationPolicy>) {
    this.change(policy);
    const associations = () => [this.policy];
    this.#server = createServerMachine({
      link: WRAPPER,
      devices: [
        {
          address: 1,
          systemTitle: KEYS.serverTitle,
          get associations() {
            return associations();
          },
          nextInvocationCounter: counterFrom(1),
          acceptInvocationCounter: () => true,
          handle: () => ({ result: 'success', data: encodeData(u32(5)) }),
        },
      ],
      maxPduSize: 512,
      randomBytes: (length) => new Uint8Array(length).fill(7),
      idleTimeoutMs: 60_000,
    });
  }

  change(policy: Partial<AssociationPolicy>): void {
    this.policy = { ...this.policy, ...policy };
  }

  send(apdu: Uint8Array): Uint8Array {
    const effects = this.#server.step({ on: 'bytes', bytes: encodeWrapperFrame(1, 1, apdu) }, 0);
    for (const effect of effects) if (effect.do === 'emit') this.events.push(effect.event);
    return effects.flatMap((effect) => (effect.do === 'send' ? [effect.bytes.slice(8)] : []))[0] ?? GET;
  }

  notify(): ServerEvent | undefined {
    const apdu = encodeDataNotification({
      longInvoke: 1,
      dateTime: new Uint8Array(0),
      body: encodeData(u32(5)),
    });
    const effects = this.#server.step(
      { on: 'command', command: { type: 'notify', apdu, clientAddress: 1 } },
      0,
    );
    return effects.flatMap((effect) => (effect.do === 'emit' ? [effect.event] : []))[0];
  }

  associate(password: string): string {
    const authenticationValue = new TextEncoder().encode(password);
    const aarq = encodeAarq({
      context: 'ln',
      mechanism: this.policy.auth,
      ...(this.policy.auth === 'lls' ? { authenticationValue } : {}),
      userInformation: INITIATE,
    });
    return decodeAare(this.send(aarq)).result;
  }

  associateCiphered(key: Uint8Array): string {
    return decodeAare(
      this.send(
        encodeAarq({
          context: 'ln-ciphered',
          mechanism: 'none',
          callingApTitle: KEYS.clientTitle,
          userInformation: this.seal(INITIATE, key),
        }),
      ),
    ).result;
  }

  seal(plain: Uint8Array, key: Uint8Array): Uint8Array {
    const cipher = new SuiteZero(key, KEYS.authenticationKey);
    const sealed = cipher.seal('auth-enc', KEYS.clientTitle, this.#counter++, plain);
    return encodeCiphered('service-specific', plain[0] ?? 0, KEYS.clientTitle, sealed);
  }

  /** The answer to a GET under `key`, in hex; opened where it is ciphered. */
  get(key: Uint8Array): string {
    const answer = this.send(this.seal(GET, key));
    if (answer[0] === 0xd8) return toHex(answer);
    const cipher = new SuiteZero(key, KEYS.authenticationKey);
    return toHex(cipher.open(KEYS.serverTitle, decodeCiphered(answer).sealed).plaintext);
  }
}

const NEW_KEY = new Uint8Array(16).fill(0x4e);

describe('a client that begins anew on the connection it has', () => {
  test('needs the password as it is now', () => {
    const changing = new Changing({ auth: 'lls' });
    expect(changing.associate('12345678')).toBe('accepted');
    changing.change({ password: new TextEncoder().encode('changed') });
    expect(changing.associate('12345678')).toBe('rejected-permanent');
    expect(changing.associate('changed')).toBe('accepted');
    expect(changing.associate('12345678')).toBe('rejected-permanent');
  });

  test('needs the keys as they are now', () => {
    const changing = new Changing({ policy: 'auth-enc' });
    expect(changing.associateCiphered(KEYS.encryptionKey)).toBe('accepted');
    changing.change({ encryptionKey: NEW_KEY });
    expect(changing.associateCiphered(KEYS.encryptionKey)).toBe('rejected-permanent');
    expect(changing.associateCiphered(NEW_KEY)).toBe('accepted');
  });

  test('is refused without the protection that is asked for now', () => {
    const changing = new Changing({});
    expect(changing.associate('')).toBe('accepted');
    changing.change({ policy: 'auth-enc' });
    expect(changing.associate('')).toBe('rejected-permanent');
  });
});

describe('an association that stands while another changes the device', () => {
  test('goes on under the new keys, and under them alone', () => {
    const changing = new Changing({ policy: 'auth-enc' });
    changing.associateCiphered(KEYS.encryptionKey);
    changing.change({ encryptionKey: NEW_KEY });
    expect(changing.get(KEYS.encryptionKey)).toBe(DECIPHERING_ERROR);
    expect(changing.get(NEW_KEY)).toStartWith('c401c100');
  });

  test('is not served without the protection that is asked for now', () => {
    const changing = new Changing({});
    changing.associate('');
    expect(toHex(changing.send(GET))).toStartWith('c401c100');
    changing.change({ policy: 'auth-enc' });
    expect(toHex(changing.send(GET))).toBe(SERVICE_NOT_SUPPORTED);
    expect(changing.notify()).toMatchObject({
      type: 'notification-failed',
      error: { code: 'security-required' },
    });
  });

  test('says nothing in the clear when its keys are gone', () => {
    const changing = new Changing({ policy: 'auth-enc' });
    changing.associateCiphered(KEYS.encryptionKey);
    const { encryptionKey: _, authenticationKey: __, ...bare } = changing.policy;
    changing.policy = bare;
    expect(changing.notify()).toMatchObject({
      type: 'notification-failed',
      error: { code: 'security-required' },
    });
  });
});
