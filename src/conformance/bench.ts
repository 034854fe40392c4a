import type { CosemAttribute } from '../dlms/client-types.ts';
import type { HdlcLinkConfig, LinkConfig } from '../dlms/link/link.ts';
import {
  type AareFields,
  type AarqFields,
  aarq,
  BIT,
  CONTEXT,
  dlmsOid,
  type InitiateAnswer,
  type InitiateSpec,
  initiateRequest,
  parseAare,
  parseInitiateResponse,
  USUAL_CONFORMANCE,
  USUAL_SN_CONFORMANCE,
} from './aarq.ts';
import type { ApduLink } from './apdu-link.ts';
import { describeApdu, describeHdlc, describeWrapper } from './describe.ts';
import { Evidence } from './evidence.ts';
import { refuseChange } from './harmless.ts';
import { CONTROL, type Frame, FrameSplitter } from './hdlc-frame.ts';
import type { HdlcParameters } from './hdlc-parameters.ts';
import { HdlcStation } from './hdlc-station.ts';
import { type Challenges, clientProof, isHls, mechanismId, serverProved } from './hls.ts';
import { Line } from './line.ts';
import { Protection } from './protection.ts';
import { Secrets } from './secrets.ts';
import { getRequest, hlsReplyOf, INVOKE, outcomeText, replyToHls, Session } from './session.ts';
import { readRequest, replyToHlsByName, SN } from './short-names.ts';
import type { ConformanceTarget, TargetReferencing } from './target.ts';
import { Failure, Inconclusive } from './verdict.ts';
import { type WrapperFrame, WrapperSplitter } from './wrapper-frame.ts';
import { WrapperStation } from './wrapper-station.ts';

/** Logical device name: what every meter lets every association read (Blue Book 4.1.8). */
export const DEVICE_NAME: CosemAttribute = { classId: 1, obis: '0.0.42.0.0.255', attribute: 2 };

/** How an association is asked for, where it differs from the target's own way. */
export interface OpenOptions extends InitiateSpec {
  readonly hdlc?: HdlcParameters;
  /** Changes fields of the AARQ. */
  readonly fields?: (fields: AarqFields) => AarqFields;
  readonly clientAddress?: number;
  readonly challenge?: Uint8Array;
}

/** An AARQ that was accepted; with `challenges` the proofs are still to come. */
export interface Opened {
  readonly link: ApduLink;
  readonly aarq: Uint8Array;
  readonly aare: AareFields;
  readonly negotiated: InitiateAnswer;
  readonly protection: Protection | undefined;
  readonly challenges: Challenges | undefined;
}

/** What all tests of one run share. */
export interface RunMemory {
  /** The meter ends the connection where DISC meets no link, so lines begin without it. */
  discHangsUp: boolean;
  readonly progress: (text: string) => void;
}

/** What a test works with: the line to the meter, stations and associations on it, and its evidence. */
export class Bench {
  readonly target: ConformanceTarget;
  /** Of this test; a survey keeps its own beside it. */
  evidence: Evidence;
  readonly memory: RunMemory;
  readonly #secrets = new Secrets();
  #line: { close(): Promise<void> } | undefined;
  readonly #beside: { close(): Promise<void> }[] = [];

  constructor(target: ConformanceTarget, memory: RunMemory) {
    const { password, encryptionKey, authenticationKey, broadcastKey } = target.security;
    for (const secret of [password, encryptionKey, authenticationKey, broadcastKey])
      this.#secrets.add(secret);
    this.target = target;
    this.memory = memory;
    this.evidence = this.newEvidence();
  }

  newEvidence(): Evidence {
    return new Evidence(this.target.clock, this.#secrets);
  }

  get ciphered(): boolean {
    return this.target.security.policy !== 'none';
  }

  get referencing(): TargetReferencing {
    return this.target.referencing === 'sn' ? 'sn' : 'ln';
  }

  /** Contents of the application context that the target is asked for. */
  get context(): Uint8Array {
    const { sn, ln, snCiphered, lnCiphered } = CONTEXT;
    if (this.referencing === 'sn') return dlmsOid(1, this.ciphered ? snCiphered : sn);
    return dlmsOid(1, this.ciphered ? lnCiphered : ln);
  }

  /** Every conformance bit that the tests use. */
  get usual(): number {
    return this.referencing === 'sn' ? USUAL_SN_CONFORMANCE : USUAL_CONFORMANCE;
  }

  /** The bit of the service that reads. */
  get readBit(): number {
    return this.referencing === 'sn' ? BIT.read : BIT.get;
  }

  /** Conformance bits to propose: these, and what the authentication and the form of protection need. */
  with(bits: number): number {
    const { auth, form = 'service-specific', signed } = this.target.security;
    const hls = isHls(auth) ? (this.referencing === 'sn' ? BIT.read : BIT.action) : 0;
    const general = form !== 'service-specific' || signed === true ? BIT.generalProtection : 0;
    return bits | hls | general;
  }

  /** A correct InitiateRequest, before its protection. */
  initiate(options: InitiateSpec = {}): Uint8Array {
    return initiateRequest({ conformance: this.usual, ...options });
  }

  /** A plain request for the logical device name, which every association serves. */
  probe(invoke = INVOKE): Uint8Array {
    if (this.referencing === 'sn') return readRequest({ name: SN.deviceName });
    return getRequest(DEVICE_NAME, undefined, invoke);
  }

  /** A plain request for the object list, long in most meters. */
  longProbe(): Uint8Array {
    if (this.referencing === 'sn') return readRequest({ name: SN.objectList });
    return getRequest({ classId: 15, obis: '0.0.40.0.0.255', attribute: 2 });
  }

  /** The evidence must not show these bytes either. */
  conceal(secret: Uint8Array): Uint8Array {
    this.#secrets.add(secret);
    return secret;
  }

  randomBytes(length: number): Uint8Array {
    return this.target.random.bytes(length);
  }

  async pause(ms: number): Promise<void> {
    await new Promise<void>((resolve) => {
      this.target.clock.after(ms, resolve);
    });
  }

  /** A fresh line with HDLC on it, the meter brought to its disconnected state. */
  async hdlc(clientAddress?: number): Promise<HdlcStation> {
    const { link } = this.target;
    if (link.framing !== 'hdlc') throw new Inconclusive('the target uses the wrapper', true);
    const config = clientAddress === undefined ? link : { ...link, clientAddress };
    const station = await this.#station(config);
    if (this.memory.discHangsUp) return station;
    await station.ask(
      station.frame(CONTROL.disc),
      this.target.timeoutMs,
      'DISC, to begin in the disconnected state',
    );
    if (!station.line.closed) return station;
    this.memory.discHangsUp = true;
    return this.#station(config);
  }

  async #station(config: HdlcLinkConfig): Promise<HdlcStation> {
    const line = await this.#open<Frame>(new FrameSplitter(), describeHdlc);
    return new HdlcStation(line, config, { ...this.target, secrets: this.#secrets });
  }

  /** A fresh connection with the wrapper on it; `beside` keeps the former one. */
  async wrapper(
    options: { readonly clientAddress?: number; readonly beside?: boolean } = {},
  ): Promise<WrapperStation> {
    const { link } = this.target;
    if (link.framing !== 'wrapper') throw new Inconclusive('the target uses HDLC', true);
    const config =
      options.clientAddress === undefined ? link : { ...link, clientAddress: options.clientAddress };
    const line = await this.#open<WrapperFrame>(new WrapperSplitter(), describeWrapper, options.beside);
    return new WrapperStation(line, config, this.target);
  }

  /** A data link that is ready for APDUs. @throws Inconclusive when there is none */
  async connect(options: Pick<OpenOptions, 'hdlc' | 'clientAddress'> = {}): Promise<ApduLink> {
    const { framing } = this.target.link satisfies LinkConfig;
    if (framing === 'wrapper') return this.wrapper(options);
    const station = await this.hdlc(options.clientAddress);
    try {
      await station.connect(options.hdlc);
    } catch (thrown) {
      if (thrown instanceof Failure) throw new Inconclusive(`no link: ${thrown.message}`);
      throw thrown;
    }
    return station;
  }

  /** Sends an APDU outside of any association; the barrier against writing holds here too. */
  async exchange(link: ApduLink, apdu: Uint8Array, withinMs?: number): Promise<Uint8Array | undefined> {
    refuseChange(apdu, this.target.allowWrites);
    return link.exchange(apdu, withinMs);
  }

  protection(): Protection | undefined {
    const { security, nextInvocationCounter } = this.target;
    if (!this.ciphered) return undefined;
    const dedicated = security.dedicated
      ? this.conceal(this.randomBytes(security.suite === 2 ? 32 : 16))
      : undefined;
    return new Protection(security, nextInvocationCounter, dedicated);
  }

  /** The fields of a correct AARQ. */
  fields(
    options: OpenOptions = {},
    protection = this.protection(),
    challenge = this.challenge(),
  ): AarqFields {
    const { auth, password, systemTitle } = this.target.security;
    const hls = isHls(auth);
    const value = hls ? challenge : auth === 'lls' ? password : undefined;
    const { dedicatedKey } = protection ?? {};
    const initiate = this.initiate({ ...(dedicatedKey ? { dedicatedKey } : {}), ...options });
    return {
      context: this.context,
      ...(this.ciphered || hls ? { callingTitle: systemTitle } : {}),
      ...(auth === 'none' ? {} : { mechanism: dlmsOid(2, mechanismId(auth)) }),
      ...(value === undefined ? {} : { authenticationValue: value }),
      user: protection?.seal(initiate) ?? initiate,
    };
  }

  /** HLS-ECDSA asks for 32 octets at least, the other mechanisms for 8. */
  challenge(): Uint8Array {
    return this.randomBytes(this.target.security.auth === 'hls-ecdsa' ? 32 : 16);
  }

  /** Link and AARQ. @throws Failure when the meter does not accept it */
  async open(options: OpenOptions = {}, link?: ApduLink): Promise<Opened> {
    const on = link ?? (await this.connect(options));
    const protection = this.protection();
    const challenge = options.challenge ?? this.challenge();
    const fields = this.fields(options, protection, challenge);
    const request = aarq(options.fields?.(fields) ?? fields);
    const answer = await on.exchange(request);
    if (answer === undefined) throw new Failure('the AARQ is not answered');
    const aare = parseAare(answer);
    if (aare === undefined) throw new Failure(`the AARQ is answered by ${describeApdu(answer)}`);
    if (aare.result !== 0) {
      throw new Failure(`the association is refused: result ${aare.result}, diagnostic ${aare.diagnostic}`);
    }
    if (protection !== undefined) protection.serverTitle = aare.respondingTitle;
    const user = aare.user && (protection === undefined ? aare.user : protection.open(aare.user)?.plain);
    const negotiated = user && parseInitiateResponse(user);
    if (negotiated === undefined) throw new Failure('the AARE carries no readable InitiateResponse');
    const { authenticationValue: fromServer, respondingTitle: serverTitle = new Uint8Array(8) } = aare;
    if (protection !== undefined) {
      protection.general = (negotiated.conformance & BIT.generalProtection) !== 0;
    }
    const hls = isHls(this.target.security.auth);
    if (hls && fromServer === undefined) throw new Failure('the AARE carries no challenge');
    const challenges = hls && fromServer ? { fromClient: challenge, fromServer, serverTitle } : undefined;
    return { link: on, aarq: request, aare, negotiated, protection, challenges };
  }

  /** Passes 3 and 4 of HLS where they are due. @throws Failure */
  async prove(opened: Opened): Promise<Session> {
    const { challenges } = opened;
    if (challenges !== undefined) {
      const { security, nextInvocationCounter } = this.target;
      const proof = clientProof(security, challenges, nextInvocationCounter);
      if (proof === undefined) throw new Inconclusive('what this mechanism computes is not known here');
      const reply = hlsReplyOf(await this.replyToHls(opened, proof));
      if (reply === undefined) throw new Failure('the meter does not accept our proof (HLS pass 3)');
      if (serverProved(security, challenges, reply) === false) {
        throw new Failure('the meter does not prove that it knows the secret (HLS pass 4)');
      }
    }
    return this.session(opened);
  }

  /** Requests through what was opened, whether the proofs have been given or not. */
  session({ link, protection, aare, negotiated }: Opened): Session {
    return new Session(link, protection, aare, negotiated, this.target.allowWrites, this.referencing);
  }

  /** HLS pass 3 with any proof; the plain answer. It is the one ACTION that is no write. */
  async replyToHls({ link, protection }: Opened, proof: Uint8Array): Promise<Uint8Array | undefined> {
    const request = this.referencing === 'sn' ? replyToHlsByName(proof) : replyToHls(proof);
    const wire = await link.exchange(protection?.seal(request) ?? request);
    if (wire === undefined || protection === undefined) return wire;
    return protection.open(wire)?.plain ?? wire;
  }

  /** An association in the target's own way, as what a test begins with. @throws Inconclusive */
  async associate(options: OpenOptions = {}): Promise<Session> {
    try {
      return await this.prove(await this.open(options));
    } catch (thrown) {
      if (thrown instanceof Failure) throw new Inconclusive(`no association: ${thrown.message}`);
      throw thrown;
    }
  }

  /** The meter still serves: in the session given while it stands, else in a new one. @throws Failure */
  async alive(after: string, session?: Session): Promise<void> {
    if (session !== undefined && !session.link.closed) {
      const outcome = await session.get(DEVICE_NAME, undefined, this.target.quietMs);
      if (outcome.kind === 'data') return;
    }
    try {
      const fresh = await this.prove(await this.open());
      const outcome = await fresh.get(DEVICE_NAME);
      if (outcome.kind === 'data') return;
      throw new Failure(`the device name is answered by ${outcomeText(outcome)}`);
    } catch (thrown) {
      const reason = thrown instanceof Error ? thrown.message : String(thrown);
      throw new Failure(`the meter does not serve any more after ${after}: ${reason}`);
    }
  }

  async close(): Promise<void> {
    await this.#line?.close();
    this.#line = undefined;
    await Promise.all(this.#beside.splice(0).map((line) => line.close()));
  }

  async #open<Unit extends { readonly bytes: Uint8Array }>(
    framing: { push(bytes: Uint8Array): readonly (Unit | { readonly noise: Uint8Array })[] },
    describe: (bytes: Uint8Array) => string,
    beside = false,
  ): Promise<Line<Unit>> {
    if (beside && this.#line !== undefined) this.#beside.push(this.#line);
    else await this.#line?.close();
    this.#line = undefined;
    const channel = await this.target.opener.open();
    const { clock } = this.target;
    const line = new Line<Unit>(channel, framing, {
      clock,
      evidence: () => this.evidence,
      hide: (bytes) => {
        const hidden = this.#secrets.find(bytes);
        // The FCS over a hidden password would give two octets of it away.
        if (this.target.link.framing === 'hdlc') hidden?.fill(1, bytes.length - 3, bytes.length - 1);
        return hidden;
      },
      describe,
    });
    this.#line = line;
    return line;
  }
}
