// The fused pass: HDLC frames that carry one ciphered APDU each -> plaintext -> rows in columns, all in linear memory.

import {
  DESCRIPTOR_LIMIT, DESCRIPTOR_SIZE, DESCRIPTORS, OUTCOME_SIZE, OUTCOMES, HOST_AAD, HOST_IV, HOST_TAG, OUTPUT, OUTPUT_SIZE, RESULT, COLUMNS,
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
const ASK_HOST: i32 = -2;

const GENERAL_GLO_CIPHERING: u32 = 0xdb;
const GLO_GET_RESPONSE: u32 = 0xcc;
const AUTHENTICATED_AND_ENCRYPTED: u32 = 0x30;
const TITLE_LENGTH: i32 = 8;

/** IV and AAD of the frame at hand, beyond what gcm.ts uses. */
const IV: usize = HOST_IV;
const AAD: usize = HOST_AAD;
const AAD_LENGTH: i32 = 17;
/** Copy of the tag, where the host finds it at a fixed place. */
const TAG: usize = HOST_TAG;

/** The run at hand. */
let start: usize = 0;
let end: usize = 0;
let longestFrame: u32 = 0;
let room: i32 = 0;
let ownUpTo: i32 = 0;
let found: i32 = 0;
let done: i32 = 0;
let consumed: u32 = 0;
let rejected: u32 = 0;
let badFcs: u32 = 0;
let slot: i32 = 0;
let written: usize = 0;

/** The frame at hand. */
let route: usize = 0;
let counterOfFrame: u32 = 0;
let rowsOfFrame: i32 = 0;
let cipher: usize = 0;
let cipherLength: i32 = 0;

/**
 * Scans [p, e) for at most DESCRIPTOR_LIMIT frames and appends the rows of each good one to the columns at COLUMNS
 * from slot `first` on. A frame that fails in any way adds no row and advances no counter. Stops in front of a frame for
 * which there is no room left.
 *
 * Ciphertext of more than `upTo` bytes is left to the host, which is faster there: the return value is -1, RESULT has
 * the address and length of the ciphertext, the tag's length, the key handle and where the plaintext is to be
 * written before `pipelineResume`; IV, AAD and tag are at HOST_IV, HOST_AAD and HOST_TAG. Otherwise returns the frames
 * handled, and RESULT: consumed address, rejected headers, bad FCS, next free slot, bytes of plaintext at OUTPUT.
 * OUTCOMES: code, rows, invocation counter, source address of each frame. Offsets of byte columns count from OUTPUT.
 */
export function pipelineRun(p: usize, e: usize, longest: u32, first: i32, capacity: i32, upTo: i32): i32 {
  start = p;
  end = e;
  longestFrame = longest;
  room = capacity;
  ownUpTo = upTo;
  slot = first;
  written = OUTPUT;
  done = 0;
  found = hdlcScan(p, e, DESCRIPTORS, DESCRIPTOR_LIMIT, longest);
  consumed = load<u32>(RESULT);
  rejected = load<u32>(RESULT, 4);
  badFcs = load<u32>(RESULT, 8);
  return proceed();
}

/** Goes on after the host dealt with the ciphertext it was given: `opened` is 1 when its tag verified. */
export function pipelineResume(opened: i32): i32 {
  const code = opened == 1 ? accept() : FORGED;
  if (code == NO_ROOM) return finish(true);
  conclude(code);
  return proceed();
}

function proceed(): i32 {
  while (done < found) {
    rowsOfFrame = 0;
    counterOfFrame = 0;
    const code = handle(DESCRIPTORS + <usize>done * DESCRIPTOR_SIZE);
    if (code == ASK_HOST) return -1;
    if (code == NO_ROOM) return finish(true);
    conclude(code);
  }
  return finish(false);
}

function conclude(code: i32): void {
  const outcome = OUTCOMES + <usize>done * OUTCOME_SIZE;
  store<i32>(outcome, code);
  store<i32>(outcome, code == GOOD ? rowsOfFrame : 0, 4);
  store<u32>(outcome, code == GOOD || code == NOT_A_PROFILE ? counterOfFrame : 0, 8);
  store<u32>(outcome, load<u32>(DESCRIPTORS + <usize>done * DESCRIPTOR_SIZE, 16), 12);
  done++;
}

function finish(full: bool): i32 {
  v128.store(AAD, i64x2.splat(0), 1);
  if (full) {
    // Once more up to the last frame handled, so that place and counters are those of the frames handled.
    hdlcScan(start, end, DESCRIPTORS, done, longestFrame);
  } else {
    store<u32>(RESULT, consumed);
    store<u32>(RESULT, rejected, 4);
    store<u32>(RESULT, badFcs, 8);
  }
  store<i32>(RESULT, slot, 12);
  store<u32>(RESULT, <u32>(written - OUTPUT), 16);
  return done;
}

function handle(descriptor: usize): i32 {
  const packed = load<u32>(descriptor, 20);
  route = routeOf(load<u32>(descriptor, 16), (packed >> 12) & 15);
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
  counterOfFrame = counter;
  cipher = at + 5;
  cipherLength = n;
  store<u64>(IV, load<u64>(route, TITLE));
  store<u32>(IV, counterBytes, 8);
  store<u8>(AAD, <u8>control);
  v128.store(AAD, v128.load(route, AUTHENTICATION_KEY), 1);
  const key = load<i32>(route, HANDLE);
  if (n > ownUpTo) {
    store<u32>(RESULT, <u32>cipher);
    store<i32>(RESULT, n, 4);
    store<i32>(RESULT, tagLength, 8);
    store<i32>(RESULT, key, 12);
    store<u32>(RESULT, <u32>written, 16);
    v128.store(TAG, v128.load(cipher + n));
    return ASK_HOST;
  }
  const verdict = gcmOpen(key, IV, AAD, AAD_LENGTH, cipher, n, written, cipher + n, tagLength);
  return verdict == 1 ? accept() : FORGED;
}

/** The plaintext of a frame that verified is at `written`. */
function accept(): i32 {
  const code = decode(written, written + cipherLength);
  if (code == NO_ROOM) return code;
  store<u32>(route, counterOfFrame, COUNTER);
  store<u32>(route, 1, COUNTED);
  written += cipherLength;
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

function decode(p: usize, e: usize): i32 {
  const data = dataOf(p, e);
  if (data == 0) return NOT_A_PROFILE;
  const first = walkHeader(data, e);
  if (first == 0) return NOT_A_PROFILE;
  const rows = announcedRows();
  // A row has two bytes at least, so that more rows than bytes is a lie and no reason to wait for room.
  if (rows > <u32>(e - p)) return NOT_A_PROFILE;
  if (rows > <u32>(room - slot)) return slot == 0 ? NOT_A_PROFILE : NO_ROOM;
  axdrSave();
  const decoded = axdrRows(first, e, rows, slot, COLUMNS, room, OUTPUT);
  if (decoded != rows || load<i32>(RESULT) != 0 || load<u32>(RESULT, 4) != <u32>e) {
    axdrRestore();
    return NOT_A_PROFILE;
  }
  slot += decoded;
  rowsOfFrame = decoded;
  return GOOD;
}
