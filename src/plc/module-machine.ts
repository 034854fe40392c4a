import type { DcuError } from '../base/errors.ts';
import type { Effect, Input } from '../base/machine.ts';
import { Course } from './course.ts';
import type { PlcFrame, UpFrame } from './frame.ts';
import { JobDesk } from './job-desk.ts';
import { DEFAULTS, factsOf, trafficLimits } from './module-facts.ts';
import { denialError, lostJob } from './module-jobs.ts';
import { ModuleOutput } from './module-output.ts';
import { ModuleSetup } from './module-setup.ts';
import { LIFE_TABLE, type LifeInput, type LifeState } from './module-tables.ts';
import type {
  ForwardCommand,
  JobCommand,
  ModuleCommand,
  ModuleConfig,
  ModuleEvent,
  ModuleMachine,
  TrafficState,
} from './module-types.ts';
import type { Ending, ModuleFacts } from './procedures/procedure.ts';
import { FrameReceiver, type ReceiverCounters } from './receiver.ts';
import { Reports } from './reports.ts';
import { Sequences } from './sequences.ts';
import { TRAFFIC_TIMER, Traffic } from './traffic.ts';
import { decodeData, isUnreadable } from './unit.ts';
import { DENIAL } from './units/afn-00.ts';
import { MODE, type ModuleMode } from './units/afn-03.ts';
import { RESUME_ROUTER } from './units/afn-12.ts';

/** Silence in the middle of a frame. */
const GAP_TIMER = 'module-gap';
/** The module wants to be left alone. */
const QUIET_TIMER = 'module-quiet';
/** So long without traffic, and the router may work again. */
const IDLE_TIMER = 'module-idle';
const TIMERS = [GAP_TIMER, QUIET_TIMER, IDLE_TIMER];

const GAP_MS = 500;
const IDLE_MS = 5000;
/** Before everything begins anew because the module has refused something that it must not refuse. */
const AGAIN_MS = 10_000;
/** The module repeats its own start every few seconds until it is confirmed; this long, it is the same start. */
const SAME_START_MS = 6000;
/** So long after the line was opened, it may be repeating a start that nobody was there to hear. */
const UNHEARD_START_MS = 20_000;

/** The concentrator's side of the module's interface (Q/GDW 376.2 and 10376.2). */
class PlcModule implements ModuleMachine {
  readonly #out = new ModuleOutput();
  readonly #receiver: FrameReceiver;
  readonly #sequences = new Sequences();
  readonly #course: Course;
  readonly #desk: JobDesk;
  readonly #traffic: Traffic;
  readonly #reports: Reports;
  readonly #facts: ModuleFacts;
  readonly #setup: ModuleSetup;
  #state: LifeState = 'off';
  /** When the line was opened; the module's last start that was heard since. */
  #openedMs = Number.NEGATIVE_INFINITY;
  #start: { readonly sequence: number; readonly seenMs: number } | undefined;
  /** The module has restarted, it seems: what flew then may never be answered. */
  #flightsInDoubt = false;
  /** When the module last sent a sound frame. */
  #heardMs = Number.NEGATIVE_INFINITY;
  #idling = false;
  #gapArmed = false;

  constructor(config: ModuleConfig) {
    const maxFrame = config.maxFrame ?? DEFAULTS.maxFrame;
    this.#out.edition = config.edition ?? '10376.2';
    this.#out.parity = config.parity ?? 'even';
    this.#receiver = new FrameReceiver(maxFrame);
    this.#course = new Course(this.#out, this.#sequences, (ending, nowMs) => this.#ended(ending, nowMs));
    const isKnown = (address: string): boolean => this.#setup.isKnown(address);
    this.#traffic = new Traffic(this.#out, this.#sequences, trafficLimits(config, isKnown));
    const { localTime } = config;
    this.#reports = new Reports(this.#out, { isKnown, ...(localTime === undefined ? {} : { localTime }) });
    this.#facts = factsOf(config, this.#out);
    this.#setup = new ModuleSetup(this.#out, this.#facts, this.#traffic, config);
    this.#desk = new JobDesk(this.#out, this.#facts, localTime);
  }

  get state(): LifeState {
    return this.#state;
  }

  get counters() {
    return this.#out.counters;
  }

  get line(): ReceiverCounters {
    return this.#receiver.counters;
  }

  get traffic(): TrafficState {
    return this.#traffic;
  }

  step(input: Input<ModuleCommand>, nowMs: number): Effect<ModuleEvent>[] {
    switch (input.on) {
      case 'bytes':
        this.#bytes(input.bytes, nowMs);
        break;
      case 'command':
        this.#command(input.command, nowMs);
        break;
      case 'timer':
        this.#timer(input.timer, nowMs);
        break;
      case 'closed':
        this.#life('closed', nowMs, input.reason);
        break;
    }
    this.#work(nowMs);
    return this.#out.take();
  }

  #bytes(bytes: Uint8Array, nowMs: number): void {
    for (const frame of this.#receiver.push(bytes)) this.#frame(frame, nowMs);
    const waiting = this.#receiver.waiting && this.#state !== 'off';
    if (waiting) this.#out.arm(GAP_TIMER, GAP_MS);
    else if (this.#gapArmed) this.#out.disarm(GAP_TIMER);
    this.#gapArmed = waiting;
  }

  #command(command: ModuleCommand, nowMs: number): void {
    switch (command.type) {
      case 'start':
      case 'stop':
        this.#life(command.type, nowMs);
        return;
      case 'set-archive':
        this.#setup.archive = command.nodes;
        this.#life('archive', nowMs);
        return;
      case 'forward':
        this.#forward(command, nowMs);
        return;
      case 'cancel':
        this.#cancel(command.id, nowMs);
        return;
      default:
        this.#order(command);
        return;
    }
  }

  #forward(command: ForwardCommand, nowMs: number): void {
    if (LIFE_TABLE[this.#state].forward === 'refuse') this.#traffic.refuse(command);
    else this.#traffic.accept(command, nowMs);
  }

  #order(command: JobCommand): void {
    if (LIFE_TABLE[this.#state].job === 'refuse') this.#out.emit(lostJob(command.id));
    else this.#desk.accept(command);
  }

  #cancel(id: string, nowMs: number): void {
    this.#traffic.cancel(id);
    if (this.#desk.cancel(id) !== 'current') return;
    this.#course.drop(nowMs);
    this.#life('done', nowMs);
  }

  #timer(timer: string, nowMs: number): void {
    if (this.#course.timer(timer, nowMs) || this.#desk.timer(timer)) return;
    switch (timer) {
      case GAP_TIMER:
        this.#gapArmed = false;
        for (const frame of this.#receiver.giveUp()) this.#frame(frame, nowMs);
        return;
      case TRAFFIC_TIMER:
        this.#expire(nowMs);
        return;
      case IDLE_TIMER:
        this.#idling = false;
        if (this.#isIdle() && this.#facts.paused) this.#desk.resumeRouter();
        return;
    }
  }

  /** A module from which nothing at all has come since may have gone to another rate, or away. */
  #expire(nowMs: number): void {
    const sentMs = this.#traffic.expire(nowMs);
    if (sentMs === undefined || this.#heardMs > sentMs || this.#state !== 'running') return;
    this.#desk.probe();
  }

  #frame(frame: PlcFrame, nowMs: number): void {
    const { counters } = this.#out;
    if (this.#state === 'off') return;
    if (frame.direction === 'down') {
      counters.foreign++;
      return;
    }
    counters.received++;
    this.#heardMs = nowMs;
    if (frame.initiates) {
      if (frame.afn === MODE.afn && frame.fn === MODE.fn) this.#moduleStarted(frame, nowMs);
      // Some modules mark answers of meters as something that they begin.
      else if (!this.#traffic.receive(frame, nowMs)) this.#reports.receive(frame, nowMs);
      return;
    }
    if (this.#course.receive(frame, nowMs) || this.#traffic.receive(frame, nowMs)) return;
    counters.stale++;
  }

  #moduleStarted(frame: UpFrame, nowMs: number): void {
    let mode: ModuleMode;
    try {
      mode = decodeData(MODE.up, frame.data, this.#out.edition).value;
    } catch (error) {
      if (!isUnreadable(error)) throw error;
      this.#out.counters.garbled++;
      this.#reports.deny(frame, DENIAL.format);
      return;
    }
    this.#reports.confirm(frame);
    const repeated = this.#isRepeatedStart(frame, mode, nowMs);
    this.#start = { sequence: frame.information.sequence, seenMs: nowMs };
    if (repeated) this.#out.counters.repeated++;
    else this.#life('module-up', nowMs, undefined, mode);
  }

  /** Whether nothing has begun with it that is not known already. */
  #isRepeatedStart(frame: UpFrame, mode: ModuleMode, nowMs: number): boolean {
    // Another module in the slot counts its reports from the beginning, too.
    if (this.#setup.isOther(mode)) return false;
    if (this.#start !== undefined) {
      const { sequence, seenMs } = this.#start;
      return sequence === frame.information.sequence && nowMs - seenMs < SAME_START_MS;
    }
    // Before it has answered, what it says of itself spares a question.
    return this.#state !== 'starting' && nowMs - this.#openedMs < UNHEARD_START_MS;
  }

  #life(input: LifeInput, nowMs: number, reason?: DcuError, mode?: ModuleMode): void {
    switch (LIFE_TABLE[this.#state][input]) {
      case 'begin':
        // The line may have been opened anew, and the module be another one.
        Object.assign(this.#facts, { baudRate: DEFAULTS.baudRate, baudRateRefused: false });
        this.#facts.configure(DEFAULTS.baudRate);
        this.#openedMs = nowMs;
        this.#start = undefined;
        this.#begin(nowMs);
        return;
      case 'end':
        this.#end(input, nowMs, reason);
        return;
      case 'remember':
        this.#setup.doubt();
        return;
      case 'synchronise':
      case 'synchronise-anew':
        this.#synchronise(nowMs);
        return;
      case 'restart':
        if (this.#state !== 'starting') this.#out.emit({ type: 'restarted' });
        this.#facts.paused = false;
        this.#reports.forget();
        // Where the module has only repeated itself, answers still come while it is set up.
        this.#flightsInDoubt = true;
        this.#desk.keep();
        this.#begin(nowMs, mode);
        return;
      case 'run':
        this.#run(nowMs);
        return;
      case 'try-again':
        // It may have restarted unheard.
        this.#facts.paused = false;
        this.#desk.keep();
        this.#begin(nowMs, undefined, input === 'failed' ? AGAIN_MS : 0);
        return;
      case 'next':
      case 'fail-job':
        this.#desk.finish();
        this.#state = 'running';
        return;
      case 'ignore':
      case 'refuse':
      case 'queue':
      case 'queue-job':
        return;
    }
  }

  #begin(nowMs: number, mode?: ModuleMode, pauseMs = 0): void {
    this.#state = 'starting';
    this.#course.run(this.#setup.startUp(nowMs, mode, pauseMs), nowMs);
  }

  #synchronise(nowMs: number): void {
    const course = this.#setup.synchronise();
    if (course === undefined) {
      this.#run(nowMs);
      return;
    }
    this.#state = 'synchronising';
    this.#course.run(course, nowMs);
  }

  /** The module is set up: what flew before its restart and is not answered by now was lost with it. */
  #run(nowMs: number): void {
    this.#state = 'running';
    if (this.#flightsInDoubt) this.#traffic.moduleLost(nowMs);
    this.#flightsInDoubt = false;
  }

  #end(input: LifeInput, nowMs: number, reason: DcuError | undefined): void {
    this.#course.drop(nowMs);
    // It works on by itself while nobody asks it.
    if (input === 'stop' && this.#facts.paused) {
      this.#out.send(RESUME_ROUTER, undefined, this.#sequences.next(), { initiates: true });
    }
    this.#desk.stop();
    this.#traffic.stop();
    this.#receiver.giveUp();
    this.#sequences.clear();
    this.#reports.forget();
    for (const timer of TIMERS) this.#out.disarm(timer);
    this.#idling = false;
    this.#gapArmed = false;
    this.#flightsInDoubt = false;
    this.#facts.paused = false;
    this.#state = 'off';
    this.#out.emit({ type: 'stopped', ...(reason === undefined ? {} : { error: reason }) });
  }

  #ended(ending: Ending, nowMs: number): void {
    if (typeof ending === 'string') {
      this.#life(ending, nowMs);
      return;
    }
    const error = denialError(ending.code);
    const id = this.#desk.current?.id;
    if (this.#state !== 'working') {
      const step = this.#state === 'starting' ? 'start-up' : 'archive';
      this.#out.emit({ type: 'setup-failed', step, error });
    } else if (id !== undefined) this.#out.emit({ type: 'job-failed', id, error });
    this.#life('failed', nowMs);
  }

  #isIdle(): boolean {
    return (
      this.#state === 'running' &&
      this.#desk.waiting === 0 &&
      this.#traffic.waiting === 0 &&
      this.#traffic.flying === 0
    );
  }

  /** What is due goes on: the archive, jobs, and traffic, for which the router pauses. */
  #work(nowMs: number): void {
    if (this.#state === 'running' && this.#setup.unsynchronised) this.#life('archive', nowMs);
    if (this.#state === 'running') this.#nextJob(nowMs);
    const quietMs = this.#course.quietUntilMs - nowMs;
    const mayFly =
      (this.#state === 'running' || (this.#state === 'working' && this.#desk.current?.exclusive !== true)) &&
      (this.#facts.paused || this.#facts.noRouter) &&
      quietMs <= 0;
    if (this.#state !== 'off') this.#traffic.launch(nowMs, mayFly);
    if (quietMs > 0 && this.#traffic.waiting > 0) this.#out.arm(QUIET_TIMER, quietMs);
    const idling = this.#isIdle() && this.#facts.paused;
    if (idling && !this.#idling) this.#out.arm(IDLE_TIMER, IDLE_MS);
    else if (!idling && this.#idling) this.#out.disarm(IDLE_TIMER);
    this.#idling = idling;
  }

  #nextJob(nowMs: number): void {
    const wantsPause = this.#traffic.waiting > 0 && !this.#facts.paused && !this.#facts.noRouter;
    const job = this.#desk.next(wantsPause);
    if (job === undefined) return;
    this.#state = 'working';
    this.#course.run(job.begin(), nowMs);
  }
}

/** The machine that runs on the module's UART, which opens with 9600 baud, 8 bits and even parity. */
export function createModuleMachine(config: ModuleConfig): ModuleMachine {
  return new PlcModule(config);
}
