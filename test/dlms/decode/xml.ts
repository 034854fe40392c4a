import { fromHex } from '../../../src/base/bytes.ts';
import { decodeDateTime } from '../../../src/dlms/datetime.ts';
import type { DataNode, Decoded } from '../../../src/dlms/decode/index.ts';
import { unitName } from '../../../src/dlms/units.ts';

type ApduNode = Decoded['apdu'];

const TAGS: Readonly<Record<string, string>> = {
  array: 'ARRAY',
  structure: 'STRUCTURE',
  'double-long-unsigned': 'UINT32',
  'long-unsigned': 'UINT16',
  long: 'INT16',
  integer: 'INT8',
  'visible-string': 'VISIBLESTRING',
};

const two = (value: number): string => String(value).padStart(2, '0');

/** The tree in the XML form of the vectors' source, without its names of objects. */
export function toXml(apdu: ApduNode): string {
  return `<?xml version='1.0' encoding='utf-8'?>\n${apduXml(apdu, '')}`;
}

function apduXml(apdu: ApduNode, indent: string): string {
  const below = `${indent}  `;
  switch (apdu.type) {
    case 'general-block-transfer':
      return apduXml(apdu['apdu'] as ApduNode, indent);
    case 'general-glo-ciphering':
      return [
        `${indent}<GeneralGloCiphering SystemTitle="${apdu['systemTitle']}" FrameCounter="${apdu['invocationCounter']}">`,
        apduXml(apdu['apdu'] as ApduNode, below),
        `${indent}</GeneralGloCiphering>`,
      ].join('\n');
    case 'data-notification': {
      const stamp = apdu['dateTime'];
      return [
        `${indent}<DataNotification LongInvokeId="${apdu['longInvokeId']}">`,
        typeof stamp === 'string' ? `${below}<DateTime Value="${fromIso(stamp)}" />` : `${below}<DateTime />`,
        ...dataXml(apdu['body'] as DataNode, below),
        `${indent}</DataNotification>`,
      ].join('\n');
    }
    default:
      throw new Error(`no XML form for ${apdu.type}`);
  }
}

/** The source shows the deviation as it is in the bytes: its sign is opposite to the usual offset. */
function fromIso(text: string): string {
  const [, date, time, sign, offset] = /^([\d-]+)T([\d:.]+)(?:([+-])(\d\d:\d\d))?$/.exec(text) ?? [];
  return `${date} ${time}${sign === undefined ? '' : ` ${sign === '+' ? '-' : '+'}${offset}`}`;
}

function fromBytes(hex: string): string {
  const value = decodeDateTime(fromHex(hex));
  const { year, month = 0, day = 0, hour = 0, minute = 0, second = 0, hundredths, deviationMinutes } = value;
  const date = `${year}-${two(month)}-${two(day)} ${two(hour)}:${two(minute)}:${two(second)}`;
  const fraction = hundredths === undefined ? '' : `.${two(hundredths)}`;
  if (deviationMinutes === undefined) return date + fraction;
  const minutes = Math.abs(deviationMinutes);
  const sign = deviationMinutes < 0 ? '-' : '+';
  return `${date}${fraction} ${sign}${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;
}

function dataXml(node: DataNode, indent: string): string[] {
  const below = `${indent}  `;
  switch (node.type) {
    case 'array':
    case 'structure': {
      const open = `${indent}<${TAGS[node.type]} Qty="${node.elements.length}"`;
      if (node.elements.length === 0) return [`${open} />`];
      return [
        `${open}>`,
        ...node.elements.flatMap((element) => dataXml(element, below)),
        `${indent}</${TAGS[node.type]}>`,
      ];
    }
    case 'null-data':
      return [`${indent}<NullData />`];
    case 'attribute-descriptor':
      return [
        `${indent}<AttributeDescriptor>`,
        `${below}<ClassId Value="${node.classId.toString(16).toUpperCase().padStart(4, '0')}" />`,
        `${below}<InstanceId Value="${node.obis}" />`,
        `${below}<AttributeId Value="${two(node.attribute)}" />`,
        `${indent}</AttributeDescriptor>`,
      ];
    case 'octet-string': {
      const date = node.dateTime === undefined ? undefined : fromBytes(node.value);
      return [`${indent}<OCTETSTRING Value="${node.obis ?? date ?? node.text ?? node.value}" />`];
    }
    case 'enum': {
      const unit = unitName(Number(node.value));
      return [`${indent}<ENUM Value="${node.value}"${unit === undefined ? '' : ` Unit="${unit}"`} />`];
    }
    default: {
      const tag = TAGS[node.type];
      if (tag === undefined || !('value' in node)) throw new Error(`no XML form for ${node.type}`);
      return [`${indent}<${tag} Value="${node.value}" />`];
    }
  }
}

/** The vectors' XML without what only a table of names could give: object names, and a time's hundredths of 0. */
export function comparable(expected: string): string {
  return expected
    .replaceAll(/ Name="[^"]*"/g, '')
    .replaceAll(/ <!--[^>]*-->/g, '')
    .replaceAll(/(<DateTime Value="[^"]*:\d\d)\.00/g, '$1');
}
