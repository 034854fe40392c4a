// The fused pass: HDLC frames that carry one ciphered APDU each -> plaintext -> rows in columns, all in linear memory.

import {
  DESCRIPTOR_LIMIT, DESCRIPTOR_SIZE, DESCRIPTORS, OUTCOME_SIZE, OUTCOMES, OUTPUT, OUTPUT_SIZE, RESULT, SCRATCH, COLUMNS,
} from './abi';
import { axdrRestore, axdrRows, axdrSave } from './axdr';
import { announcedRows, walkHeader } from './axdr-walk';
import { gcmOpen } from './gcm';
import { hdlcScan } from './hdlc';
import { AUTHENTICATION_KEY, COUNTED, COUNTER, HANDLE, routeOf, TAG_LENGTH, TITLE } from './routes';

const GOOD: i32 = 0;
const UNKNOWN_ADDRESS: i32 = 1;
const SEGMENTED: i32 = 2;
const NOT_CIPHERED: i32 = 3;
const FORGED: i32 = 4;
const REPLAYED: i32 = 5;
const NOT_A_PROFILE: i32 = 6;
/** Not reported: the frame is left for the next call. */
const NO_ROOM: i32 = -1;

const GENERAL_GLO_CIPHERING: u32 = 0xdb;
const GLO_GET_RESPONSE: u32 = 0xcc;
const AUTHENTICATED_AND_ENCRYPTED: u32 = 0x30;
const TITLE_LENGTH: i32 = 8;

/** IV and AAD of the frame at hand, beyond what gcm.ts uses. */
const IV: usize = SCRATCH + 0x300;
const AAD: usize = SCRATCH + 0x310;
const AAD_LENGTH: i32 = 17;

let slot: i32 = 0;
let rowsOfFrame: i32 = 0;
let counterOfFrame: u32 = 0;
let written: usize = 0;

/**
 * Scans [p, e) for at most DESCRIPTOR_LIMIT frames and appends the rows of each good one to the columns at COLUMNS
 * from slot `first` on. A frame that fails in any way adds no row and advances no counter. Returns the frames handled;
 * RESULT: consumed address, rejected headers, bad FCS, next free slot, bytes of plaintext at OUTPUT. OUTCOMES: code, rows, invocation
 * counter, source address of each frame. Offsets of byte columns count from OUTPUT. Stops in front of a frame for which there is
 * no room left.
 */
export function pipelineRun(p: usize, e: usize, longest: u32, first: i32, capacity: i32): i32 {
  const found = hdlcScan(p, e, DESCRIPTORS, DESCRIPTOR_LIMIT, longest);
  const consumed = load<u32>(RESULT);
  const rejected = load<u32>(RESULT, 4);
  const badFcs = load<u32>(RESULT, 8);
  slot = first;
  written = OUTPUT;
  let done = 0;
  let full = false;
  for (; done < found; done++) {
    const descriptor = DESCRIPTORS + <usize>done * DESCRIPTOR_SIZE;
    rowsOfFrame = 0;
    counterOfFrame = 0;
    const code = handle(descriptor, capacity);
    if (code == NO_ROOM) {
      full = true;
      break;
    }
    const outcome = OUTCOMES + <usize>done * OUTCOME_SIZE;
    store<i32>(outcome, code);
    store<i32>(outcome, rowsOfFrame, 4);
    store<u32>(outcome, counterOfFrame, 8);
    store<u32>(outcome, load<u32>(descriptor, 16), 12);
  }
  if (full) {
    // Once more up to the last frame handled, so that place and counters are those of the frames handled.
    hdlcScan(p, e, DESCRIPTORS, done, longest);
  } else {
    store<u32>(RESULT, consumed);
    store<u32>(RESULT, rejected, 4);
    store<u32>(RESULT, badFcs, 8);
  }
  store<i32>(RESULT, slot, 12);
  store<u32>(RESULT, <u32>(written - OUTPUT), 16);
  return done;
}

function handle(descriptor: usize, capacity: i32): i32 {
  const packed = load<u32>(descriptor, 20);
  const route = routeOf(load<u32>(descriptor, 16), (packed >> 12) & 15);
  if (route == 0) return UNKNOWN_ADDRESS;
  if (load<u32>(descriptor, 24) & 0x800) return SEGMENTED;
  let at: usize = load<u32>(descriptor, 4);
  let left = load<i32>(descriptor, 8);

  // LLC of a response or of a command.
  if (left >= 3 && load<u8>(at) == 0xe6 && (load<u8>(at, 1) & 0xfe) == 0xe6 && load<u8>(at, 2) == 0) {
    at += 3;
    left -= 3;
  }
  if (left < 1) return NOT_CIPHERED;
  const tag: u32 = load<u8>(at);
  at++;
  left--;
  if (tag == GENERAL_GLO_CIPHERING) {
    if (left < 1 + TITLE_LENGTH || load<u8>(at) != TITLE_LENGTH) return NOT_CIPHERED;
    if (load<u64>(at, 1) != load<u64>(route, TITLE)) return UNKNOWN_ADDRESS;
    at += 1 + TITLE_LENGTH;
    left -= 1 + TITLE_LENGTH;
  } else if (tag != GLO_GET_RESPONSE) {
    return NOT_CIPHERED;
  }
  if (left < 1) return NOT_CIPHERED;
  let length: i32 = load<u8>(at);
  let lengthBytes = 1;
  if (length >= 0x80) {
    lengthBytes = length - 0x7f;
    if (lengthBytes > 3 || lengthBytes < 2 || left < lengthBytes) return NOT_CIPHERED;
    length = lengthBytes == 2 ? load<u8>(at, 1) : (<i32>load<u8>(at, 1) << 8) | load<u8>(at, 2);
  }
  at += lengthBytes;
  left -= lengthBytes;
  const tagLength = load<i32>(route, TAG_LENGTH);
  // Security control and invocation counter come before the ciphertext; compared before anything is subtracted.
  if (length != left || left < 5 + tagLength) return NOT_CIPHERED;
  const control: u32 = load<u8>(at);
  if ((control & 0xf0) != AUTHENTICATED_AND_ENCRYPTED) return NOT_CIPHERED;
  const counterBytes = load<u32>(at, 1);
  const counter = bswap<u32>(counterBytes);
  if (load<u32>(route, COUNTED) && counter <= load<u32>(route, COUNTER)) return REPLAYED;

  const n = left - 5 - tagLength;
  if (written + <usize>n > OUTPUT + OUTPUT_SIZE) return NO_ROOM;
  store<u64>(IV, load<u64>(route, TITLE));
  store<u32>(IV, counterBytes, 8);
  store<u8>(AAD, <u8>control);
  v128.store(AAD, v128.load(route, AUTHENTICATION_KEY), 1);
  const cipher = at + 5;
  const verdict = gcmOpen(load<i32>(route, HANDLE), IV, AAD, AAD_LENGTH, cipher, n, written, cipher + n, tagLength);
  v128.store(AAD, i64x2.splat(0), 1);
  if (verdict != 1) return FORGED;

  const code = decode(written, written + n, capacity);
  if (code == NO_ROOM) return code;
  store<u32>(route, counter, COUNTER);
  store<u32>(route, 1, COUNTED);
  counterOfFrame = counter;
  written += n;
  return code;
}

/** Address of the data in a get-response-normal or data-notification, or 0. */
function dataOf(p: usize, e: usize): usize {
  if (e - p < 6) return 0;
  const tag: u32 = load<u8>(p);
  if (tag == 0xc4) return load<u8>(p, 1) == 1 && load<u8>(p, 3) == 0 ? p + 4 : 0;
  if (tag != 0x0f) return 0;
  const dateLength = load<u8>(p, 5);
  return dateLength < 0x80 && <usize>dateLength + 6 <= e - p ? p + 6 + dateLength : 0;
}

function decode(p: usize, e: usize, capacity: i32): i32 {
  const data = dataOf(p, e);
  if (data == 0) return NOT_A_PROFILE;
  const start = walkHeader(data, e);
  if (start == 0) return NOT_A_PROFILE;
  const rows = announcedRows();
  // A row has two bytes at least, so that more rows than bytes is a lie and no reason to wait for room.
  if (rows > <u32>(e - p)) return NOT_A_PROFILE;
  if (rows > <u32>(capacity - slot)) return slot == 0 ? NOT_A_PROFILE : NO_ROOM;
  axdrSave();
  const done = axdrRows(start, e, rows, slot, COLUMNS, capacity, OUTPUT);
  if (done != rows || load<i32>(RESULT) != 0 || load<u32>(RESULT, 4) != <u32>e) {
    axdrRestore();
    return NOT_A_PROFILE;
  }
  slot += done;
  rowsOfFrame = done;
  return GOOD;
}
