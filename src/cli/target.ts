import type { AuthMechanism, Framing, SecurityPolicy, SecuritySuite } from '../base/model.ts';
import type { SerialSettings } from '../channels/channel.ts';
import type { CipheringForm } from '../dlms/ciphering/types.ts';
import type { AssociationConfig, Referencing } from '../dlms/client.ts';
import type { LinkConfig } from '../dlms/link/link.ts';

/** As commander hands over what `addTargetOptions` has declared. */
export interface TargetFlags {
  readonly host?: string;
  readonly port?: number;
  readonly udp?: boolean;
  readonly serial?: string;
  readonly baud?: number;
  readonly parity: 'none' | 'even';
  readonly framing: Framing;
  readonly hdlcAddressBytes?: 1 | 2 | 4;
  readonly hdlcPhysical?: number;
  readonly opening?: string;
  readonly gateway?: string;
  readonly client: number;
  readonly server: number;
  readonly referencing: Referencing | 'auto';
  readonly auth: AuthMechanism;
  readonly password?: string;
  readonly passwordHex?: string;
  readonly policy?: SecurityPolicy;
  readonly suite: SecuritySuite;
  readonly form?: CipheringForm;
  readonly dedicated?: boolean;
  readonly signed?: boolean;
  readonly userId?: number;
  readonly systemTitle?: string;
  readonly meterSystemTitle?: string;
  readonly keys?: string;
  readonly encryptionKey?: string;
  readonly authenticationKey?: string;
  readonly masterKey?: string;
  readonly signingKey?: string;
  readonly meterSigningKey?: string;
  readonly agreementKey?: string;
  readonly meterAgreementKey?: string;
  readonly invocationCounter?: number;
  readonly readCounter?: boolean;
  readonly timeoutMs: number;
}

export type TargetTransport =
  /** `datagrams`: UDP instead of a connection. */
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number; readonly datagrams?: boolean }
  | { readonly kind: 'serial'; readonly settings: SerialSettings };

/** One meter and how to talk to it, as the options of `dcu read` and `dcu conformance` name it. */
export interface Target {
  readonly transport: TargetTransport;
  readonly link: LinkConfig;
  /** Complete but for `nextInvocationCounter`, which `counter` stands for. */
  readonly association: Omit<AssociationConfig, 'nextInvocationCounter'>;
  /** First invocation counter; `read` asks the meter for it as public client. */
  readonly counter: number | 'read';
  readonly timeoutMs: number;
}
