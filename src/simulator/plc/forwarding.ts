import { SHORTEST_FRAME } from '../../plc/frame.ts';
import { DENIAL } from '../../plc/units/afn-00.ts';
import type { CarriedMessage } from '../../plc/units/afn-02.ts';
import { FORWARD_ROUTED, FORWARD_ROUTED_LONG, type NodeRequest } from '../../plc/units/afn-13.ts';
import { READ_CONCURRENT } from '../../plc/units/afn-f1.ts';
import { type Handled, MAX_FRAME, type ModuleSide } from './module-side.ts';

const LONGEST_SHORT_ANSWER = 0xff;
const METER_TIMEOUT_MS = 20_000;
const MOST_CONCURRENT = 128;
/** A meter's processor is slow. */
const METER_REPLY_MS = 60;
const NOTHING = new Uint8Array();
/** What stands around an answer on the UART at most: two addresses; up time, protocol and length. */
const FRAMING = SHORTEST_FRAME + 2 * 6 + 5;

/**
 * 13F1 and 13F2: one after the other; a meter that is silent has an empty answer. What does not fit 13F1 is answered by
 * 13F2, whatever the question was.
 */
export function forwardOne(
  module: ModuleSide,
  { frame, nowMs }: Handled,
  { protocol, message }: NodeRequest,
): void {
  const { memory } = module;
  const address = frame.addresses?.destination ?? '';
  if (memory.reading.size > 0) {
    module.deny(frame, DENIAL.busy);
    return;
  }
  if (!isArchived(module, address)) {
    module.deny(frame, DENIAL.unknownAddress);
    return;
  }
  read(module, address, message, nowMs, (answer = NOTHING) => {
    const unit = answer.length > LONGEST_SHORT_ANSWER ? FORWARD_ROUTED_LONG : FORWARD_ROUTED;
    module.reply(frame, unit, { upTimeS: 0, protocol, message: answer });
  });
}

/** F1F1: many at once, one for each meter. */
export function forwardOneOfMany(
  module: ModuleSide,
  { frame, nowMs }: Handled,
  { protocol, message }: CarriedMessage,
): void {
  const { memory, options } = module;
  const address = frame.addresses?.destination ?? '';
  if (!isArchived(module, address)) {
    module.deny(frame, DENIAL.unknownAddress);
    return;
  }
  if (!options.network.isJoined(address, nowMs)) {
    module.deny(frame, DENIAL.notInNetwork);
    return;
  }
  if (memory.reading.has(address)) {
    module.deny(frame, DENIAL.beingRead);
    return;
  }
  if (memory.reading.size >= (options.maxConcurrent ?? MOST_CONCURRENT)) {
    module.deny(frame, DENIAL.tooManyAtOnce);
    return;
  }
  read(module, address, message, nowMs, (answer) => {
    if (answer === undefined) module.deny(frame, DENIAL.meterSilent);
    else module.reply(frame, READ_CONCURRENT, { protocol, message: answer });
  });
}

function isArchived({ memory }: ModuleSide, address: string): boolean {
  return memory.archive.has(address);
}

/**
 * Brings a message to a meter and its answer back; `done` gets nothing when either is lost, the meter silent, or the
 * answer longer than a frame takes.
 */
function read(
  module: ModuleSide,
  address: string,
  message: Uint8Array,
  nowMs: number,
  done: (answer: Uint8Array | undefined) => void,
): void {
  const { memory, options } = module;
  const { network, meterTimeoutMs = METER_TIMEOUT_MS, meterReplyMs = METER_REPLY_MS } = options;
  memory.reading.add(address);
  const finish = (atMs: number, answer?: Uint8Array): void =>
    module.later(atMs, () => {
      memory.reading.delete(address);
      done(answer);
    });
  const down = network.transit(address, message.length, nowMs);
  if (!down.arrived) {
    finish(nowMs + meterTimeoutMs);
    return;
  }
  module.later(down.atMs, (atMs) => {
    module.emit({ type: 'delivered', address });
    const station = options.station(address);
    const answer = station?.receive(message, atMs) ?? NOTHING;
    const up = network.transit(address, answer.length, atMs + meterReplyMs + (station?.delayMs ?? 0));
    const fits = answer.length + FRAMING <= (options.maxFrame ?? MAX_FRAME);
    const lost = answer.length === 0 || !up.arrived || !fits;
    if (lost) finish(Math.max(atMs, nowMs + meterTimeoutMs));
    else finish(up.atMs, answer);
  });
}
