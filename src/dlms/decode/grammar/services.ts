import type { ByteReader } from '../../../base/bytes.ts';
import { DcuError } from '../../../base/errors.ts';
import { decodeExceptionResponse } from '../../apdu/exception.ts';
import { decodeConfirmedServiceError } from '../../apdu/service-error.ts';
import {
  accessSelection,
  actionResult,
  attributeDescriptor,
  blockNumber,
  boolean,
  conformance,
  dataAccessResult,
  dataBlock,
  dateTime,
  dateTimeMeaning,
  getDataResult,
  invokeIdAndPriority,
  longInvokeIdAndPriority,
  methodDescriptor,
  rawData,
  selectedAttribute,
} from './common.ts';
import { dataValue } from './data.ts';
import type { Part } from './part.ts';
import {
  choice,
  fixed,
  leaf,
  list,
  octets,
  optional,
  pascal,
  type Rule,
  sequence,
  unsigned,
  upperHex,
} from './rules.ts';

/** What follows the tag of each xDLMS APDU (Green Book 9.5), by the tag. ACSE APDUs are in acse.ts. */

const invoke = invokeIdAndPriority;
const parameters = (name: string): Rule => sequence(name, [dataValue]);
const value = sequence('value', [dataValue]);
const valueList = list('value-list', dataValue);
const attributeList = list('attribute-descriptor-list', selectedAttribute);
const methodList = list('method-descriptor-list', methodDescriptor);
const selection = optional('access-selection', accessSelection);

const getRequest = choice('get-request', {
  1: sequence('get-request-normal', [invoke, attributeDescriptor, selection]),
  2: sequence('get-request-next', [invoke, blockNumber], { tag: 'GetRequestForNextDataBlock' }),
  3: sequence('get-request-with-list', [invoke, attributeList]),
});

const getResponse = choice('get-response', {
  1: sequence('get-response-normal', [invoke, sequence('result', [getDataResult])]),
  2: sequence(
    'get-response-with-datablock',
    [
      invoke,
      sequence('result', [
        boolean('last-block'),
        blockNumber,
        sequence('result', [choice('result', { 0: rawData, 1: dataAccessResult('data-access-result') })]),
      ]),
    ],
    { tag: 'GetResponsewithDataBlock' },
  ),
  3: sequence('get-response-with-list', [invoke, list('result', getDataResult)]),
});

const setRequest = choice('set-request', {
  1: sequence('set-request-normal', [invoke, attributeDescriptor, selection, value]),
  2: sequence('set-request-with-first-datablock', [invoke, attributeDescriptor, selection, dataBlock], {
    tag: 'SetRequestFirstDataBlock',
  }),
  3: sequence('set-request-with-datablock', [invoke, dataBlock], { tag: 'SetRequestWithDataBlock' }),
  4: sequence('set-request-with-list', [invoke, attributeList, valueList]),
  5: sequence('set-request-with-list-and-first-datablock', [invoke, attributeList, dataBlock]),
});

const resultList = list('result', dataAccessResult('data-access-result'));
const setResponse = choice('set-response', {
  1: sequence('set-response-normal', [invoke, dataAccessResult('result')]),
  2: sequence('set-response-datablock', [invoke, blockNumber], { tag: 'SetResponseDataBlock' }),
  3: sequence('set-response-last-datablock', [invoke, dataAccessResult('result'), blockNumber], {
    tag: 'SetResponseWithLastDataBlock',
  }),
  4: sequence('set-response-last-datablock-with-list', [invoke, resultList, blockNumber]),
  5: sequence('set-response-with-list', [invoke, resultList]),
});

const actionParameters = optional('method-invocation-parameters', parameters('method-invocation-parameters'));
const actionRequest = choice('action-request', {
  1: sequence('action-request-normal', [invoke, methodDescriptor, actionParameters]),
  2: sequence('action-request-next-pblock', [invoke, blockNumber]),
  3: sequence('action-request-with-list', [
    invoke,
    methodList,
    list('method-invocation-parameters', dataValue),
  ]),
  4: sequence('action-request-with-first-pblock', [invoke, methodDescriptor, dataBlock]),
  5: sequence('action-request-with-list-and-first-pblock', [invoke, methodList, dataBlock]),
  6: sequence('action-request-with-pblock', [invoke, dataBlock]),
});

/** The result, and what the method returns; some servers end behind the result. */
const actionAnswer: Rule = (reader) => {
  const from = reader.offset;
  const result = actionResult('result')(reader);
  const returned = optional('return-parameters', sequence('return-parameters', [getDataResult]));
  const children = reader.remaining > 0 ? [result, returned(reader)] : [result];
  return { name: 'single-response', from, to: reader.offset, children, xml: { tag: '' } };
};

const actionResponse = choice('action-response', {
  1: sequence('action-response-normal', [invoke, actionAnswer]),
  2: sequence('action-response-with-pblock', [invoke, dataBlock]),
  3: sequence('action-response-with-list', [invoke, list('list-of-responses', actionAnswer)]),
  4: sequence('action-response-next-pblock', [invoke, blockNumber], { tag: 'ActionResponseNextBlock' }),
});

const accessSpecification = choice('access-request-specification', {
  1: sequence('access-request-get', [attributeDescriptor]),
  2: sequence('access-request-set', [attributeDescriptor]),
  3: sequence('access-request-action', [methodDescriptor]),
  4: sequence('access-request-get-with-selection', [attributeDescriptor, accessSelection]),
  5: sequence('access-request-set-with-selection', [attributeDescriptor, accessSelection]),
});
const accessResult = choice('access-response-specification', {
  1: sequence('access-response-get', [dataAccessResult('result')]),
  2: sequence('access-response-set', [dataAccessResult('result')]),
  3: sequence('access-response-action', [actionResult('result')]),
});
const accessRequest = sequence('access-request', [
  longInvokeIdAndPriority,
  dateTime('date-time'),
  sequence('access-request-body', [
    list('access-request-specification', accessSpecification),
    list('access-request-list-of-data', dataValue),
  ]),
]);
const accessResponse = sequence('access-response', [
  longInvokeIdAndPriority,
  dateTime('date-time'),
  sequence('access-response-body', [
    optional('access-request-specification', list('access-request-specification', accessSpecification)),
    list('access-response-list-of-data', dataValue),
    list('access-response-specification', accessResult),
  ]),
]);

/** Body in A-XDR; what some vendors write instead stays bytes here (`readings` still understand it). */
const notificationBody: Rule = (reader) => {
  const from = reader.offset;
  const body = sequence('data-value', [dataValue]);
  try {
    const part = sequence('notification-body', [body])(reader);
    if (reader.remaining === 0) return part;
  } catch (error) {
    if (!(error instanceof DcuError)) throw error;
    // Shown as bytes: the translator has judged them before.
  }
  reader.offset = from;
  return leaf('notification-body', (rest) => ({
    value: upperHex(rest.rest()),
    meaning: 'in a form of the vendor',
  }))(reader);
};
const dataNotification = sequence('data-notification', [
  longInvokeIdAndPriority,
  dateTime('date-time'),
  notificationBody,
]);

/** GeneralizedTime of 12 bytes in an octet string. */
const eventNotification = sequence('event-notification-request', [
  optional('time', octets('time', { mean: dateTimeMeaning })),
  attributeDescriptor,
  sequence('attribute-value', [dataValue]),
]);

const shortName = (name: string): Rule => fixed(name, 2);
const variableAccess = choice('variable-access-specification', {
  2: shortName('variable-name'),
  4: sequence('parameterized-access', [
    shortName('variable-name'),
    unsigned('selector', 1),
    sequence('parameter', [dataValue]),
  ]),
  5: sequence('block-number-access', [unsigned('block-number', 2)]),
  6: sequence('read-data-block-access', [boolean('last-block'), unsigned('block-number', 2), rawData]),
  7: sequence('write-data-block-access', [boolean('last-block'), unsigned('block-number', 2)]),
});
const listOfVariables = list('list-of-variable-access-specification', variableAccess);
const readRequest = list('read-request', variableAccess);
const readResponse = list(
  'read-response',
  choice('read-result', {
    0: sequence('data', [dataValue]),
    1: dataAccessResult('data-access-error'),
    2: sequence('data-block-result', [boolean('last-block'), unsigned('block-number', 2), rawData]),
    3: unsigned('block-number', 2),
  }),
);
const listOfData = list('list-of-data', dataValue);
const writeRequest = sequence('write-request', [listOfVariables, listOfData]);
const unconfirmedWrite = sequence('unconfirmed-write-request', [listOfVariables, listOfData]);
const writeResponse = list(
  'write-response',
  choice('write-result', {
    0: leaf('success', () => ({ value: 'success', xml: { value: false } })),
    1: dataAccessResult('data-access-error'),
    2: unsigned('block-number', 2),
  }),
);
const informationReport = sequence('information-report-request', [
  optional('current-time', octets('current-time', { mean: dateTimeMeaning })),
  listOfVariables,
  listOfData,
]);

const qualityOfService = optional('proposed-quality-of-service', unsigned('proposed-quality-of-service', 1));
const initiateRequest = sequence('initiate-request', [
  optional('dedicated-key', octets('dedicated-key')),
  optional('response-allowed', boolean('response-allowed')),
  qualityOfService,
  unsigned('proposed-dlms-version-number', 1),
  conformance('proposed-conformance'),
  unsigned('client-max-receive-pdu-size', 2, undefined, { tag: 'ProposedMaxPduSize' }),
]);
const initiateResponse = sequence('initiate-response', [
  optional('negotiated-quality-of-service', unsigned('negotiated-quality-of-service', 1)),
  unsigned('negotiated-dlms-version-number', 1),
  conformance('negotiated-conformance'),
  unsigned('server-max-receive-pdu-size', 2, undefined, { tag: 'NegotiatedMaxPduSize' }),
  unsigned('vaa-name', 2, (name) => ({ 7: 'logical names', 64000: 'short names' })[name]),
]);

/** One byte that has a name: the tables are those of the decoder of its APDU. */
const named = (name: string, at: number, meaning: string, raw: number, shown: boolean): Part => ({
  name,
  from: at,
  to: at + 1,
  value: String(raw),
  meaning,
  children: [],
  xml: shown ? { value: pascal(meaning) } : {},
});

const exceptionResponse: Rule = (reader: ByteReader) => {
  const from = reader.offset;
  const { stateError, serviceError, expectedInvocationCounter } = decodeExceptionResponse(
    reader.bytes.subarray(from - 1),
  );
  const [state = 0, service = 0] = reader.take(2, 'exception');
  const children = [
    named('state-error', from, stateError, state, true),
    named('service-error', from + 1, serviceError, service, true),
  ];
  if (expectedInvocationCounter !== undefined) children.push(unsigned('invocation-counter', 4)(reader));
  return { name: 'exception-response', from, to: reader.offset, children };
};

const confirmedServiceError: Rule = (reader: ByteReader) => {
  const from = reader.offset;
  const decoded = decodeConfirmedServiceError(reader.bytes.subarray(from - 1));
  const [service = 0, error = 0, code = 0] = reader.take(3, 'confirmed-service-error');
  const reason: Part = {
    name: 'service-error',
    from: from + 1,
    to: from + 3,
    value: String(error),
    meaning: decoded.error,
    xml: { value: false },
    children: [
      {
        ...named(decoded.error, from + 2, decoded.value, code, true),
        xml: { tag: pascal(decoded.error), value: pascal(decoded.value) },
      },
    ],
  };
  const about = named('service', from, decoded.service, service, false);
  return {
    name: 'confirmed-service-error',
    from,
    to: reader.offset,
    children: [{ ...about, xml: { value: service.toString(16).padStart(2, '0') } }, reason],
  };
};

const generalBlockTransfer = sequence('general-block-transfer', [
  unsigned('block-control', 1, (control) => {
    const told = (control & 0x80) !== 0 ? ['last block'] : [];
    if ((control & 0x40) !== 0) told.push('streaming');
    return [...told, `window ${control & 0x3f}`].join(', ');
  }),
  unsigned('block-number', 2),
  unsigned('block-number-ack', 2),
  octets('block-data'),
]);

const sealed = octets('ciphered-content', { inner: 'ciphered' });
const keyInfo = optional(
  'key-info',
  choice('key-info', {
    0: sequence('identified-key', [
      unsigned('key-id', 1, (id) => ['global unicast encryption key', 'global broadcast encryption key'][id]),
    ]),
    1: sequence('wrapped-key', [
      unsigned('kek-id', 1, (id) => ['master key'][id]),
      octets('key-ciphered-data'),
    ]),
    2: sequence('agreed-key', [
      octets('key-parameters', {
        mean: ([id = 0]) =>
          [undefined, 'one-pass Diffie-Hellman C(1e, 1s)', 'static unified model C(0e, 2s)'][id],
      }),
      octets('key-ciphered-data'),
    ]),
  }),
);
const generalHeader = [
  octets('transaction-id'),
  octets('originator-system-title'),
  octets('recipient-system-title'),
  dateTime('date-time'),
  octets('other-information'),
];

/** Rules by the tag of the APDU; the tag itself has been read. */
export const SERVICE_RULES: ReadonlyMap<number, Rule> = new Map<number, Rule>([
  [0x01, initiateRequest],
  [0x05, readRequest],
  [0x06, writeRequest],
  [0x08, initiateResponse],
  [0x0c, readResponse],
  [0x0d, writeResponse],
  [0x0e, confirmedServiceError],
  [0x0f, dataNotification],
  [0x10, sequence('data-notification-confirm', [longInvokeIdAndPriority, dateTime('date-time')])],
  [0x16, unconfirmedWrite],
  [0x18, informationReport],
  [0xc0, getRequest],
  [0xc1, setRequest],
  [0xc2, eventNotification],
  [0xc3, actionRequest],
  [0xc4, getResponse],
  [0xc5, setResponse],
  [0xc7, actionResponse],
  [0xd8, exceptionResponse],
  [0xd9, accessRequest],
  [0xda, accessResponse],
  [0xdb, sequence('general-glo-ciphering', [octets('system-title'), sealed])],
  [0xdc, sequence('general-ded-ciphering', [octets('system-title'), sealed])],
  [0xdd, sequence('general-ciphering', [...generalHeader, keyInfo, sealed])],
  [
    0xdf,
    sequence('general-signing', [
      ...generalHeader,
      octets('content', { inner: 'apdu' }),
      octets('signature'),
    ]),
  ],
  [0xe0, generalBlockTransfer],
]);

/** A service-specific ciphered APDU: nothing but the sealed content. */
export const SERVICE_CIPHERED: Rule = sequence('ciphered', [sealed]);
