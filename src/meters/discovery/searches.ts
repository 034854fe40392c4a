import type { Clock } from '../../base/clock.ts';
import { hostAndPort } from '../../base/device-address.ts';
import { DcuError, toDcuError } from '../../base/errors.ts';
import type { Channel, Meter } from '../../base/model.ts';
import type { Random } from '../../base/random.ts';
import type { ChannelOpener } from '../../channels/channel.ts';
import type { ConnectDlms } from '../connector.ts';
import type { VisitLine } from '../line-visit.ts';
import type { ProfileBook } from '../profiles/index.ts';
import { atOnce } from './at-once.ts';
import { examineEndpoint } from './endpoint.ts';
import { type Examined, type Examiner, examineHdlc, examineWrapper } from './examine.ts';
import { type FoundDeviceView, hdlcAddress, ipAddress, viewOf } from './found-view.ts';
import type { ProposedAddress } from './proposal.ts';
import type { DiscoveryRequest, OpenRun } from './run.ts';
import { type HdlcTarget, hdlcName, hdlcTargets, type IpTarget, ipTargets } from './targets.ts';

export interface SearchOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly connect: ConnectDlms;
  readonly profiles: ProfileBook;
  readonly channels: () => Promise<readonly Channel[]>;
  readonly meters: () => Promise<readonly Meter[]>;
  readonly visit: VisitLine;
  readonly openTcp: (endpoint: IpTarget & { readonly connectTimeoutMs: number }) => ChannelOpener;
  /** Makes nodes behind a PLC module ones that it forwards to; resolves to what takes that back. */
  readonly admit: (channel: string, nodes: readonly string[]) => Promise<() => Promise<void>>;
  /** Nodes of a channel that were told of and are no meters. */
  readonly strangers: (channel: string) => Promise<readonly string[]>;
  /** True when a device of one of these names may not communicate; tells the logbook. */
  readonly refuses: (names: readonly string[]) => boolean;
  /** Keeps what was found; true when it is news. */
  readonly note: (device: {
    readonly channel: string;
    readonly address: string;
    readonly via: 'scan';
    readonly seenAt: number;
    readonly proposal: unknown;
  }) => Promise<boolean>;
  /** Tells the logbook of a device that is news. */
  readonly told: (channel: string, device: FoundDeviceView) => Promise<void>;
}

/** `line`: a shared line; `network`: IP addresses; `module`: nodes behind a PLC module. */
export type ChannelKind = 'line' | 'network' | 'module';

export interface PlannedSearch {
  /** Addresses. */
  readonly total: number;
  readonly work: (run: OpenRun, signal: AbortSignal) => Promise<void>;
}

const DEFAULT_PORT = 4059;
const DEFAULT_PROBE_MS = 500;
const CONNECT_TIMEOUT_MS = 3_000;
const ANSWER_TIMEOUT_MS = 5_000;
/** Connections, or nodes, that are asked at the same time. */
const AT_ONCE = 8;
const MOST_NODES = 2_040;

/** How each kind of channel is looked over, and what becomes of what answers there. */
export class Searches {
  readonly #options: SearchOptions;

  constructor(options: SearchOptions) {
    this.#options = options;
  }

  /**
   * What a request means on a channel.
   * @throws DcuError `invalid-argument` naming the field
   */
  async plan(kind: ChannelKind, channel: Channel, request: DiscoveryRequest): Promise<PlannedSearch> {
    if (kind === 'line') {
      const targets = hdlcTargets(request);
      return {
        total: targets.length,
        work: (run, signal) => this.#line(run, channel, targets, request, signal),
      };
    }
    if (kind === 'network') {
      const targets = ipTargets(request.hosts ?? [], request.ports ?? [DEFAULT_PORT]);
      return {
        total: targets.length,
        work: (run, signal) => this.#network(run, channel, targets, request, signal),
      };
    }
    const nodes = request.nodes ?? (await this.#options.strangers(channel.name));
    const bad = nodes.find((node) => !/^\d{1,12}$/.test(node));
    if (bad !== undefined || nodes.length > MOST_NODES) {
      const why = bad === undefined ? `are more than ${MOST_NODES}` : `: "${bad}" is not up to twelve digits`;
      throw new DcuError('invalid-argument', `nodes ${why}`, { field: 'nodes' });
    }
    return {
      total: nodes.length,
      work: (run, signal) => this.#nodes(run, channel, nodes, request, signal),
    };
  }

  /** One address a stay, so that all reading goes first. */
  async #line(
    run: OpenRun,
    channel: Channel,
    targets: readonly HdlcTarget[],
    request: DiscoveryRequest,
    signal: AbortSignal,
  ): Promise<void> {
    const known = await this.#knownOn(channel.name, ({ address }) => hdlcName(address));
    const waiting = [...targets];
    const nextUnknown = (): HdlcTarget | undefined => {
      for (let target = waiting.shift(); target !== undefined; target = waiting.shift()) {
        const meterNo = known.get(hdlcName(target));
        if (meterNo === undefined) return target;
        this.#alreadyKnown(run, hdlcName(target), meterNo);
      }
      return undefined;
    };
    let next = nextUnknown();
    if (next === undefined) return;
    const draft = draftMeter(channel.name, { ...hdlcAddress(next), clientAddress: 16 });
    await this.#options.visit(draft, 'Discovery', signal, async (line) => {
      if (next === undefined) return 'done';
      const examiner = this.#examiner(request, Math.min(line.settings.timeoutMs, ANSWER_TIMEOUT_MS));
      const examined = await examineHdlc(line.channel, next, examiner, line.signal, line.count);
      await this.#examined(run, hdlcName(next), examined, hdlcAddress(next), request);
      next = nextUnknown();
      return next === undefined ? 'done' : 'more';
    });
  }

  async #network(
    run: OpenRun,
    channel: Channel,
    targets: readonly IpTarget[],
    request: DiscoveryRequest,
    signal: AbortSignal,
  ): Promise<void> {
    const { openTcp, refuses } = this.#options;
    const known = await this.#knownOn(channel.name, ({ address: { host, port } }) =>
      host === undefined || port === undefined ? '' : hostAndPort(host, port),
    );
    const examiner = this.#examiner(request, ANSWER_TIMEOUT_MS);
    await atOnce(AT_ONCE, targets, signal, async (target) => {
      const name = hostAndPort(target.host, target.port);
      const meterNo = known.get(name);
      if (meterNo !== undefined) return this.#alreadyKnown(run, name, meterNo);
      if (refuses([name])) return this.#blacklisted(run, name, null);
      const opener = openTcp({ ...target, connectTimeoutMs: CONNECT_TIMEOUT_MS });
      const examined = await heard(() => examineEndpoint(opener, examiner, signal, () => {}));
      const address = ipAddress(target, examined?.framing ?? 'wrapper');
      await this.#examined(run, name, examined, address, request);
    });
  }

  async #nodes(
    run: OpenRun,
    channel: Channel,
    nodes: readonly string[],
    request: DiscoveryRequest,
    signal: AbortSignal,
  ): Promise<void> {
    const { refuses, admit } = this.#options;
    const spelled = (node: string): string => node.padStart(12, '0');
    const known = await this.#knownOn(channel.name, ({ meterNo, address }) =>
      spelled(address.node ?? meterNo),
    );
    const strangers: string[] = [];
    for (const node of new Set(nodes.map(spelled))) {
      const meterNo = known.get(node);
      if (meterNo !== undefined) this.#alreadyKnown(run, node, meterNo);
      else if (refuses([node])) this.#blacklisted(run, node, null);
      else strangers.push(node);
    }
    const dismiss = await admit(channel.name, strangers);
    try {
      await atOnce(AT_ONCE, strangers, signal, async (node) => {
        // Most meters behind a module speak HDLC, and SNRM costs least.
        const hdlc = await this.#node(channel.name, node, 'hdlc', request, signal);
        const examined = hdlc ?? (await this.#node(channel.name, node, 'wrapper', request, signal));
        const framing = examined?.framing ?? 'hdlc';
        await this.#examined(run, node, examined, { ...nodeAddress(node), framing }, request);
      });
    } finally {
      await dismiss();
    }
  }

  /** Undefined where nobody answers in this framing, or the way there is not to be had. */
  async #node(
    channel: string,
    node: string,
    framing: 'hdlc' | 'wrapper',
    request: DiscoveryRequest,
    signal: AbortSignal,
  ): Promise<Examined | undefined> {
    const address = nodeAddress(node);
    const draft = draftMeter(channel, { ...address, framing, clientAddress: 16 }, node);
    let examined: Examined | undefined;
    await heard(() =>
      this.#options.visit(draft, 'Discovery', signal, async ({ settings, count, ...line }) => {
        const { timeoutMs, maxBytes, maxPdu } = settings;
        const examiner = {
          ...this.#examiner(request, timeoutMs, timeoutMs),
          infoBytes: maxBytes,
          ...(maxPdu === undefined ? {} : { pduBytes: maxPdu }),
        };
        examined =
          framing === 'wrapper'
            ? await examineWrapper(line.channel, address.serverAddress, examiner, line.signal, count)
            : await examineHdlc(line.channel, address, examiner, line.signal, count);
        return 'done';
      }),
    );
    return examined;
  }

  #examiner(request: DiscoveryRequest, timeoutMs: number, probeTimeoutMs = DEFAULT_PROBE_MS): Examiner {
    const { clock, connect, random } = this.#options;
    return {
      clock,
      connect,
      randomBytes: (length) => random.bytes(length),
      timeoutMs,
      probeTimeoutMs: request.probeTimeoutMs ?? probeTimeoutMs,
      publicClient: 16,
      ...(request.credentials === undefined ? {} : { credentials: request.credentials }),
    };
  }

  /** What an address said becomes a row of the run, and unless it is known or unwanted a found device. */
  async #examined(
    run: OpenRun,
    name: string,
    examined: Examined | undefined,
    address: ProposedAddress,
    { credentials }: DiscoveryRequest,
  ): Promise<void> {
    const { profiles, refuses, meters, note, told, clock } = this.#options;
    run.asked++;
    if (examined === undefined) return;
    const view = viewOf(name, examined, run.channel, address, profiles.all(), credentials);
    const title = view.proposal?.meter.security.systemTitle;
    const names = [view.meterNo, title].flatMap((text) => text ?? []);
    if (names.length > 0 && refuses(names)) {
      run.found.push({ ...view, outcome: 'blacklisted', proposal: null });
      return;
    }
    const archived = (await meters()).find(({ meterNo }) => meterNo === view.meterNo);
    if (archived !== undefined) {
      const where =
        archived.channel === run.channel ? 'under another address' : `on channel ${archived.channel}`;
      run.found.push({ ...view, outcome: 'known', proposal: null, troubles: [`in the archive ${where}`] });
      return;
    }
    run.found.push(view);
    const { channel } = run;
    const proposal = view.proposal ?? { outcome: view.outcome, troubles: view.troubles };
    const isNews = await note({ channel, address: name, via: 'scan', seenAt: clock.now(), proposal });
    if (isNews) await told(channel, view);
  }

  #alreadyKnown(run: OpenRun, address: string, meterNo: string): void {
    run.asked++;
    run.found.push({ address, outcome: 'known', meterNo, proposal: null, troubles: [] });
  }

  #blacklisted(run: OpenRun, address: string, meterNo: string | null): void {
    run.asked++;
    run.found.push({ address, outcome: 'blacklisted', meterNo, proposal: null, troubles: [] });
  }

  async #knownOn(channel: string, nameOf: (meter: Meter) => string): Promise<ReadonlyMap<string, string>> {
    const meters = await this.#options.meters();
    return new Map(
      meters.filter((meter) => meter.channel === channel).map((meter) => [nameOf(meter), meter.meterNo]),
    );
  }
}

/** What is not there is no failure of the search. */
async function heard<Result>(work: () => Promise<Result>): Promise<Result | undefined> {
  try {
    return await work();
  } catch (thrown) {
    const error = toDcuError(thrown);
    if (error.code === 'cancelled') throw error;
    return undefined;
  }
}

const nodeAddress = (node: string) => ({ node, serverAddress: 1, addressBytes: 1 }) as const;

/** Stands in for a meter where only the way to it is needed. */
function draftMeter(channel: string, address: Meter['address'], meterNo = 'discovery'): Meter {
  return {
    id: 0,
    meterNo,
    enabled: true,
    mac: -1,
    channel,
    meterType: 1,
    phase: 1,
    credit: 0,
    task: 'empty_task',
    prepaid: 255,
    wiring: 0,
    profile: 'generic',
    address,
    security: { auth: 'none', policy: 'none' },
    hasPassword: false,
    hasKeys: false,
    createdAt: 0,
  };
}
